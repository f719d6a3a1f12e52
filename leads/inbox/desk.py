"""A dealer's own desk, for those without a system: which offers wait, whom to follow up today, what is accepted, what is over.

Promises the same offers, shown by the same rules, as the inbox API gives to the dealer's key; of one store or of all. Refuses a store that
never was the dealer's like one that does not exist.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec
from asyncpg import Record

from crm import vault
from crm.access import Principal
from crm.database import current, statement
from crm.errors import NotThere
from crm.network import LOCAL, local_day
from crm.roles import EVERYTHING, Condition, numbered
from leads.inbox import view
from leads.inbox.view import OfferShown

Part: TypeAlias = Literal["open", "today", "all", "done"]
PARTS: tuple[Part, ...] = ("open", "today", "all", "done")
PAGE = 20
WEEK = timedelta(days=7)


class Line(msgspec.Struct, frozen=True):
    """An offer with what a desk needs beside it: the stage, the last thing said, when to call next, when somebody reminded of it."""

    offer: OfferShown
    store_name: str
    stage: str
    said: str | None
    due_at: datetime | None
    accepted_at: datetime | None
    ended_at: datetime | None
    reminded_at: datetime | None

    def __repr__(self) -> str:
        return "Line(...)"

    def is_late(self, at: datetime) -> bool:
        """Whether the answer, or the call after it, is overdue."""
        due = self.offer.answer_due_at if self.offer.state == "offered" else self.due_at
        return due is not None and due <= at


class Told(msgspec.Struct, frozen=True):
    """What was said of an offer; the note in clear, for whoever wrote it."""

    kind: str
    at: datetime
    reason: str | None
    value_fen: int | None
    salesperson: str | None
    next_follow_up_at: datetime | None
    note: str | None

    def __repr__(self) -> str:
        return "Told(...)"


class Desk(msgspec.Struct, frozen=True):
    """One look at the desk; `more` when the part has another page."""

    counts: dict[Part, int]
    lines: tuple[Line, ...]
    more: bool
    offered: int
    capacity: int
    minutes: float | None


class OwnStore(msgspec.Struct, frozen=True):
    """A store that the dealer runs today."""

    code: str
    name_zh: str


async def stores(dealer: Principal, *, at: datetime) -> list[OwnStore]:
    """The dealer's stores of today."""
    rows = await current().fetch(statement("leads", "stores_of_dealer"), dealer.id, local_day(at))
    return [OwnStore(row["code"], row["name_zh"]) for row in rows]


async def look(
    dealer: Principal, *, part: Part, at: datetime, store: str | None = None, page: int = 1, limit: int = PAGE
) -> Desk:
    """A part of the desk, in the order in which to work on it."""
    of_store = await _store_id(store, dealer=dealer)
    offered, capacity, minutes = await _figures(dealer, of_store, at=at)
    rows = await _page(part, dealer, of_store, at=at, limit=limit + 1, offset=(page - 1) * limit)
    return Desk(
        counts=await _counts(dealer, of_store, at=at),
        lines=await _lines(rows[:limit], dealer=dealer),
        more=len(rows) > limit,
        offered=offered,
        capacity=capacity,
        minutes=minutes,
    )


async def calls(dealer: Principal, *, at: datetime, limit: int, store: str | None = None) -> tuple[Line, ...]:
    """Whom to call today, the first to be called first; no more than a page beneath another part has room for."""
    rows = await _page("today", dealer, await _store_id(store, dealer=dealer), at=at, limit=limit, offset=0)
    return await _lines(rows, dealer=dealer)


async def one(offer: UUID, *, dealer: Principal) -> tuple[Line, list[Told]]:
    """An offer with all that was said of it, the latest first; refuses another dealer's."""
    which = [Condition("offer.id = {}", (offer,)), EVERYTHING]
    text, values = numbered(_LINES % {"order": "offer.id"}, which, dealer.id, 1, 0)
    rows = await current().fetch(text, *values)
    if not rows:
        raise NotThere
    [line] = await _lines(rows, dealer=dealer)
    told = await current().fetch(_TOLD, offer)
    return line, [_told(row) for row in told]


async def _store_id(store: str | None, *, dealer: Principal) -> int | None:
    if store is None:
        return None
    # A store that the dealer gave up stays readable, as in the inbox: the offers of its time are still this dealer's.
    found: int | None = await current().fetchval(_RAN, dealer.id, store) if store.isprintable() else None
    if found is None:
        raise NotThere
    return found


def _part(part: Part, at: datetime) -> Condition:
    tonight = at.astimezone(LOCAL).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return {
        "open": Condition("offer.state = 'offered' and offer.expires_at > {}", (at,)),
        "today": Condition(f"{_IN_HAND} and offer.call_due_at < {{}}", (tonight,)),
        "all": Condition(_IN_HAND),
        "done": Condition(_OVER),
    }[part]


def _within(column: str, store: int | None) -> Condition:
    return EVERYTHING if store is None else Condition(f"{column} = {{}}", (store,))


