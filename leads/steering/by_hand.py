"""The store for an interest, chosen by hand; an offer taken back; an interest put back to the machine.

Promises that what routing may not do, people may not either: without a basis, a franchise or the capability there is no offer. What they may
do is pass over the order of the pool, a store that refused before, and, when they say that the store agreed, a full day.
"""

from datetime import datetime
from uuid import UUID

from crm import consent, history, notes
from crm.database import current, insert, notify, statement
from crm.errors import Fault, Invalid, NotThere, Refused
from crm.ids import uuid7
from crm.network import StoreFacts, local_day, network
from crm.roles import Scope, numbered
from leads import capture, feed, journey, offers, routing
from leads.journey import Due
from leads.routing import Wish
from leads.routing.choice import ByHand
from leads.steering.choosing import within
from leads.steering.standing import BeyondSteering, InHand, hold_still, take_in_hand
from leads.tables import AllianceTask

# Why somebody chose: codes, because the history keeps them; `other` says it in words, which are sealed in a note.
REASONS = ("person_asked", "known_there", "nearer", "no_answer", "store_agreed", "other")


class NoBrandYet(Refused):
    sentence = "Say first which brand is wanted."


class ReviewFirst(Refused):
    sentence = "This enquiry contradicts itself about who sent it; answer the review first."


class IsSpam(Refused):
    sentence = "This is marked as spam; take the mark away first."


class NoBasis(Refused):
    sentence = "The person did not agree that a dealer of this brand is told of them, and asked for nothing that would allow it."


class OneStoreAlone(Refused):
    sentence = "The person asked for one store alone and agreed to no other; only that store may be offered this."


class NotTheirs(Refused):
    sentence = "Store {store} may not sell this brand today."


class CannotDoIt(Refused):
    sentence = "Store {store} does not offer this."


class StoreFull(Refused):
    sentence = (
        "Store {store} has used up its day ({offered} of {capacity}). Choose it only when it agreed to take one more."
    )


class AlreadyThere(Refused):
    sentence = "Store {store} has this interest already."


class OpenElsewhere(Refused):
    sentence = "Another enquiry of this person for the same brand is open at a store; take that offer back first."


class NothingToTakeBack(Refused):
    sentence = "This offer has ended already."


async def offer(
    interest: UUID, *, store: str, reason: str, scope: Scope, at: datetime, words: str | None = None
) -> UUID:
    """Offer an interest to this store (a code) and return the offer; an open offer of it elsewhere is taken back first.

    Counts on the store's day, leaves the fairness ledger as it is (a pool of one owes nobody), and leaves a receipt that can be replayed.
    """
    _need_reason(reason, words)
    async with feed.gathered():
        held = await take_in_hand(interest, scope=scope)
        chosen = await _store(store, scope=scope, at=at)
        basis = await _allowed(held, chosen)
        await _need_room(chosen, reason=reason, at=at)
        await offers.withdraw([one["id"] for one in held.offers], reason="offered_elsewhere", at=at)
        await _need_nothing_open(held.due, at=at)
        receipts = await routing.decide([_wish(held.due, basis, chosen=chosen, reason=reason)], at=at)
        [made] = await offers.make(receipts, at=at)
        await _close_task(interest, scope=scope, at=at)
    await history.note(
        scope.actor.actor,
        "offered_by_hand",
        "interest",
        interest,
        at=at,
        store=store,
        reason=reason,
        offer=str(made.id),
    )
    if words:
        await notes.write("lead", held.due.lead, text=words, by=scope.actor, at=at, brand=held.due.brand)
    return made.id


async def take_back(offer_id: UUID, *, reason: str, scope: Scope, at: datetime, words: str | None = None) -> None:
    """Take an open or accepted offer back; its interests go to the alliance queue, where people decide what is next."""
    _need_reason(reason, words)
    interest = await _interest_of(offer_id, scope=scope)
    async with feed.gathered():
        held = await take_in_hand(interest, scope=scope)
        if offer_id not in {one["id"] for one in held.offers}:
            raise NothingToTakeBack
        freed = await current().fetch(
            "select id from interest where id = $1 or joined = $2 order by id", interest, offer_id
        )
        await offers.withdraw([offer_id], reason="taken_back", at=at)
        await _queue([row["id"] for row in freed], at=at)
    await history.note(
        scope.actor.actor, "offer_taken_back", "interest", interest, at=at, reason=reason, offer=str(offer_id)
    )
    if words:
        await notes.write("lead", held.due.lead, text=words, by=scope.actor, at=at, brand=held.due.brand)


