"""The way of an interest, on one screen: from identified to an offer, to a queue that people work, or to a hold that says why.

    capture -> identify -> (review) -> consent gate -> join or route -> offer -> accept / refuse / expire -> dispositions

Promises that every interest ends in exactly one of: open at a store, in the alliance queue, held with a reason, ended, or (after ten
failures of ours) set aside for `marquee doctor` to report; that a hold
releases itself when its reason goes; and that what this file does can be done again from the rows after any crash.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from crm import consent, history, work
from crm.consent import Standing
from crm.database import current, insert, lock_stripes, statement, transaction
from crm.ids import uuid7
from crm.work import Job, Row
from leads import capture, clocks, feed, kinds, offers, routing
from leads.imports import working
from leads.routing import Wish, policies, simulation, versions
from leads.tables import AllianceTask, Offer, Receipt

PERSON_LOCKS = offers.PERSON_LOCKS
NETWORK_LOCK = policies.DECIDING_LOCK
READER = "leads"

_SURVIVORS = "select distinct coalesce(merged_into, id) as id from person where id = any($1)"

Basis = Literal["consent", "requested"]


class Due(msgspec.Struct, frozen=True):
    """An interest whose turn has come, with what the next steps must know; `person` is the survivor of today."""

    id: UUID
    attempts: int
    stage: str
    brand: int | None
    kind: str
    capability: str
    preferred_store: int | None
    person: UUID
    captured_at: datetime
    region: str | None
    longitude: float | None
    latitude: float | None
    contradicted: bool
    ended_offers: int
    lead: UUID
    wishes: bytes | None


class Parked(msgspec.Struct, frozen=True):
    """Where an interest stands when it is not at a store: its stage, the hold if any, and when to look again."""

    interest: UUID
    stage: str
    hold: str | None
    due_at: datetime | None = None


# An interest that passed the gate: on which basis, and limited to which store.
Cleared: TypeAlias = tuple[Due, tuple[Basis, int | None]]


async def advance_due(at: datetime) -> int:
    """Move every interest that is due one step on: gate, join, route, offer. Says how many moved."""

    async def claim(limit: int) -> Sequence[Row]:
        rows: Sequence[Row] = await current().fetch(statement("leads", "claim_due_interests"), at, limit)
        return rows

    async def handle(rows: Sequence[Row]) -> None:
        if rows:
            await advance({row["id"]: row["person"] for row in rows}, at=at)

    async def postpone(row: Row, wait: timedelta | None) -> None:
        due_at = None if wait is None else at + wait
        await current().execute(statement("leads", "postpone_interest"), row["id"], due_at)

    return await work.drain(claim, handle, postpone)


async def advance(claimed: Mapping[UUID, UUID], *, at: datetime) -> None:
    """Take claimed interests (ids with their persons) through gate, join, route and offer, in the caller's transaction."""
    # Two workers must not make two offers of one person's two enquiries for one brand.
    await lock_stripes(PERSON_LOCKS, map(str, claimed.values()))
    await current().execute("select pg_advisory_xact_lock_shared($1, 0)", NETWORK_LOCK)
    due = await _read(claimed)
    async with feed.gathered():
        cleared, held = await _gate(due)
        alone = await _join(cleared, at=at)
        first, later = _one_per_person_and_brand(alone)
        receipts = await routing.decide([_wish(one, basis) for one, basis in first], at=at)
        made = await offers.make(receipts, at=at)
        await _follow(later, dict(zip(_asked(first), receipts, strict=True)), made, at=at)
        await _park(held + _parked(receipts, at=at))
        await _queue_for_people(first, receipts, at=at)
        await _close_tasks(due, at=at)


async def react(at: datetime) -> int:
    """Act on what changed about people: holds that waited are due again, offers that lost their basis are taken back."""
    async with transaction(), feed.gathered():
        changes = await history.unread(READER)
        if changes:
            persons = sorted({change.person for change in changes})
            # Whoever is deciding on these people now decided without the news: wait, so that what they held is there to be released.
            survivors = await current().fetch(_SURVIVORS, persons)
            await lock_stripes(
                PERSON_LOCKS, {str(person) for person in persons} | {str(row["id"]) for row in survivors}
            )
            await current().execute(statement("leads", "release_holds_of_people"), persons, at)
            await _take_back(persons, at=at)
            await history.mark_read(READER, changes[-1])
    return len(changes)


