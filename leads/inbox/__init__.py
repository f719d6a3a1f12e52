"""The dealer's side of an offer: see it, accept or refuse it, say what came of it.

Promises: one offer has one end, whoever asks first; every change reaches the dealer's feed in order; what is revealed
is in the sharing ledger. Refuses what is not the dealer's exactly as it refuses what does not exist.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from campaigns.touchpoints import Fact
from crm import consent, vault
from crm.access import Principal
from crm.database import current, insert, statement
from crm.errors import NotThere, Refused
from crm.ids import uuid7
from crm.network import LOCAL, local_day, network
from leads import feed, offers
from leads.inbox import dispositions, requests, view
from leads.inbox.dispositions import SALES, Disposed, Said
from leads.inbox.view import Item, OfferShown, Page
from leads.tables import Disposition, Offer

LONGEST_PAGE = 200
USUAL_PAGE = 50


class OfferTaken(Refused):
    sentence = "This offer is already {state}, by store {store} at {at:%Y-%m-%d %H:%M} (UTC+8)."


class OfferExpired(Refused):
    status = 410
    sentence = "This offer ended at {expires_at:%H:%M} (UTC+8); it goes to the next store."


class OfferWithdrawn(Refused):
    status = 410
    sentence = (
        "This offer was taken back at {ended_at:%Y-%m-%d %H:%M} (UTC+8); please delete what you noted of the person."
    )


class ConsentGone(Refused):
    sentence = "The person no longer agrees to be contacted; this offer is being taken back."


class StoreGone(Refused):
    sentence = "This store is no longer yours; the offer moves on."


class NotAccepted(Refused):
    sentence = "Accept the offer first: it is {state}."


class VersionMoved(Refused):
    status = 412
    sentence = "This offer is at version {version} by now; read it again before you answer."


class ReferenceTaken(Refused):
    status = 422
    sentence = "On this offer your reference already names a disposition of kind {kind}; use another one."


class Answered(msgspec.Struct, frozen=True):
    """The offer after an answer; `replayed` when an earlier request of the same name had done it."""

    offer: OfferShown
    replayed: bool


class Noted(msgspec.Struct, frozen=True):
    """A disposition and the offer's version after it; `replayed` when it had been told before."""

    disposition: Disposed
    version: int
    replayed: bool


async def changes(dealer: Principal, *, after: int, limit: int = USUAL_PAGE, store: str | None = None) -> Page:
    """What happened to the dealer's offers after line `after`, of one store or all; never skips or repeats a line."""
    if store is not None:
        await _need_store(store, dealer=dealer)
    rows = await current().fetch(statement("leads", "feed_after"), dealer.id, after, limit, store)
    lines = [row for row in rows if row["seq"] is not None]
    page, more = lines[:limit], len(lines) > limit
    found = await view.shown({line["offer"] for line in page}, dealer=dealer)
    items = [Item(line["seq"], line["type"], found[line["offer"]]) for line in page]
    # Without more lines of this store the reader goes on behind everything that there is.
    reached = page[-1]["seq"] if more else max(after, rows[0]["reached"])
    return Page(items=items, next=reached, more=more)


async def show(offer_id: UUID, *, dealer: Principal) -> OfferShown:
    """An offer as it stands now."""
    found = await view.shown([offer_id], dealer=dealer)
    if offer_id not in found:
        raise NotThere
    return found[offer_id]