async def route_again(interest: UUID, *, scope: Scope, at: datetime) -> None:
    """Let the machine look again at an interest that waits; it goes where the journey leads it."""
    held = await take_in_hand(interest, scope=scope)
    if held.hold == "spam":
        raise IsSpam
    if held.offers or held.stage not in ("identified", "cleared", "alliance_queue"):
        raise BeyondSteering(stage=held.stage)
    await current().execute("update interest set due_at = $2, attempts = 0 where id = $1", interest, at)
    await history.note(scope.actor.actor, "routed_again", "interest", interest, at=at)
    await notify(history.CHANGES)


def _need_reason(reason: str, words: str | None) -> None:
    if reason not in REASONS:
        raise Invalid(errors=[Fault(path="reason", message="Choose one of the reasons.")])
    if reason == "other" and not (words or "").strip():
        raise Invalid(errors=[Fault(path="words", message="Say the reason in words.")])
    if words and len(words) > notes.LONGEST:
        raise Invalid(errors=[Fault(path="words", message=f"Write at most {notes.LONGEST} characters.")])


async def _store(code: str, *, scope: Scope, at: datetime) -> StoreFacts:
    picture = await network(local_day(at))
    seen = await within(scope)
    found = next((s for s in picture.stores.values() if s.code == code and (seen is None or s.id in seen)), None)
    if found is None:
        raise Invalid(errors=[Fault(path="store", message="Choose one of the stores shown.")])
    return found


async def _allowed(held: InHand, store: StoreFacts) -> tuple[journey.Basis, int | None]:
    """On what this hand-over may stand: the same gate as the journey's."""
    due = held.due
    if due.brand is None:
        raise NoBrandYet
    if held.hold == "spam":
        raise IsSpam
    if due.contradicted:
        raise ReviewFirst
    if due.brand not in store.brands:
        raise NotTheirs(store=store.code)
    if due.capability not in store.capabilities:
        raise CannotDoIt(store=store.code)
    if store.id in {one["store"] for one in held.offers}:
        raise AlreadyThere(store=store.code)
    return await _basis(due, store)


async def _basis(due: Due, store: StoreFacts) -> tuple[journey.Basis, int | None]:
    standings = await consent.standing([due.person], purpose="share_with_dealer")
    basis = journey.basis_of(
        standings.get(due.person, []), brand=due.brand or 0, kind=due.kind, preferred_store=due.preferred_store
    )
    if basis is None or (basis[0] == "requested" and capture.is_of_child(due.lead, due.wishes)):
        raise NoBasis
    if basis[1] not in (None, store.id):
        raise OneStoreAlone
    return basis


async def _need_room(store: StoreFacts, *, reason: str, at: datetime) -> None:
    offered = await current().fetchval(
        "select offered from store_day where store = $1 and on_date = $2", store.id, local_day(at)
    )
    if (offered or 0) >= store.daily_capacity and reason != "store_agreed":
        raise StoreFull(store=store.code, offered=offered, capacity=store.daily_capacity)


async def _need_nothing_open(due: Due, *, at: datetime) -> None:
    # Two stores of a brand must not call one person about the same thing.
    if await offers.open_offers({(due.person, due.brand or 0)}, at=at):
        raise OpenElsewhere


def _wish(due: Due, basis: tuple[journey.Basis, int | None], *, chosen: StoreFacts, reason: str) -> Wish:
    return Wish(
        interest=due.id,
        brand=due.brand or 0,
        kind=due.kind,
        capability=due.capability,
        person=due.person,
        captured_at=due.captured_at,
        region=due.region,
        longitude=due.longitude,
        latitude=due.latitude,
        preferred_store=due.preferred_store,
        basis=basis[0],
        only_store=basis[1],
        by_hand=ByHand(chosen.id, reason),
    )


async def _close_task(interest: UUID, *, scope: Scope, at: datetime) -> None:
    await current().execute(
        "update alliance_task set closed_at = $2, closed_by = $3 where interest = $1 and closed_at is null",
        interest,
        at,
        scope.actor.actor,
    )


async def _interest_of(offer_id: UUID, *, scope: Scope) -> UUID:
    query, values = numbered(
        "select interest.id from offer join interest on interest.id = offer.interest where offer.id = $1 and {}",
        [scope.of_interests()],
        offer_id,
    )
    found: UUID | None = await current().fetchval(query, *values)
    if found is None:
        raise NotThere
    return found


async def _queue(interests: list[UUID], *, at: datetime) -> None:
    still = [row["id"] for row in await hold_still(interests) if row["stage"] != "lost"]
    nothing: list[None] = [None] * len(still)
    await current().execute(
        statement("leads", "park_interests"), still, ["alliance_queue"] * len(still), nothing, nothing
    )
    tasks = [AllianceTask(id=uuid7(at), interest=one, reason="taken_back", opened_at=at) for one in still]
    await insert(tasks)
