"""Audiences: questions about people, kept by name, and asked anew whenever somebody looks or a mailing starts.

Promises that a brand's own people ask about people in their sight alone, and by nothing that only another brand was told. Refuses an audience
that somebody else changed meanwhile.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from asyncpg import Record

from campaigns.tables import Audience
from campaigns.touchpoints import Fact
from crm import history
from crm.database import current
from crm.errors import Fault, Invalid, NotThere, Refused
from crm.roles import Actor, Condition, Scope, numbered, visible_to

Stage = Literal["lead", "offered", "accepted", "contacted", "test_drive", "deposit", "order", "delivered"]
Codes = list[Annotated[str, msgspec.Meta(max_length=80)]]


class AudienceIsNewer(Refused):
    sentence = "Somebody changed this audience meanwhile; look at it again."


class InUse(Refused):
    sentence = "A mailing that is not over uses this; end or discard it first."


class Filter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Who is meant; each part narrows, what one part lists widens it. Brands, models and owned brands by id, campaigns and events by id too.

    `stage_from` and `stage_to` are about how far somebody ever came; `quiet_days` means not written to for so many days.
    """

    brands: list[int] = []
    models: list[int] = []
    regions: list[Annotated[str, msgspec.Meta(max_length=6)]] = []
    stage_from: Stage | None = None
    stage_to: Stage | None = None
    campaigns: list[int] = []
    events: list[int] = []
    attended: bool | None = None
    owns: list[int] = []
    consented: Literal["email", "sms"] | None = None
    quiet_days: Annotated[int, msgspec.Meta(ge=1, le=3650)] | None = None

    @property
    def parts(self) -> list[str]:
        """The parts that narrow anything."""
        return list(msgspec.to_builtins(self))


class Known(msgspec.Struct, frozen=True):
    """An audience as a page shows it."""

    id: int
    brand: int | None
    name: str
    filter: Filter
    updated_at: datetime
    version: int
    staff_name: str


def of_sender(scope: Scope, column: str) -> Condition:
    """True for audiences and templates that may be seen: a brand's people see their brand's and the alliance's (null)."""
    if not scope.actor.may("invitations.see"):
        return Condition("false")
    if scope.brand is None:
        return Condition("true")
    return Condition(f"({column} = {{}} or {column} is null)", (scope.brand,))


def may_change(brand: int | None, scope: Scope) -> bool:
    """Whether what belongs to this brand, or to the alliance (none), may be changed."""
    if not scope.actor.may("invitations.work"):
        return False
    return scope.actor.brand is None or scope.actor.brand == brand


async def every(scope: Scope) -> list[Known]:
    """The audiences that may be seen, the newest first."""
    text, values = numbered(
        f"{_SELECT} where {{}} and audience.closed_at is null order by audience.updated_at desc",
        [of_sender(scope, "audience.brand")],
    )
    return [_known(row) for row in await current().fetch(text, *values)]


async def find(number: int, scope: Scope) -> Known:
    """One audience; NotThere for one beyond the scope."""
    text, values = numbered(
        f"{_SELECT} where audience.id = $1 and audience.closed_at is null and {{}}",
        [of_sender(scope, "audience.brand")],
        number,
    )
    row = await current().fetchrow(text, *values)
    if row is None:
        raise NotThere
    return _known(row)


async def create(name: str, filter_: Filter, *, brand: int | None, actor: Actor, at: datetime) -> int:
    """A new audience of this brand, or of the alliance."""
    await check(filter_, actor)
    kept = Audience(brand=brand, name=name, filter=_kept(filter_), created_by=actor.id, created_at=at, updated_at=at)
    await kept.save()
    await history.note(actor.actor, "audience_created", "audience", kept.id, at=at, parts=filter_.parts)
    return int(kept.id)


async def change(known: Known, name: str, filter_: Filter, *, version: int, actor: Actor, at: datetime) -> None:
    """Another name or filter; mailings under way keep the one they began with."""
    await check(filter_, actor)
    if not await current().fetchval(_CHANGE, known.id, name, _kept(filter_), version, at):
        raise AudienceIsNewer
    await history.note(actor.actor, "audience_changed", "audience", known.id, at=at, parts=filter_.parts)


async def close(known: Known, *, actor: Actor, at: datetime) -> None:
    """Take an audience off the lists; refuses one that a mailing still needs."""
    if await current().fetchval(_USED, known.id):
        raise InUse
    await current().execute("update audience set closed_at = $2 where id = $1", known.id, at)
    await history.note(actor.actor, "audience_closed", "audience", known.id, at=at)


async def reopen(number: int, *, scope: Scope, at: datetime) -> None:
    """Put a closed audience back, an open one stays; NotThere where it may not be changed."""
    brand = await current().fetchrow("select brand from audience where id = $1", number)
    if brand is None or not may_change(brand["brand"], scope):
        raise NotThere
    await current().execute("update audience set closed_at = null where id = $1", number)
    await history.note(scope.actor.actor, "audience_reopened", "audience", number, at=at)


async def check(filter_: Filter, actor: Actor) -> None:
    """Refuses what is not to be asked: stages turned round, and other brands or their campaigns by a brand's own people."""
    inside = visible_to(actor).of_campaigns("campaign")
    beyond = {path: await _beyond(path, getattr(filter_, path), inside) for path in _OF_CAMPAIGNS}
    faults = [*_faults(filter_, actor), *(_not_listed(path) for path, missing in beyond.items() if missing)]
    if faults:
        raise Invalid(errors=faults)


async def _beyond(path: str, ids: Sequence[int], inside: Condition) -> bool:
    """Whether one of these campaigns or events is not there for whoever asks."""
    if not ids:
        return False
    text, values = numbered(
        f"select count(*) from {_OF_CAMPAIGNS[path]} = any($1::int[]) and {{}}",  # noqa: S608
        [inside],
        list(ids),
    )
    return bool(await current().fetchval(text, *values) < len(set(ids)))


def _not_listed(path: str) -> Fault:
    return Fault(path=path, message="Please choose one of the list.")


def _faults(filter_: Filter, actor: Actor) -> Iterator[Fault]:
    if filter_.stage_from and filter_.stage_to and Fact[filter_.stage_from] > Fact[filter_.stage_to]:
        yield Fault(path="stage_to", message="The end must not come before the beginning.")
    for path, brands in (("brands", filter_.brands), ("owns", filter_.owns)):
        if actor.brand is not None and set(brands) - {actor.brand}:
            yield _not_listed(path)


def _known(row: Record) -> Known:
    return Known(**{**row, "filter": msgspec.json.decode(row["filter"], type=Filter)})


def _kept(filter_: Filter) -> str:
    return msgspec.json.encode(filter_).decode()


_SELECT = """
select audience.id, audience.brand, audience.name, audience.filter, audience.updated_at, audience.version, staff.name as staff_name
from audience join staff on staff.id = audience.created_by
"""
_OF_CAMPAIGNS = {
    "campaigns": "campaign where campaign.id",
    "events": "event join campaign on campaign.id = event.campaign where event.id",
}
_CHANGE = """
update audience set name = $2, filter = $3, version = version + 1, updated_at = $5
where id = $1 and version = $4 returning version
"""
_USED = """
select exists (select from mailing where audience = $1 and state in ('draft', 'planned', 'running', 'paused', 'held'))
"""