async def _counts(dealer: Principal, store: int | None, *, at: datetime) -> dict[Part, int]:
    parts: tuple[Part, ...] = ("open", "today", "all")
    conditions = [one for part in parts for one in (_part(part, at), _within("offer.store", store))]
    text, values = numbered(_COUNTS, conditions, dealer.id)
    row = await current().fetchrow(text, *values)
    return dict(zip(parts, row, strict=True)) if row else {}


async def _figures(dealer: Principal, store: int | None, *, at: datetime) -> tuple[int, int, float | None]:
    """What of the day's capacity is used, and the median minutes to an answer."""
    text, values = numbered(_DAY, [_within("store.id", store)], dealer.id, local_day(at))
    used = await current().fetchrow(text, *values)
    text, values = numbered(_ANSWERS, [_within("offer.store", store)], dealer.id, at - WEEK)
    minutes: float | None = await current().fetchval(text, *values)
    return (used["offered"], used["capacity"], minutes) if used else (0, 0, minutes)


async def _page(
    part: Part, dealer: Principal, store: int | None, *, at: datetime, limit: int, offset: int
) -> Sequence[Record]:
    which = [_part(part, at), _within("offer.store", store)]
    text, values = numbered(_LINES % {"order": _ORDERS[part]}, which, dealer.id, limit, offset)
    rows: Sequence[Record] = await current().fetch(text, *values)
    return rows


async def _lines(rows: Sequence[Record], *, dealer: Principal) -> tuple[Line, ...]:
    shown = await view.shown([row["id"] for row in rows], dealer=dealer)
    return tuple(Line(shown[row["id"]], **{name: row[name] for name in _BESIDE}) for row in rows)


def _told(row: Record) -> Told:
    note = vault.open_(row["note"], place=f"disposition|note|{row['id']}") if row["note"] else None
    return Told(**{name: row[name] for name in _SAID}, note=note)


_BESIDE = ("store_name", "stage", "said", "due_at", "accepted_at", "ended_at", "reminded_at")
_SAID = ("kind", "at", "reason", "value_fen", "salesperson", "next_follow_up_at")
# Word for word as in the indexes of the desk, or the planner would not know them again.
_ENDED = "('lost', 'invalid', 'delivered')"
_IN_HAND = f"offer.state = 'accepted' and (offer.said is null or offer.said not in {_ENDED})"
_OVER = f"(offer.state in ('refused', 'expired', 'withdrawn') or (offer.state = 'accepted' and offer.said in {_ENDED}))"
_CALLS = "offer.call_due_at, offer.accepted_at desc, offer.id"
_ORDERS: dict[Part, str] = {
    "open": "offer.answer_due_at, offer.id",
    "today": _CALLS,
    "all": _CALLS,
    "done": "coalesce(offer.ended_at, offer.accepted_at) desc, offer.id desc",
}
_RAN = """
select store.id from store_operator join store on store.id = store_operator.store
where store_operator.dealer = $1 and store.code = $2 limit 1
"""
# Grain: one row per offer of a dealer. $1 dealer, $2 limit, $3 offset. Conditions: which part, which store.
# The pages before are passed over by their ids, before anything else is read.
_LINES = """
select offer.id, store.name_zh as store_name, coalesce(interest.stage, 'recorded') as stage,
       case when offer.state = 'accepted' then offer.said end as said, case when offer.state = 'accepted' then offer.call_due_at end as due_at,
       offer.accepted_at, offer.ended_at,
       (select max(told.at) from offer_event as told where told.offer = offer.id and told.type = 'reminder') as reminded_at
from (
    select offer.id from offer where offer.dealer = $1 and {} and {} order by %(order)s limit $2 offset $3
) as listed
join offer on offer.id = listed.id
join store on store.id = offer.store
left join interest on interest.id = offer.interest
order by %(order)s
"""
# Grain: one row. $1 dealer. Conditions: of each part, which offers, of which store.
_COUNTS = """
select (select count(*) from offer where offer.dealer = $1 and {} and {}),
       (select count(*) from offer where offer.dealer = $1 and {} and {}),
       (select count(*) from offer where offer.dealer = $1 and {} and {})
"""
# Grain: one row. $1 dealer, $2 the local day. Condition: which store.
_DAY = """
select coalesce(sum(day.offered), 0)::int as offered, coalesce(sum(store.daily_capacity), 0)::int as capacity
from store_operator
join store on store.id = store_operator.store
left join store_day as day on day.store = store.id and day.on_date = $2
where store_operator.dealer = $1 and daterange(store_operator.valid_from_on, store_operator.valid_until_on) @> $2::date and {}
"""
# Minutes from offer to answer, the middle of a week. Grain: one row. $1 dealer, $2 since. Condition: which store.
_ANSWERS = """
select (percentile_cont(0.5) within group (order by extract(epoch from coalesce(offer.accepted_at, offer.ended_at) - offer.offered_at) / 60))::float8
from offer
where offer.dealer = $1 and offer.offered_at >= $2 and (offer.accepted_at is not null or offer.state = 'refused') and {}
"""
_TOLD = """
select id, kind, at, reason, value_fen, salesperson, next_follow_up_at, note from disposition
where offer = $1 order by at desc, recorded_at desc, id desc
"""
