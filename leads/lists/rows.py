"""The leads of a page as rows: who, what they want of which brand, how far it has come, which store, what the clock says.

Promises one statement for all rows, that only what the scope shows is read, and that phones and e-mails are masked here already: a template
cannot forget it. A name is in clear or masked as `crm.sight` says.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from asyncpg import Record

from crm import masks, sight
from crm.database import current, statement
from crm.identity import observations
from crm.roles import numbered
from leads import kinds
from leads.lists import clocks
from leads.lists.clocks import Clock
from leads.lists.filters import Filters
from leads.lists.statements import all_of

SHOWN_INTERESTS = 2


class Offered(msgspec.Struct, frozen=True):
    """The offer that an interest stands on now, or the last one that it had."""

    state: str
    store: str
    offered_at: datetime
    answer_due_at: datetime
    accepted_at: datetime | None
    ended_at: datetime | None


class Wished(msgspec.Struct, frozen=True):
    """One interest that the reader may see."""

    brand: int | None
    model: str | None
    kind: str
    stage: str
    hold: str | None
    queued_at: datetime | None
    reason: str | None
    recheck_at: datetime | None
    follow_up_at: datetime | None
    offer: Offered | None


class Row(msgspec.Struct, frozen=True):
    """One lead; `name` is None when none was told, `reason` is why it was lost, `store` that of the interest the row speaks of."""

    id: UUID
    person: UUID
    name: str | None
    phone: str | None
    email: str | None
    interests: tuple[Wished, ...]
    kinds: tuple[str, ...]
    stage: str
    hold: str | None
    reason: str | None
    store: str | None
    clock: Clock | None
    region: str | None
    campaign: str | None
    source: str
    number: str
    captured_at: datetime
    received_at: datetime

    @property
    def shown(self) -> tuple[Wished, ...]:
        """The interests that a cell has room for."""
        return self.interests[:SHOWN_INTERESTS]

    @property
    def more(self) -> int:
        """How many more there are."""
        return len(self.interests) - len(self.shown)


async def rows(leads: Sequence[UUID], *, filters: Filters, at: datetime) -> list[Row]:
    """These leads in this order, as far as the scope shows them."""
    scope = filters.scope
    seen, mine = scope.of_leads("lead"), all_of([scope.of_interests("interest")])
    text, values = numbered(statement("leads", "list_rows"), [mine, seen], list(leads))
    found = await current().fetch(text, *values)
    clear = await sight.names_in_clear({row["person"] for row in found}, scope)
    return [_row(row, is_clear=row["person"] in clear, filters=filters, at=at) for row in found]


def speaker(interests: Sequence[Wished], *, stages: Collection[str] = (), holds: Collection[str] = ()) -> Wished | None:
    """The interest that a row speaks of: the least advanced, of those that the list was filtered for where there are any."""
    fitting = [one for one in interests if (not stages or one.stage in stages) and (not holds or one.hold in holds)]
    return min(fitting or interests, key=lambda one: (kinds.RANKS[one.stage], one.hold is None), default=None)


def _row(row: Record, *, is_clear: bool, filters: Filters, at: datetime) -> Row:
    said = observations.opened(row["particulars"], observation=row["observation"])
    interests = msgspec.json.decode(row["interests"] or "[]", type=tuple[Wished, ...])
    spoken_of = speaker(interests, stages=filters.stages, holds=filters.holds)
    stage, hold = (spoken_of.stage, spoken_of.hold) if spoken_of else kinds.of_lead([])
    offer = spoken_of.offer if spoken_of else None
    return Row(
        id=row["id"],
        person=row["person"],
        name=said.name if is_clear else masks.name(said.name),
        phone=masks.phone(said),
        email=masks.email(said.email),
        interests=interests,
        kinds=tuple(dict.fromkeys(one.kind for one in interests)),
        stage=stage,
        hold=hold,
        reason=spoken_of.reason if spoken_of and stage == "lost" else None,
        store=offer.store if offer and offer.state in ("offered", "accepted") else None,
        clock=clocks.of(_moments(spoken_of), stage=stage, hold=hold, captured_at=row["captured_at"], at=at),
        **{name: row[name] for name in _AS_THEY_ARE},
    )


def _moments(wished: Wished | None) -> Mapping[str, Any]:
    if wished is None:
        return {}
    offer = msgspec.structs.asdict(wished.offer) if wished.offer else {}
    return {
        **offer,
        "queued_at": wished.queued_at,
        "recheck_at": wished.recheck_at,
        "follow_up_at": wished.follow_up_at,
    }


_AS_THEY_ARE = ("region", "campaign", "source", "number", "captured_at", "received_at")
