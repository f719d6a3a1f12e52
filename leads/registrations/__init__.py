"""What guests of events become: each registration that its campaign's rule asks for is a lead, through the same capture as every other.

Promises one lead per registration however often it is looked at, of the very person and observation that registered; and that a person who
registers again at the same campaign is no second lead for the same brand, unless the rule says so. A guest who named no car is none.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from campaigns import lead_rules
from campaigns.lead_rules import LeadRule
from campaigns.registering import reading as wording
from crm import people, reference, work
from crm.database import current, insert, statement
from crm.ids import uuid7
from crm.reference import Reference
from crm.wire import PersonSaid
from crm.work import Job, Row
from leads import capture
from leads.capture import Incoming, Met
from leads.registrations import fan_out
from leads.submission import InterestKind, InterestSaid, LeadBody, Origin
from leads.tables import FanOut, FanOutWish

# What a guest wants is to be told of the car. A drive at the event is no request to a store: that asks for their consent.
KIND: InterestKind = "buy"


class Wish(msgspec.Struct, frozen=True):
    """A brand that a guest asked for, perhaps one model of it; codes."""

    brand: str
    model: str | None


class Guest(msgspec.Struct, frozen=True, kw_only=True):
    """A registration with all that a rule asks about; `person` is the survivor of today."""

    id: UUID
    observation: UUID
    person: UUID
    source: int
    campaign: int
    campaign_code: str
    event_code: str
    sealed: bytes
    state: str
    registered_at: datetime
    confirmed_at: datetime | None
    attended_at: datetime | None
    done_at: datetime | None
    lead: UUID | None
    rule: LeadRule
    wished: tuple[Wish, ...]
    driven: tuple[Wish, ...]

    @property
    def ripe_at(self) -> datetime | None:
        """Since when the rule holds for this guest; None while it does not."""
        if self.state == "cancelled":
            return None
        return {
            "registered": self.registered_at,
            "confirmed": self.confirmed_at,
            "attended": self.attended_at,
            "slot_done": self.done_at,
        }[self.rule.when]


async def become_leads(at: datetime) -> int:
    """Look at the registrations that are due by their campaigns' rules; says how many."""

    async def claim(limit: int) -> Sequence[Row]:
        due = await current().fetch(statement("leads", "due_registrations"), at, limit)
        # The persons first, all at once and in one order, as whoever registers has it: another worker may have the same person's other form
        # in hand, and whoever merges one of them waits, so that the lead is of the survivor.
        await people.hold_still({row["person"] for row in due})
        ids = [row["id"] for row in due]
        rows: Sequence[Row] = await current().fetch(statement("leads", "claim_registrations"), ids, at)
        return rows

    async def handle(rows: Sequence[Row]) -> None:
        for guest in await _guests([row["id"] for row in rows]):
            await _follow_rule(guest, at=at)

    async def postpone(row: Row, wait: timedelta | None) -> None:
        await current().execute(
            "update registration set attempts = attempts + 1, leads_due_at = $2 where id = $1",
            row["id"],
            at + wait if wait else None,
        )

    return await work.drain(claim, handle, postpone)


JOBS: tuple[Job, ...] = (Job("become_leads", become_leads), fan_out.JOB)


async def _guests(ids: Sequence[UUID]) -> list[Guest]:
    rows = await current().fetch(statement("leads", "guests_for_leads"), ids) if ids else []
    return [_guest(dict(row)) for row in rows]


def _guest(row: dict[str, object]) -> Guest:
    return Guest(
        **row  # type: ignore[arg-type]  # the statement's columns are the guest's
        | {
            "rule": lead_rules.read(row.pop("lead_rule")),  # type: ignore[arg-type]
            "wished": msgspec.json.decode(str(row["wished"]), type=tuple[Wish, ...]),
            "driven": msgspec.json.decode(str(row["driven"]), type=tuple[Wish, ...]),
        }
    )


async def _follow_rule(guest: Guest, *, at: datetime) -> None:
    words = await reference.load()
    wishes = await _due_wishes(guest, words) if guest.ripe_at else []
    lead = guest.lead
    if wishes and lead is None:
        lead = await _make_lead(guest, wishes, at=at)
        await insert([_fan_out(guest, lead)])
        await _keep(lead, wishes, words, at=at)
        await fan_out.tie(lead)
    elif wishes and lead is not None:
        await _keep(lead, wishes, words, at=at)
        await current().execute("update fan_out set due_at = $2 where lead = $1 and closed_at is null", lead, at)
    await current().execute(
        "update registration set leads_due_at = null, attempts = 0, lead = $2 where id = $1", guest.id, lead
    )


async def _due_wishes(guest: Guest, words: Reference) -> list[Wish]:
    """What the guest is to become a lead for now: one wish per brand, without the brands that have them already."""
    named = guest.driven if guest.rule.when == "slot_done" else guest.wished
    allowed = set(guest.rule.brands) or words.brands.keys()
    one_each = {wish.brand: wish for wish in reversed(named) if wish.brand in allowed}
    if guest.rule.once == "person":
        rows = await current().fetch(statement("leads", "brands_fanned_out"), guest.campaign, guest.person)
    else:
        rows = await current().fetch("select brand from fan_out_wish where lead = $1", guest.lead)
    had = {words.brand(row["brand"]).code for row in rows}
    return [
        wish for wish in dict.fromkeys(one_each[w.brand] for w in named if w.brand in one_each) if wish.brand not in had
    ]


async def _make_lead(guest: Guest, wishes: Sequence[Wish], *, at: datetime) -> UUID:
    body = _body(guest, wishes[: guest.rule.width])
    item = Incoming(body, msgspec.json.encode(body), met=Met(guest.observation, guest.person))
    [outcome] = await capture.accept_many([item], source=await capture.sender(guest.source), at=at)
    if outcome.lead_id is None:
        # The form was checked by the same rules; what fails here is ours to mend.
        raise RuntimeError(f"registration {guest.id} makes no lead: {[fault['path'] for fault in outcome.errors]}")
    return outcome.lead_id


def _body(guest: Guest, wishes: Iterable[Wish]) -> LeadBody:
    said = wording.opened(guest.sealed, registration=guest.id)
    return LeadBody(
        external_id=f"registration:{guest.id}",
        captured_at=guest.ripe_at or guest.registered_at,
        source=Origin(kind="web_form", campaign=guest.campaign_code, event=guest.event_code),
        person=PersonSaid(name=said.name, phone=said.phone, email=said.email),
        place=said.place,
        interests=[InterestSaid(kind=KIND, brand=wish.brand, model=wish.model) for wish in wishes],
    )


def _fan_out(guest: Guest, lead: UUID) -> FanOut:
    return FanOut(lead=lead, registration=guest.id, width=guest.rule.width, goes_on=guest.rule.goes_on)


async def _keep(lead: UUID, wishes: Sequence[Wish], words: Reference, *, at: datetime) -> None:
    last = await current().fetchval("select coalesce(max(rank), 0) from fan_out_wish where lead = $1", lead)
    await insert(
        [
            FanOutWish(
                id=uuid7(at),
                lead=lead,
                rank=rank,
                brand=words.brands[wish.brand].id,
                model=words.models[wish.model].id if wish.model else None,
                kind=KIND,
            )
            for rank, wish in enumerate(wishes, start=last + 1)
        ]
    )
