"""The store of a lead, chosen by hand: the picker with load and distance, the offer with its reason, and the offer taken back.

Promises that a refusal comes back on the same form with what was chosen. Each handler reads its form, calls one verb and goes back.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from crm import access
from crm.database import transaction
from crm.errors import NotThere, Refused
from crm.languages import later, say
from crm.pages import frame
from crm.pages.forms import Asked
from leads import dossier, kinds, steering
from leads.dossier import Dossier, InterestSeen
from leads.steering import standing

# Why, in words; the codes are those of `steering.REASONS`.
WHY = {
    "person_asked": later("The person asked for this store"),
    "known_there": later("The person is known at this store"),
    "nearer": later("It is nearer to where the person is"),
    "no_answer": later("The store before it does not answer"),
    "store_agreed": later("The store agreed to take one more today"),
    "other": later("Another reason, in words"),
}
NOT_FOR_TAKING_BACK = ("nearer", "store_agreed", "known_there")


class OfferForm(msgspec.Struct, forbid_unknown_fields=True):
    """A store by its code; `words` say what the reason's code does not."""

    interest: UUID
    store: str
    reason: str
    words: str | None = None
    q: str | None = None


class WithdrawalForm(msgspec.Struct, forbid_unknown_fields=True):
    """Why an offer is taken back."""

    reason: str
    words: str | None = None


class Offers(Controller):
    """Offers of a lead that somebody steers by hand."""

    path = "/leads/{lead:uuid}/offers"
    guards = [access.permits("leads.offer")]
    include_in_schema = False

    @get("/new")
    async def choose(
        self,
        request: Asked,
        lead: FromPath[UUID],
        interest: FromQuery[UUID | None] = None,
        q: FromQuery[str | None] = None,
    ) -> Template:
        name = "leads/_stores_to_choose.html" if frame.wants_fragment(request) else "leads/offer.html"
        return frame.page(request, name, **await _context(request, lead, interest, q))

    @post("/")
    async def make(self, request: Asked, lead: FromPath[UUID]) -> Response[Any] | Template:
        scope, at = frame.scope_of(request), datetime.now(UTC)
        try:
            sent = await frame.form(request, OfferForm)
            async with transaction():
                await standing.need_interest(sent.interest, lead=lead, scope=scope)
                await steering.offer(
                    sent.interest, store=sent.store, reason=sent.reason, words=sent.words, scope=scope, at=at
                )
        except Refused as no:
            return await _again(request, lead, no)
        return frame.back(
            request, f"/leads/{lead}", told=say("Offered; the store has been told, and why is on the receipt.")
        )

    @get("/{offer:uuid}/withdrawal")
    async def ask(self, request: Asked, lead: FromPath[UUID], offer: FromPath[UUID]) -> Template:
        return frame.page(request, "leads/withdrawal.html", **await _withdrawal(request, lead, offer))

    @post("/{offer:uuid}/withdrawal")
    async def take_back(self, request: Asked, lead: FromPath[UUID], offer: FromPath[UUID]) -> Response[Any] | Template:
        await _withdrawal(request, lead, offer)  # refuses an offer of another lead
        try:
            sent = await frame.form(request, WithdrawalForm)
            async with transaction():
                await steering.take_back(
                    offer, reason=sent.reason, words=sent.words, scope=frame.scope_of(request), at=datetime.now(UTC)
                )
        except Refused as no:
            return frame.invalid(request, "leads/withdrawal.html", no, **await _withdrawal(request, lead, offer))
        return frame.back(request, f"/leads/{lead}", told=say("Taken back; it waits in the alliance queue for people."))


async def _context(request: Asked, lead: UUID, interest: UUID | None, q: str | None) -> dict[str, Any]:
    scope = frame.scope_of(request)
    async with transaction():
        seen = await dossier.read(lead, scope=scope)
        chosen = _chosen(seen, interest)
        shown = await steering.choosable(chosen.id, scope=scope, at=datetime.now(UTC), sought=q) if chosen else []
    return {
        "lead": seen,
        "interest": chosen,
        "stores": shown,
        "q": q or "",
        "why": WHY,
        "kind_words": {kind.code: kind for kind in kinds.INTERESTS},
    }


def _chosen(lead: Dossier, interest: UUID | None) -> InterestSeen | None:
    open_ones = [one for one in lead.interests if one.may_be_offered]
    if interest is None:
        return lead.most_urgent if lead.most_urgent in open_ones else next(iter(open_ones), None)
    found = next((one for one in lead.interests if one.id == interest), None)
    if found is None:
        raise NotThere
    return found


async def _again(request: Asked, lead: UUID, no: Refused) -> Template:
    given = getattr(request.state, "given", {})
    context = await _context(request, lead, _interest(given.get("interest")), given.get("q") or None)
    return frame.invalid(request, "leads/offer.html", no, **context)


def _interest(typed: Any) -> UUID | None:
    """The interest that the form was about; None for what is none, which its fault says."""
    try:
        return UUID(typed)
    except (ValueError, TypeError, AttributeError):
        return None


async def _withdrawal(request: Asked, lead: UUID, offer: UUID) -> dict[str, Any]:
    async with transaction():
        seen = await dossier.read(lead, scope=frame.scope_of(request))
    for interest in seen.interests:
        for one in interest.offers:
            if one.id == offer:
                reasons = {code: words for code, words in WHY.items() if code not in NOT_FOR_TAKING_BACK}
                return {"lead": seen, "interest": interest, "offer": one, "why": reasons}
    raise NotThere


CONTROLLERS = (Offers,)
