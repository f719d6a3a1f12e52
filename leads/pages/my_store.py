"""The store's own page, for a phone: accept or refuse an offer, call, say what came of it, and when to call next.

Promises the verbs and the sight of the inbox API: masked until accepted, one end per offer, the same answer to a second tap. What another
dealer has is not there on any of its addresses; an offer that somebody else was quicker with comes back with a sentence, not an error.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Template

from crm import access, vault
from crm.access import Principal
from crm.database import current, transaction
from crm.errors import Fault, Invalid, NotThere, Refused
from crm.languages import later, say
from crm.network import LOCAL
from crm.pages import frame
from crm.pages.frame import Asked
from crm.roles import Actor
from leads import inbox, kinds
from leads.inbox import desk, dispositions
from leads.inbox.desk import PARTS, Line, Part
from leads.inbox.dispositions import Grade, Said
from leads.inbox.requests import NameTaken
from leads.inbox.view import OfferShown
from leads.lists.words import named

FEN = 100
MOST_PAGES = 1000
BENEATH = 5  # calls of today under the open offers; the others are behind their tab
Text = Annotated[str, msgspec.Meta(max_length=2000)]
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
Money = Annotated[str, msgspec.Meta(pattern=r"^\d{1,9}(\.\d{1,2})?$")]
Local = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$")]
Key = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}$")]
Page = Annotated[int, QueryParameter(ge=1, le=MOST_PAGES)]

STATES = {
    "accepted": later("accepted"),
    "refused": later("refused"),
    "offered": later("not accepted yet"),
    "expired": later("expired"),
    "withdrawn": later("taken back"),
}
FAULTS = {
    "reason": later("Say why."),
    "kind": later("Say what came of it."),
    "next_follow_up_at": later("Write the date and time of the next call."),
}
# What a store says most, first; the rest is behind "more".
FIRST = ("contacted", "appointment", "unreachable", "lost")
AFTER = ("visited", "test_drive", "quoted", "deposit", "order", "delivered", "invalid")
NEXT = {"tomorrow": 1, "three": 3, "week": 7}
MORNING, EVENING, TOO_LATE = 10, (17, 30), 17


class Accepting(msgspec.Struct, forbid_unknown_fields=True):
    """The tap on accept; `key` is of this page, so that a second tap is the same request."""

    key: Key


class Refusing(msgspec.Struct, forbid_unknown_fields=True):
    """A no with its reason."""

    key: Key
    reason: Word
    note: Text | None = None


class Outcome(msgspec.Struct, forbid_unknown_fields=True):
    """What came of an offer; `value` is in yuan, `next` a usual moment or `other`, which `next_at` says."""

    key: Key
    kind: Word
    reason: str | None = None
    value: Money | None = None
    salesperson: Word | None = None
    grade: Grade | None = None
    note: Text | None = None
    next: str = "none"
    next_at: Local | None = None


class MyStore(Controller):
    path = "/my-store"
    guards = [access.permits("inbox")]
    include_in_schema = False

    @get("/")
    async def show(
        self,
        request: Asked,
        actor: NamedDependency[Actor],
        show: FromQuery[str | None] = None,
        store: FromQuery[str | None] = None,
        page: Page = 1,
    ) -> Template:
        context = await _desk(actor, show=show, store=store, page=page)
        return frame.page(request, "leads/my_store.html", bare=True, **context)

    @get("/open")
    async def poll(
        self, request: Asked, actor: NamedDependency[Actor], store: FromQuery[str | None] = None
    ) -> Template:
        """The open offers alone, as the page asks for them every few seconds."""
        name = "leads/_my_open.html" if frame.wants_fragment(request) else "leads/my_store.html"
        context = await _desk(actor, show="open", store=store, page=1)
        return frame.page(request, name, bare=True, **context | {"polled": True})


class MyOffer(Controller):
    path = "/my-store/offers/{offer:uuid}"
    guards = [access.permits("inbox")]
    include_in_schema = False

    @get("/")
    async def show(self, request: Asked, actor: NamedDependency[Actor], offer: FromPath[UUID]) -> Template:
        return await _offer_page(request, actor, offer)

    @post("/acceptance")
    async def accept(
        self, request: Asked, actor: NamedDependency[Actor], offer: FromPath[UUID]
    ) -> Response[None] | Template:
        try:
            sent = await frame.form(request, Accepting)
            async with transaction():
                await inbox.accept(offer, dealer=await _dealer(actor), at=datetime.now(UTC), key=sent.key)
        except Refused as no:
            return await _offer_page(request, actor, offer, no=no)
        return frame.back(request, f"/my-store/offers/{offer}", told=say("Accepted: you can call now."))

    @post("/refusal")
    async def refuse(
        self, request: Asked, actor: NamedDependency[Actor], offer: FromPath[UUID]
    ) -> Response[None] | Template:
        try:
            sent = await frame.form(request, Refusing)
            async with transaction():
                await inbox.refuse(
                    offer,
                    dealer=await _dealer(actor),
                    reason=sent.reason,
                    note=sent.note,
                    at=datetime.now(UTC),
                    key=sent.key,
                )
        except Refused as no:
            return await _offer_page(request, actor, offer, no=no)
        return frame.back(request, "/my-store", told=say("Refused; it goes to the next store."))

    @post("/dispositions")
    async def dispose(
        self, request: Asked, actor: NamedDependency[Actor], offer: FromPath[UUID]
    ) -> Response[None] | Template:
        at = datetime.now(UTC)
        try:
            sent = await frame.form(request, Outcome)
            async with transaction():
                await inbox.dispose(offer, _said(sent, actor, at=at), dealer=await _dealer(actor), at=at)
        except Refused as no:
            return await _offer_page(request, actor, offer, no=no)
        return frame.back(request, "/my-store?show=today", told=say("Noted."))


async def _dealer(actor: Actor) -> Principal:
    """The actor's company as its key would let it in."""
    code = await current().fetchval("select code from dealer where id = $1", actor.dealer)
    if actor.dealer is None or code is None:
        raise NotThere
    return Principal("dealer", actor.dealer, code, access.SCOPES["dealer"])


