"""What somebody wants done to many leads: the kind of change and all that it needs, checked before anything is counted.

Promises that words which people typed are sealed as soon as they are kept. Refuses a store, a campaign or a colleague out of reach like one that
does not exist.
"""

import base64
from collections.abc import Iterator
from datetime import datetime
from typing import Literal, TypeAlias, get_args
from uuid import UUID

import msgspec

from crm import notes, tasks, vault
from crm.database import current
from crm.errors import Fault, Invalid
from crm.network import StoreFacts, local_day, network
from crm.roles import Permission, Scope, numbered
from leads.lists.narrowing import known_campaign
from leads.steering import REASONS
from leads.steering.choosing import within

Kind: TypeAlias = Literal["offer", "withdraw", "hold", "release", "campaign", "task", "note"]
KINDS: tuple[Kind, ...] = get_args(Kind)
# A dealer who was told that an offer is over has deleted what it knew: that cannot be taken back.
UNDOABLE: tuple[Kind, ...] = ("offer", "hold", "release", "campaign", "task", "note")
MOST_CAMPAIGNS = 200
REASONS_TO_WITHDRAW = ("person_asked", "no_answer", "other")
_WHY: dict[Kind, tuple[str, ...]] = {"offer": REASONS, "withdraw": REASONS_TO_WITHDRAW}


class Wanted(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One change; which of the rest must be there depends on its kind. `store` and `campaign` are codes. Personal, so never to be logged."""

    kind: Kind
    store: str | None = None
    reason: str | None = None
    words: str | None = None
    campaign: str | None = None
    text: str | None = None
    assignee: int | None = None
    due_at: datetime | None = None

    def __repr__(self) -> str:
        return f"Wanted({self.kind})"


class Known(msgspec.Struct, frozen=True):
    """What the codes of a change mean: the store as routing knows it, the campaign's id."""

    store: StoreFacts | None = None
    campaign: int | None = None


def permission(kind: Kind) -> Permission:
    """What somebody's role needs for it."""
    return "leads.offer" if kind in ("offer", "withdraw") else "leads.work"


async def check(wanted: Wanted, *, scope: Scope, at: datetime) -> Known:
    """What its codes mean; refuses with every fault at once."""
    known = await find(wanted, scope=scope, at=at)
    faults = [*_faults(wanted, known)]
    if wanted.kind == "task" and wanted.assignee is not None:
        allowed = {one.id for one in await tasks.colleagues(scope.actor)}
        if wanted.assignee not in allowed:
            faults.append(Fault(path="assignee", message="Choose somebody who works on leads with you."))
    if faults:
        raise Invalid(errors=faults)
    return known


async def find(wanted: Wanted, *, scope: Scope, at: datetime) -> Known:
    """What its codes mean within the scope; nothing where they mean nothing."""
    return Known(
        store=await _store(wanted.store, scope=scope, at=at) if wanted.kind == "offer" else None,
        campaign=await _campaign(wanted.campaign, scope=scope) if wanted.kind == "campaign" else None,
    )


async def stores(scope: Scope, *, at: datetime) -> list[tuple[str, str]]:
    """Codes and names of the stores that may be chosen."""
    seen, known = await within(scope), (await network(local_day(at))).stores.values()
    return sorted((one.code, one.name_zh) for one in known if seen is None or one.id in seen)


async def campaigns(scope: Scope) -> list[tuple[str, str]]:
    """Codes and names of the campaigns that may be given, the newest first."""
    query, values = numbered(_CAMPAIGNS, [known_campaign(scope)], MOST_CAMPAIGNS)
    return [(row["code"], row["name"]) for row in await current().fetch(query, *values)]


def kept(wanted: Wanted, *, job: UUID, looking_at: int | None) -> str:
    """The change as a job's row keeps it, typed words sealed."""
    words = msgspec.json.encode([wanted.words, wanted.text]).decode()
    plain = msgspec.structs.replace(wanted, words=None, text=None)
    sealed = base64.b64encode(vault.seal(words, place=_place(job))).decode()
    return msgspec.json.encode(_Kept(plain, sealed, looking_at)).decode()


def opened(params: str, *, job: UUID) -> tuple[Wanted, int | None]:
    """The change that a job's row keeps, and the one brand that its pages were narrowed to."""
    stored = msgspec.json.decode(params, type=_Kept)
    words, text = msgspec.json.decode(vault.open_(base64.b64decode(stored.words), place=_place(job)))
    return msgspec.structs.replace(stored.wanted, words=words, text=text), stored.looking_at


def shown(params: str) -> Wanted:
    """The same without what was typed."""
    return msgspec.json.decode(params, type=_Kept).wanted


class _Kept(msgspec.Struct, frozen=True):
    wanted: Wanted
    words: str
    looking_at: int | None = None


def _faults(wanted: Wanted, known: Known) -> Iterator[Fault]:
    if wanted.kind == "offer" and known.store is None:
        yield Fault(path="store", message="No store that you see has this code.")
    if wanted.kind == "campaign" and known.campaign is None:
        yield Fault(path="campaign", message="Please choose one of the list.")
    if wanted.reason not in _WHY.get(wanted.kind, (None,)):
        yield Fault(path="reason", message="Choose one of the reasons.")
    if wanted.reason == "other" and not wanted.words:
        yield Fault(path="words", message="Say the reason in words.")
    longest = {"note": notes.LONGEST, "task": tasks.LONGEST}.get(wanted.kind)
    if longest and not 0 < len(wanted.text or "") <= longest:
        yield Fault(path="text", message=f"Write 1 to {longest} characters.")
    if wanted.words and len(wanted.words) > notes.LONGEST:
        yield Fault(path="words", message=f"Write at most {notes.LONGEST} characters.")


async def _store(code: str | None, *, scope: Scope, at: datetime) -> StoreFacts | None:
    seen, stores = await within(scope), (await network(local_day(at))).stores.values()
    wanted = (code or "").strip().upper()
    return next((one for one in stores if one.code.upper() == wanted and (seen is None or one.id in seen)), None)


async def _campaign(code: str | None, *, scope: Scope) -> int | None:
    query, values = numbered("select id from campaign where code = $1 and {}", [known_campaign(scope)], code)
    found: int | None = await current().fetchval(query, *values) if code else None
    return found


def _place(job: UUID) -> str:
    return f"bulk|words|{job}"


_CAMPAIGNS = "select code, name from campaign where {} order by created_at desc, id desc limit $1"