async def accept(
    offer_id: UUID, *, dealer: Principal, at: datetime, key: str | None = None, if_match: int | None = None
) -> Answered:
    """Give the lead to this dealer and unmask it; refuses an offer that is taken, over or not the dealer's."""
    done = await _done_before(key, "acceptance", offer_id, b"", dealer=dealer, at=at)
    if done is not None:
        return Answered(done, replayed=True)
    offer = await _open_offer(offer_id, dealer=dealer, at=at, if_match=if_match)
    person = await _still_allowed(offer)
    offer.state, offer.accepted_at, offer.version = "accepted", at, offer.version + 1
    # Until the first word the call is due when the brand's time for an answer has passed once more.
    offer.call_due_at = at + (offer.answer_due_at - offer.offered_at)
    await offer.save([Offer.state, Offer.accepted_at, Offer.version, Offer.call_due_at])
    shown = await show(offer.id, dealer=dealer)
    await offers.share([offers.Given(offer, person, offer.basis)], fields=view.revealed(shown), at=at)
    await _advance(offer, stage="accepted", facts=[Fact.accepted], at=at, recorded_at=at)
    await feed.append([feed.Line(offer.dealer, offer.id, "accepted")], at=at)
    return Answered(shown, replayed=False)


async def refuse(
    offer_id: UUID,
    *,
    dealer: Principal,
    reason: str,
    at: datetime,
    note: str | None = None,
    key: str | None = None,
    if_match: int | None = None,
) -> Answered:
    """Say no for this store, with a reason; the lead goes on to the next one, never here again."""
    dispositions.check_refusal(reason)
    said = msgspec.json.encode([reason, note])
    done = await _done_before(key, "refusal", offer_id, said, dealer=dealer, at=at)
    if done is not None:
        return Answered(done, replayed=True)
    offer = await _open_offer(offer_id, dealer=dealer, at=at, if_match=if_match)
    if note:
        offer.note = vault.seal(note, place=f"offer|note|{offer.id}")
        await offer.save([Offer.note])
    await offers.end({offer.id: offer.dealer}, state="refused", reason=reason, stage="cleared", at=at)
    return Answered(await show(offer.id, dealer=dealer), replayed=False)


async def dispose(
    offer_id: UUID, said: Said, *, dealer: Principal, at: datetime, key: str | None = None, if_match: int | None = None
) -> Noted:
    """Record what came of an accepted offer; the same reference on an offer gets its first answer."""
    body, fresh = offer_id.bytes + msgspec.json.encode(said), uuid7(at)
    earlier = await requests.first_reference(
        key, caller=dealer, route="disposition", body=body, reference=str(fresh), at=at
    )
    offer = await _locked(offer_id, dealer=dealer)
    known = await _known_disposition(offer, said, earlier=earlier)
    if known is not None:
        return Noted(dispositions.shown(known), offer.version, replayed=True)
    _need_version(offer, if_match)
    _need_accepted(offer)
    dispositions.check(said, offered_at=offer.offered_at, at=at)
    stored = dispositions.row(said, id_=fresh, offer=offer.id, at=at)
    await insert([stored])
    offer.version += 1
    offer.said, offer.call_due_at = await dispositions.last_word(offer.id)
    await offer.save([Offer.version, Offer.said, Offer.call_due_at])
    stage, facts = dispositions.KINDS[said.kind].stage, dispositions.facts(said)
    await _advance(offer, stage=stage, facts=facts, value_fen=said.value_fen, at=said.at, recorded_at=at)
    await feed.append([feed.Line(offer.dealer, offer.id, "disposed")], at=at)
    return Noted(dispositions.shown(stored), offer.version, replayed=False)


async def _need_store(store: str, *, dealer: Principal) -> None:
    # A store that the dealer gave up stays readable: the offers of its time are still this dealer's.
    if not await current().fetchval(statement("leads", "dealer_ran_store"), dealer.id, store):
        raise NotThere


async def _done_before(
    key: str | None, route: str, offer_id: UUID, said: bytes, *, dealer: Principal, at: datetime
) -> OfferShown | None:
    reference, body = str(offer_id), offer_id.bytes + said
    known = await requests.first_reference(key, caller=dealer, route=route, body=body, reference=reference, at=at)
    return await show(UUID(known), dealer=dealer) if known else None