async def _desk(actor: Actor, *, show: str | None, store: str | None, page: int) -> dict[str, Any]:
    at = datetime.now(UTC)
    part: Part = next((one for one in PARTS if one == show), "open")
    async with transaction():
        dealer = await _dealer(actor)
        own = await desk.stores(dealer, at=at)
        seen = await desk.look(dealer, part=part, at=at, store=store or None, page=page)
        today = await desk.calls(dealer, at=at, store=store or None, limit=BENEATH) if part == "open" else ()
    return {
        **_words(actor, at),
        "desk": seen,
        "today": today,
        "part": part,
        "stores": own,
        "store": store or None,
        "number": page,
        "called": _name(own, store),
        "polled": False,
    }


def _name(own: list[desk.OwnStore], store: str | None) -> str:
    chosen = [one.name_zh for one in own if store is None or one.code == store]
    return chosen[0] if len(chosen) == 1 else store or say("My stores")


async def _offer_page(request: Asked, actor: Actor, offer: UUID, *, no: Refused | None = None) -> Template:
    at = datetime.now(UTC)
    async with transaction():
        line, told = await desk.one(offer, dealer=await _dealer(actor))
    context = {**_words(actor, at), "line": line, "told_before": told, "sentence": None}
    name = "leads/my_offer.html"
    if isinstance(no, Invalid):
        return frame.invalid(request, name, _understood(no), bare=True, **context)
    if no is not None:
        context["sentence"] = _sentence(no, line)
        return frame.page(request, name, status=no.status, bare=True, **context)
    return frame.page(request, name, bare=True, **context)


def _words(actor: Actor, at: datetime) -> dict[str, Any]:
    return {
        "at": at,
        "kind_words": {kind.code: kind for kind in kinds.INTERESTS},
        "said_words": {kind.code: kind for kind in kinds.DISPOSITIONS},
        "reason_words": {reason.code: reason for reason in kinds.REASONS},
        "named": named,
        "refusals": dispositions.reasons(fits="refusal"),
        "losses": dispositions.reasons(fits="lost"),
        "grades": dispositions.GRADES,
        "first": FIRST,
        "after": AFTER,
        "moments": _moments(actor, at),
        "key": lambda offer: _key(actor, offer),
    }


def _key(actor: Actor, offer: OfferShown) -> str:
    """One name for what this browser does to the offer as it is now: also a page that was drawn anew between two taps has it."""
    return vault.match_key("form", f"{actor.session}|{offer.id}|{offer.version}").hex()[:32]


def _moments(actor: Actor, at: datetime) -> dict[str, datetime]:
    """The usual moments for a next call, on the reader's clock; this evening only while it is ahead."""
    local = at.astimezone(ZoneInfo(actor.time_zone))
    evening = {"evening": local.replace(hour=EVENING[0], minute=EVENING[1], second=0, microsecond=0)}
    mornings = {
        name: (local + timedelta(days=days)).replace(hour=MORNING, minute=0, second=0, microsecond=0)
        for name, days in NEXT.items()
    }
    return mornings if local.hour >= TOO_LATE else evening | mornings


def _said(sent: Outcome, actor: Actor, *, at: datetime) -> Said:
    return Said(
        kind=sent.kind,
        at=at,
        reason=sent.reason if sent.kind in ("lost", "invalid") else None,
        value_fen=int(Decimal(sent.value) * FEN) if sent.value else None,
        # As a reference, not as an Idempotency-Key: the moment of the second tap is another one.
        reference=f"page-{sent.key}",
        salesperson=sent.salesperson,
        grade=sent.grade,
        next_follow_up_at=_next(sent, actor, at=at),
        note=sent.note,
    )


def _next(sent: Outcome, actor: Actor, *, at: datetime) -> datetime | None:
    if sent.next != "other":
        return _moments(actor, at).get(sent.next)
    try:
        typed = datetime.fromisoformat(sent.next_at or "")
    except ValueError:
        raise Invalid(errors=[Fault(path="next_follow_up_at", message=FAULTS["next_follow_up_at"])]) from None
    return typed.replace(tzinfo=ZoneInfo(actor.time_zone))


def _understood(wrong: Invalid) -> Invalid:
    """The faults at the fields of our form, in the reader's words instead of a machine's."""
    return Invalid(
        errors=[Fault(path=fault["path"], message=say(FAULTS.get(fault["path"], fault["message"]))) for fault in wrong.errors]
    )  # fmt: skip


def _sentence(no: Refused, line: Line) -> str:
    """What happened, for people; a name given twice to different answers means that the first one counted."""
    if isinstance(no, NameTaken):
        taken = (line.ended_at or line.accepted_at or line.offer.offered_at).astimezone(LOCAL)
        no = inbox.OfferTaken(state=line.offer.state, store=line.offer.store, at=taken)
    facts: Mapping[str, Any] = no.facts
    if "state" in facts:
        facts = {**facts, "state": say(STATES.get(str(facts["state"]), str(facts["state"])))}
    return say(no.sentence).format(**facts)


CONTROLLERS = (MyStore, MyOffer)
