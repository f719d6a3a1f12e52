"""Commands about the keys of machines: make one, say which there are, change its terms, end it."""

from datetime import UTC, datetime

import click

from crm import access, database, limits
from crm import keys as key_ring
from crm.access import Terms
from crm.keys import Key
from crm.network import LOCAL
from crm.terminal import answer, as_json, fail, say, with_database

ACTOR = "staff:cli"
USUAL = "usual"

_until = click.option(
    "--until",
    metavar="TIME",
    help="When it ends by itself: 2027-04-01 or 2027-04-01T18:00 (UTC+8, unless it says where).",
)
_networks = click.option(
    "--from", "networks", multiple=True, metavar="NETWORK", help="A network it may be used from; several may be given."
)


@click.group()
def keys() -> None:
    """Keys by which machines are let in."""


@keys.command(name="create")
@click.option("--source", help="The code of a system or desk that sends leads; made when it is new.")
@click.option("--dealer", help="The code of a dealer company that works its inbox.")
@click.option(
    "--scope", "scopes", multiple=True, help="What it opens, without: all that its kind may. Several may be given."
)
@_until
@_networks
@click.option("--limit", metavar="REQUESTS/SECONDS", help="How often it may ask, like 600/10.")
@as_json
@with_database
async def create_key(
    *,
    source: str | None,
    dealer: str | None,
    scopes: tuple[str, ...],
    until: str | None,
    networks: tuple[str, ...],
    limit: str | None,
    json_line: bool,
) -> None:
    """Make a key for a source or a dealer. It is shown once, now. To change keys: make the second, move over, revoke the first."""
    if (source is None) == (dealer is None):
        raise fail("Say either --source CODE or --dealer CODE.")
    kind: access.PrincipalKind = "source" if source else "dealer"
    if unknown := set(scopes) - access.SCOPES[kind]:
        raise fail(f"No {kind} has {', '.join(sorted(unknown))}; known are {', '.join(sorted(access.SCOPES[kind]))}.")
    terms = Terms(_moment(until) if until else None, networks, limits.read(limit) if limit else None)
    async with database.transaction():
        key = await key_ring.make(
            kind, source or dealer or "", actor=ACTOR, at=datetime.now(UTC), scopes=scopes or None, terms=terms
        )
    if not json_line:
        say("Keep it safe: it is not stored and cannot be shown again.")
    answer({"key": key}, json_line=json_line, text=key)


@keys.command(name="list")
@click.option("--source", help="Those of one source alone.")
@click.option("--dealer", help="Those of one dealer alone.")
@click.option("--all", "everything", is_flag=True, help="Revoked ones too.")
@as_json
@with_database
async def list_keys(*, source: str | None, dealer: str | None, everything: bool, json_line: bool) -> None:
    """List keys by their beginning, newest first: what they open, on what terms, and when they were last used."""
    if source is not None and dealer is not None:
        raise fail("Say either --source CODE or --dealer CODE.")
    kind: access.PrincipalKind | None = "source" if source else "dealer" if dealer else None
    found: list[Key] = []
    async with database.transaction():
        while more := await key_ring.newest(
            code=source or dealer,
            kind=kind,
            state="all" if everything else "live",
            before=found[-1].id if found else None,
        ):
            found += more[: key_ring.PAGE]
    at = datetime.now(UTC)
    answer([_told(key) for key in found], json_line=json_line, text="\n".join(_line(key, at=at) for key in found))


@keys.command(name="change")
@click.argument("number", type=int)
@_until
@click.option("--no-end", is_flag=True, help="It does not end by itself any more.")
@_networks
@click.option("--from-anywhere", is_flag=True, help="It may be used from any network again.")
@click.option(
    "--limit", metavar="REQUESTS/SECONDS", help=f"How often it may ask, like 600/10; `{USUAL}` as its kind does."
)
@as_json
@with_database
async def change_key(
    number: int,
    *,
    until: str | None,
    no_end: bool,
    networks: tuple[str, ...],
    from_anywhere: bool,
    limit: str | None,
    json_line: bool,
) -> None:
    """Change on what terms the key with this NUMBER (see `keys list`) may be used; what is not said stays."""
    if (until and no_end) or (networks and from_anywhere):
        raise fail("These options contradict each other.")
    async with database.transaction():
        now = await key_ring.show(number)
        terms = Terms(
            _moment(until) if until else None if no_end else now.expires_at,
            networks or (() if from_anywhere else now.allowed_from),
            now.own_limit if limit is None else None if limit == USUAL else limits.read(limit),
        )
        changed = await key_ring.change(number, terms, actor=ACTOR, at=datetime.now(UTC))
    answer(_told(changed), json_line=json_line, text=_line(changed, at=datetime.now(UTC)))


@keys.command(name="revoke")
@click.argument("number", type=int)
@as_json
@with_database
async def revoke_key(number: int, *, json_line: bool) -> None:
    """Let the key with this NUMBER (see `keys list`) open nothing any more, from now on and for good."""
    async with database.transaction():
        revoked = await key_ring.revoke(number, actor=ACTOR, at=datetime.now(UTC))
    answer({"id": number}, json_line=json_line, text=f"{revoked.prefix}… of {revoked.code} opens nothing any more")


def _moment(typed: str) -> datetime:
    try:
        said = datetime.fromisoformat(typed)
        return (said if said.tzinfo else said.replace(tzinfo=LOCAL)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise fail("Write a time like 2027-04-01T18:00.") from None


def _told(key: Key) -> dict[str, object]:
    facts = {name: getattr(key, name) for name in key.__struct_fields__ if name != "own_limit"}
    return facts | {"scopes": key.scopes.split(), "limit": str(key.limit)}


def _line(key: Key, *, at: datetime) -> str:
    ended = "revoked" if key.revoked_at else "ended" if key.has_ended(at) else ""
    until = f"until {key.expires_at.astimezone(LOCAL):%Y-%m-%d %H:%M}" if key.expires_at else ""
    used = f"used {key.last_used_at.astimezone(LOCAL):%Y-%m-%d %H:%M}" if key.last_used_at else "never used"
    networks = f"from {' '.join(key.allowed_from)}" if key.allowed_from else ""
    told = (
        f"{key.id:5} {key.kind:6} {key.code:16} {key.prefix}…",
        key.scopes,
        str(key.limit),
        networks,
        until,
        used,
        ended,
    )
    return "  ".join(part for part in told if part)