async def _locked(offer_id: UUID, *, dealer: Principal) -> Offer:
    # The row lock is the race: the second answer waits here and then reads what the first one made of the offer.
    row = await current().fetchrow(statement("leads", "locked_offer"), offer_id, dealer.id)
    if row is None:
        raise NotThere
    return Offer(_exists_in_db=True, **row)


async def _open_offer(offer_id: UUID, *, dealer: Principal, at: datetime, if_match: int | None) -> Offer:
    offer = await _locked(offer_id, dealer=dealer)
    _need_version(offer, if_match)
    if offer.state == "withdrawn":
        raise OfferWithdrawn(ended_at=_local(offer.ended_at))
    if offer.state in {"accepted", "refused"}:
        raise OfferTaken(
            state=offer.state, store=await _store_code(offer), at=_local(offer.accepted_at or offer.ended_at)
        )
    if offer.state == "expired" or offer.expires_at <= at:
        raise OfferExpired(expires_at=_local(offer.expires_at))
    await _need_own_store(offer, at=at)
    return offer


async def _need_own_store(offer: Offer, *, at: datetime) -> None:
    # A store changes hands or loses the brand while an offer waits: whoever has it no more is told nothing of the person.
    store = (await network(local_day(at))).stores.get(offer.store)
    if store is None or store.dealer != offer.dealer or offer.brand not in store.brands:
        raise StoreGone


def _need_version(offer: Offer, if_match: int | None) -> None:
    if if_match is not None and if_match != offer.version:
        raise VersionMoved(version=offer.version)


def _need_accepted(offer: Offer) -> None:
    if offer.state == "withdrawn":
        raise OfferWithdrawn(ended_at=_local(offer.ended_at))
    if offer.state != "accepted":
        raise NotAccepted(state=offer.state)


async def _still_allowed(offer: Offer) -> UUID:
    """The survivor behind an offer; refuses when consent is gone and the offer has not been taken back yet."""
    person: UUID = await current().fetchval(statement("leads", "person_of_offer"), offer.id)
    standings = (await consent.standing([person], purpose="share_with_dealer")).get(person, [])
    gone = offer.basis == "consent" and offers.basis_row(standings, brand=offer.brand, basis=offer.basis) is None
    if gone or consent.refuses_dealers(standings, brand=offer.brand):
        raise ConsentGone
    return person


async def _advance(
    offer: Offer,
    *,
    stage: str | None,
    facts: Sequence[Fact],
    at: datetime,
    recorded_at: datetime,
    value_fen: int | None = None,
) -> None:
    # The enquiries that joined go the same way, only a car is not sold again on them.
    if stage is not None:
        await current().execute(statement("leads", "advance_interests"), offer.id, stage)
    joined = await current().fetch("select id from interest where joined = $1 order by id", offer.id)
    told = [offers.Told(fact, offer.id, offer.interest, value_fen if fact is facts[-1] else None) for fact in facts]
    told += [offers.Told(fact, offer.id, row["id"]) for fact in facts if fact not in SALES for row in joined]
    if told:
        await offers.record(told, at=at, recorded_at=recorded_at)


async def _known_disposition(offer: Offer, said: Said, *, earlier: str | None) -> Disposition | None:
    # A key whose first request was itself a repeat by reference left no disposition under its own id.
    named = [Disposition.id == UUID(earlier)] if earlier else []
    named += [Disposition.reference == said.reference] if said.reference else []
    known = None
    for name in named:
        known = known or await Disposition.objects().where((Disposition.offer == offer.id) & name).first()
    # A dealer may number its deposit and its order alike: silently dropping the second would lose a sale.
    if known is not None and known.kind != said.kind:
        raise ReferenceTaken(kind=known.kind)
    return known


async def _store_code(offer: Offer) -> str:
    code: str = await current().fetchval("select code from store where id = $1", offer.store)
    return code


def _local(at: datetime | None) -> datetime | None:
    return at.astimezone(LOCAL) if at else None
