"""One lead as staff see it: who asks, what for, where each wish stands, which stores have it, and what is to be done next.

Promises that everything here passed the reader's scope in its own statement, and that names, remarks and addresses are open only to whom the
person's consent or the reader's role allows. Phones and e-mails are always masked. Refuses a lead out of scope as one that does not exist.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from asyncpg import Record

from crm import consent, masks, regions, sight, vault
from crm.consent import Standing
from crm.database import current, statement
from crm.errors import NotThere
from crm.identity import observations
from crm.roles import Scope, numbered
from leads import kinds
from leads.dossier import interests
from leads.dossier.interests import InterestSeen, OfferSeen

__all__ = ["Dossier", "InterestSeen", "OfferSeen", "Shared", "Sibling", "number", "place_name", "read"]


class Sibling(msgspec.Struct, frozen=True):
    """Another enquiry of the same person."""

    id: UUID
    captured_at: datetime
    stage: str
    brands: list[int]


class Shared(msgspec.Struct, frozen=True):
    """One hand-over, from the sharing ledger."""

    at: datetime
    store: str
    store_name: str
    fields: str
    basis: str


class Dossier(msgspec.Struct, frozen=True, kw_only=True):
    """A lead and what belongs to it. Personal, so never to be logged."""

    id: UUID
    number: str
    version: int
    person: UUID
    observation: UUID
    name: str | None
    is_in_clear: bool
    phone: str | None
    email: str | None
    has_wechat: bool
    region: str | None
    place: str | None
    address: str | None
    remark: str | None
    contact_note: str | None
    contact_channel: str | None
    contact_not_before: datetime | None
    trade_in: dict[str, Any] | None
    source: str
    source_kind: str
    is_test: bool
    external_id: str
    campaign: str | None
    campaign_name: str | None
    event: str | None
    booth: str | None
    entered_by: str | None
    captured_at: datetime
    received_at: datetime
    changed_at: datetime | None
    decision: str | None
    margin: float | None
    seen: int
    interests: tuple[InterestSeen, ...]
    standings: tuple[Standing, ...]
    siblings: tuple[Sibling, ...]
    elsewhere: int
    shared: tuple[Shared, ...]
    open_review: bool

    def __repr__(self) -> str:
        return f"Dossier({self.id})"

    @property
    def standing(self) -> tuple[str, str | None]:
        """Stage and hold of the lead as a whole."""
        return kinds.of_lead([(one.stage, one.hold) for one in self.interests])

    @property
    def most_urgent(self) -> InterestSeen | None:
        """The interest that somebody should look at first: a late one, then one that waits for people."""
        return min(self.interests, key=_urgency, default=None)

    def late(self, at: datetime) -> list[tuple[InterestSeen, OfferSeen]]:
        """The interests whose store has not answered in time."""
        return [(one, offer) for one in self.interests if (offer := one.open_offer) and offer.is_late(at)]


async def read(lead: UUID, *, scope: Scope) -> Dossier:
    """Everything that this reader may know of a lead."""
    query, values = numbered(statement("leads", "dossier_head"), [scope.of_leads()], lead)
    head = await current().fetchrow(query, *values)
    if head is None:
        raise NotThere
    said = observations.opened(head["particulars"], observation=head["observation"])
    clear = head["entered_by"] == scope.actor.id or bool(await sight.names_in_clear([head["person"]], scope))
    wishes = _opened(head["wishes"], f"lead|wishes|{lead}") if clear else {}
    siblings, elsewhere = await _siblings(lead, head["person"], scope=scope)
    wanted = await interests.of_lead(
        lead, captured_at=head["captured_at"], received_at=head["received_at"], scope=scope
    )
    return Dossier(
        **{name: head[name] for name in _PLAIN},
        number=number(lead),
        entered_by=head["entered_by_name"],
        name=said.name if clear else masks.name(said.name),
        is_in_clear=clear,
        phone=masks.phone(said),
        email=masks.email(said.email),
        has_wechat=said.unionid is not None,
        place=place_name(head["region"]),
        address=wishes.get("address"),
        remark=wishes.get("remark"),
        contact_note=wishes.get("note"),
        trade_in=_car(head) if clear else None,
        seen=await _times_seen(head["person"], scope=scope),
        interests=wanted,
        standings=await _standings(head["person"], scope=scope),
        siblings=siblings,
        elsewhere=elsewhere,
        shared=await _shared([offer.id for one in wanted for offer in one.offers]),
    )


def number(lead: UUID) -> str:
    """How people name a lead to each other: the end of its id, which differs where the beginning tells the time."""
    return f"L-{lead.hex[-6:].upper()}"


def place_name(region: str | None) -> str | None:
    """City and district of a code."""
    return " ".join(regions.called(region)) or None if region else None


async def _siblings(lead: UUID, person: UUID, *, scope: Scope) -> tuple[tuple[Sibling, ...], int]:
    """The person's other enquiries that may be seen, and how many there are beside them."""
    if not scope.actor.may("people.see"):
        return (), 0
    conditions = [scope.of_interests(), scope.of_interests("seen"), scope.of_leads()]
    query, values = numbered(statement("leads", "dossier_siblings"), conditions, person, lead)
    seen = tuple(Sibling(*row.values()) for row in await current().fetch(query, *values))
    total = await current().fetchval(_ALL_LEADS, person)
    return seen, total - 1 - len(seen)


async def _standings(person: UUID, *, scope: Scope) -> tuple[Standing, ...]:
    standings = (await consent.standing([person])).get(person, [])
    return tuple(one for one in standings if scope.brand in (None, one.brand))


async def _times_seen(person: UUID, *, scope: Scope) -> int:
    query, values = numbered(_TIMES_SEEN, [scope.of_observations()], person)
    seen: int = await current().fetchval(query, *values)
    return seen


async def _shared(offers: Sequence[UUID]) -> tuple[Shared, ...]:
    return tuple(
        Shared(*row.values()) for row in await current().fetch(statement("leads", "dossier_shared"), list(offers))
    )


def _urgency(one: InterestSeen) -> tuple[bool, bool, int]:
    offer = one.open_offer
    waits_for_people = one.hold is not None or one.stage == "alliance_queue"
    return not (offer and offer.state == "offered"), not waits_for_people, kinds.RANKS[one.stage]


def _car(head: Record) -> dict[str, Any] | None:
    car = _opened(head["trade_in_sealed"], f"trade_in|sealed|{head['trade_in']}")
    return {name: car[name] for name in ("make", "model", "year") if car.get(name)} or None


def _opened(sealed: bytes | None, place: str) -> dict[str, Any]:
    opened: dict[str, Any] = msgspec.json.decode(vault.open_(sealed, place=place)) if sealed else {}
    return opened


_PLAIN = (
    "id", "version", "person", "observation", "region", "contact_channel", "contact_not_before", "source", "source_kind", "is_test",
    "external_id", "campaign", "campaign_name", "event", "booth", "captured_at", "received_at", "changed_at", "decision", "margin",
    "open_review",
)  # fmt: skip

_ALL_LEADS = """
with family as (select $1::uuid as id union all select person.id from person where person.merged_into = $1)
select count(*) from lead where person in (select id from family)
"""


_TIMES_SEEN = """
select count(*) from link join observation on observation.id = link.observation
where link.person = $1 and link.closed_at is null and {}
"""