async def notice_network(at: datetime) -> int:
    """When the network changed, look again at what waited for a store."""
    async with transaction():
        if not await current().fetchval(statement("leads", "network_is_newer")):
            return 0
        # Whoever decides now decides on the older network: wait, so that what they held is there to be released.
        await current().execute("select pg_advisory_xact_lock($1, 0)", NETWORK_LOCK)
        released = await current().fetch(statement("leads", "release_holds_of_network"), at)
    return len(released)


async def expire(at: datetime) -> int:
    """End the offers whose time is up; their interests go to the next store."""
    async with transaction():
        return await offers.expire_due(at=at, limit=work.BATCH)


JOBS: tuple[Job, ...] = (
    Job("react", react),
    Job("notice_network", notice_network),
    versions.JOB,
    Job("expire", expire),
    Job("advance", advance_due),
    simulation.JOB,
    working.JOB,
)


def basis_of(
    standings: Iterable[Standing], *, brand: int, kind: str, preferred_store: int | None
) -> tuple[Basis, int | None] | None:
    """On what a hand-over may stand now, and the one store it is limited to, if it is; None when it may not be.

    Consent to share with the brand's dealers, or the person's own request: for a test drive or a call back to one store of the brand (the
    next one when it refuses: only a store that accepts learns who asked), else to the very store they named; never against their no.
    """
    known = list(standings)
    if consent.may_share(known, brand=brand):
        return "consent", None
    if consent.refuses_dealers(known, brand=brand):
        return None
    if kind in kinds.REQUESTS:
        return "requested", None
    return ("requested", preferred_store) if preferred_store is not None else None


async def _read(claimed: Mapping[UUID, UUID]) -> list[Due]:
    """What the steps must know, read after the people's locks: before them it could be older than what `react` has acted on.

    An interest whose person was merged in between is left due; its next turn comes under the survivor's lock.
    """
    rows = await current().fetch(statement("leads", "due_interests"), list(claimed))
    locked = set(claimed.values())
    return [due for due in (Due(*row.values()) for row in rows) if due.person in locked]


async def _gate(due: Sequence[Due]) -> tuple[list[Cleared], list[Parked]]:
    standings = await consent.standing({one.person for one in due}, purpose="share_with_dealer")
    cleared, held = [], []
    for one in due:
        if one.brand is None:
            held.append(Parked(one.id, "identified", "no_interest"))
        elif one.contradicted:
            held.append(Parked(one.id, "identified", "needs_review"))
        elif basis := _basis(one, standings):
            cleared.append((one, basis))
        else:
            held.append(Parked(one.id, "identified", "no_consent"))
    return cleared, held


def _basis(one: Due, standings: Mapping[UUID, list[Standing]]) -> tuple[Basis, int | None] | None:
    basis = basis_of(
        standings.get(one.person, []), brand=one.brand or 0, kind=one.kind, preferred_store=one.preferred_store
    )
    # A child's own request is no basis; consent that was given later is, and whoever brought it answers for the guardian.
    return None if basis and basis[0] == "requested" and capture.is_of_child(one.lead, one.wishes) else basis


async def _join(cleared: Sequence[Cleared], *, at: datetime) -> list[Cleared]:
    """Let repeat enquiries share an open offer of the same person and brand where their basis allows; answers those that found none."""
    open_now = await offers.open_offers({_key(one) for one, _ in cleared}, at=at)
    joins = [
        offers.Join(one.id, fitting[0].offer, one.person, basis[0])
        for one, basis in cleared
        if (fitting := [offer for offer in open_now.get(_key(one), []) if basis[1] in (None, offer.store)])
    ]
    joined = await offers.join(joins, at=at)
    return [(one, basis) for one, basis in cleared if one.id not in joined]


async def _follow(
    later: Sequence[Cleared], receipts: Mapping[tuple[UUID, int], Receipt], made: Sequence[Offer], *, at: datetime
) -> None:
    """The second wish of a person for a brand joins the offer just made for the first; where none fits, its turn comes next."""
    offer_of = {offer.interest: offer for offer in made}
    joins = [
        offers.Join(one.id, offer.id, one.person, basis[0])
        for one, basis in later
        if (offer := offer_of.get(receipts[_key(one)].interest)) and basis[1] in (None, offer.store)
    ]
    await offers.join(joins, at=at)


def _key(one: Due) -> tuple[UUID, int]:
    return one.person, one.brand or 0


def _asked(first: Sequence[Cleared]) -> list[tuple[UUID, int]]:
    return [_key(one) for one, _ in first]


def _one_per_person_and_brand(alone: Sequence[Cleared]) -> tuple[list[Cleared], list[Cleared]]:
    first: dict[tuple[UUID, int], Cleared] = {}
    later = [pair for pair in alone if first.setdefault(_key(pair[0]), pair) is not pair]
    return list(first.values()), later


def _wish(one: Due, basis: tuple[Basis, int | None]) -> Wish:
    return Wish(
        interest=one.id,
        brand=one.brand or 0,
        kind=one.kind,
        capability=one.capability,
        person=one.person,
        captured_at=one.captured_at,
        region=one.region,
        longitude=one.longitude,
        latitude=one.latitude,
        preferred_store=one.preferred_store,
        basis=basis[0],
        only_store=basis[1],
    )


def _parked(receipts: Sequence[Receipt], *, at: datetime) -> list[Parked]:
    return [_parked_by(receipt, at=at) for receipt in receipts if receipt.outcome != "offered"]


def _parked_by(receipt: Receipt, *, at: datetime) -> Parked:
    if receipt.outcome == "alliance_queue":
        return Parked(receipt.interest, "alliance_queue", None)
    if receipt.outcome == "no_consent":
        # The one store that was asked for cannot take it: consent to share with others releases it, and so does a change of the network.
        return Parked(receipt.interest, "cleared", "no_consent")
    # Capacity comes back with the next day; a franchise and a place do when somebody adds them.
    again = clocks.next_day(at) if receipt.outcome == "no_capacity" else None
    return Parked(receipt.interest, "cleared", receipt.outcome, again)


async def _park(parked: Sequence[Parked]) -> None:
    if parked:
        rows = sorted(parked, key=lambda one: one.interest)
        await current().execute(
            statement("leads", "park_interests"),
            [one.interest for one in rows],
            [one.stage for one in rows],
            [one.hold for one in rows],
            [one.due_at for one in rows],
        )


async def _queue_for_people(first: Sequence[Cleared], receipts: Sequence[Receipt], *, at: datetime) -> None:
    await insert(
        [
            AllianceTask(
                id=uuid7(at),
                interest=one.id,
                reason="refused" if one.ended_offers else "out_of_reach",
                refusals=one.ended_offers,
                opened_at=at,
            )
            for (one, _), receipt in zip(first, receipts, strict=True)
            if receipt.outcome == "alliance_queue" and one.stage != "alliance_queue"
        ]
    )


async def _close_tasks(due: Sequence[Due], *, at: datetime) -> None:
    """What left the alliance queue by itself (a new store, a consent taken back) is no longer for people to work."""
    queued = [one.id for one in due if one.stage == "alliance_queue"]
    if queued:
        await current().execute(statement("leads", "close_alliance_tasks"), queued, at)


async def _take_back(persons: Sequence[UUID], *, at: datetime) -> None:
    """Withdraw the offers of these people that nothing allows any more; an order in progress is a contract and stays."""
    rows = await current().fetch(statement("leads", "offers_of_people"), persons)
    standings = await consent.standing({row["person"] for row in rows}, purpose="share_with_dealer")
    lost = [row["offer"] for row in rows if not _still_allowed(row, standings.get(row["person"], []))]
    if lost:
        await offers.withdraw(lost, reason="consent_withdrawn", at=at)


def _still_allowed(offer: Row, standings: Sequence[Standing]) -> bool:
    basis = basis_of(standings, brand=offer["brand"], kind=offer["kind"], preferred_store=offer["preferred_store"])
    return basis is not None and basis[1] in (None, offer["store"])
