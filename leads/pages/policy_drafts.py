"""Drafts of a brand's policy as forms: every rule with its unit and limits, the order of circles by buttons, a trial, and the activation.

Promises that what was typed is there again after a fault, and that who saves over somebody else's changes is shown both. Nothing is routed
by a draft until it is activated, with a reason.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath
from litestar.response import Template

from crm import access
from crm.database import transaction
from crm.errors import Fault, Invalid, Refused
from crm.languages import later, say
from crm.pages import forms, frame
from crm.pages.frame import Asked
from crm.reference import BrandFacts
from crm.roles import Actor
from leads.pages.policy_ways import Me, Reason, after_activation, brand_of
from leads.routing import drafts, simulation, versions
from leads.routing.drafts import Draft
from leads.routing.policies import TIERS, Kilometres, Minutes, Policy, Tier
from leads.routing.simulation import Question

PAGE = "leads/policy.html"
EXPIRES_TOO_EARLY = later("An offer cannot move on before its answer is late.")
NO_CIRCLE = later("Choose at least one circle: without any, no lead finds a store.")
TURNED_ROUND = later("The end must come after the beginning.")
MOVES = {"up": -1, "down": 1}


class Rules(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The form of a draft: `order` names all circles as they stand, `tiers` those that are used, `act` the button that was pressed."""

    version: int
    answer_minutes: Minutes
    expire_minutes: Minutes
    max_offers: Annotated[int, msgspec.Meta(ge=1, le=50)]
    near_km: Kilometres
    province_km: Kilometres
    pool_min_km: Kilometres
    pool_factor: Annotated[float, msgspec.Meta(ge=1, le=100)]
    protection_days: Annotated[int, msgspec.Meta(ge=0, le=3650)]
    order: list[Tier] = []
    tiers: list[Tier] = []
    note: Annotated[str, msgspec.Meta(max_length=400)] = ""
    act: str = "save"

    def policy(self) -> Policy:
        """The policy that was written down; refuses what makes no sense together."""
        faults = []
        if self.expire_minutes < self.answer_minutes:
            faults.append(Fault(path="expire_minutes", message=say(EXPIRES_TOO_EARLY)))
        if not self.tiers:
            faults.append(Fault(path="tiers", message=say(NO_CIRCLE)))
        if faults:
            raise Invalid(errors=faults)
        numbers = {name: getattr(self, name) for name in Policy.__struct_fields__ if name != "tiers"}
        return Policy(**numbers, tiers=tuple(dict.fromkeys(self.tiers)))


class Time(msgspec.Struct, forbid_unknown_fields=True):
    """Which past is looked at: whole days on the reader's calendar, both included."""

    since: date
    until: date


class Activation(msgspec.Struct, forbid_unknown_fields=True):
    """What was compared with, when it shall begin (now, when nothing is said), and why."""

    compared_with: int
    reason: Reason
    moment: str | None = None


class Base(msgspec.Struct, forbid_unknown_fields=True):
    """The version that a draft begins with; the one that is followed when none is named."""

    base: int | None = None


SEES, WORKS = access.permits("policies.see"), access.permits("policies.work")


class PolicyDrafts(Controller):
    """Drafts: read by whoever sees policies, worked on by fewer."""

    path = "/policies/{code:str}/drafts"
    include_in_schema = False

    @get("/{number:int}", guards=[SEES])
    async def show(self, request: Asked, code: FromPath[str], number: FromPath[int], actor: Me) -> Template:
        async with transaction():
            brand = await brand_of(code, actor)
            return frame.page(request, PAGE, **await _context(brand, number, actor))

    @post("/", guards=[WORKS])
    async def begin(self, request: Asked, code: FromPath[str], actor: Me) -> Response[None]:
        at = datetime.now(UTC)
        async with transaction():
            brand = await brand_of(code, actor)
            base = (await frame.form(request, Base)).base or (await versions.followed(brand.id, at=at)).id
            draft = await drafts.begin(brand=brand.id, base=base, staff=actor.id, at=at)
        return frame.back(request, f"/policies/{brand.code}/drafts/{draft}")

    @post("/{number:int}", guards=[WORKS])
    async def save(
        self, request: Asked, code: FromPath[str], number: FromPath[int], actor: Me
    ) -> Template | Response[None]:
        async with transaction():
            brand = await brand_of(code, actor)
            before = await _context(brand, number, actor)
            try:
                rules = await frame.form(request, Rules)
                if rules.act != "save":
                    return _with_order_moved(request, rules, before)
                await _save(rules, before["draft"], actor)
            except Invalid as wrong:
                return frame.invalid(request, PAGE, wrong, **before | {"order": _order_sent(request, before)})
            except drafts.DraftIsNewer as newer:
                return _both(request, rules, before, newer)
        return frame.back(request, f"/policies/{brand.code}/drafts/{number}", told=say("The draft is saved."))

    @post("/{number:int}/discarding", guards=[WORKS])
    async def discard(self, request: Asked, code: FromPath[str], number: FromPath[int], actor: Me) -> Response[None]:
        async with transaction():
            brand = await brand_of(code, actor)
            await drafts.discard(number, brand=brand.id, staff=actor.id, at=datetime.now(UTC))
        return frame.back(request, f"/policies/{brand.code}", told=say("The draft is gone."))

    @post("/{number:int}/simulations", guards=[WORKS])
    async def simulate(
        self, request: Asked, code: FromPath[str], number: FromPath[int], actor: Me
    ) -> Template | Response[None]:
        async with transaction():
            brand = await brand_of(code, actor)
            before = await _context(brand, number, actor)
            try:
                question = _question(await frame.form(request, Time), before["draft"], actor)
                asked = await simulation.start(question, staff=actor.id, at=datetime.now(UTC))
            except Invalid as wrong:
                return frame.invalid(request, PAGE, wrong, **before)
            except simulation.NothingDecided as nothing:
                return frame.invalid(request, PAGE, _at("since", nothing), **before)
        return frame.back(request, f"/simulations/{asked}")

    @post("/{number:int}/activation", guards=[WORKS])
    async def activate(
        self, request: Asked, code: FromPath[str], number: FromPath[int], actor: Me
    ) -> Template | Response[None]:
        async with transaction():
            brand = await brand_of(code, actor)
            before = await _context(brand, number, actor)
            try:
                version = await _activate(await frame.form(request, Activation), before["draft"], actor)
            except Invalid as wrong:
                return frame.invalid(request, PAGE, wrong, **before)
            except (versions.NothingNew, versions.NotAFutureMoment) as wrong:
                return frame.invalid(request, PAGE, _at("moment", wrong), **before)
            except (versions.AnotherIsFollowed, versions.AnotherIsPlanned) as newer:
                return frame.page(request, PAGE, status=newer.status, **before | {"conflict": _told(newer)})
            await drafts.discard(number, brand=brand.id, staff=actor.id, at=datetime.now(UTC))
        return after_activation(request, brand, version)


async def _context(brand: BrandFacts, number: int, actor: Actor) -> dict[str, Any]:
    at = datetime.now(UTC)
    draft = await drafts.find(number, brand=brand.id)
    followed = await versions.followed(brand.id, at=at)
    since, until = simulation.usual_time(at)
    zone = ZoneInfo(actor.time_zone)
    return {
        "brand": brand,
        "draft": draft,
        "rules": draft.rules,
        "order": [*draft.rules.tiers, *(tier for tier in TIERS if tier not in draft.rules.tiers)],
        "followed": followed,
        "differences": drafts.differences(followed.rules, draft.rules),
        "simulations": await simulation.of_brand(brand.id, limit=5, rules=draft.rules),
        "since": since.astimezone(zone).date(),
        "until": until.astimezone(zone).date(),
        "mine": None,
        "moved": None,
        "conflict": None,
    }


async def _save(rules: Rules, draft: Draft, actor: Actor) -> None:
    await drafts.save(
        draft.id,
        rules.policy(),
        brand=draft.brand,
        note=rules.note,
        version=rules.version,
        staff=actor.id,
        at=datetime.now(UTC),
    )


def _with_order_moved(request: Asked, rules: Rules, before: dict[str, Any]) -> Template:
    """The form as it was sent, with one circle a place further up or down; nothing is saved yet."""
    way, _, tier = rules.act.partition(":")
    order = list(_order_sent(request, before))
    if way in MOVES and tier in order:
        place = order.index(tier)
        order.insert(min(max(place + MOVES[way], 0), len(order) - 1), order.pop(place))
    return frame.page(request, PAGE, **before | {"order": order, "moved": tier})


def _order_sent(request: Asked, before: dict[str, Any]) -> list[str]:
    sent = [tier for tier in request.state.given.get("order", []) if tier in TIERS]
    return sent if sorted(sent) == sorted(TIERS) else before["order"]


def _both(request: Asked, rules: Rules, before: dict[str, Any], newer: drafts.DraftIsNewer) -> Template:
    """Mine, still in the form, and theirs beside it; saving now is over theirs, knowingly."""
    mine = rules.policy()
    context = {
        "mine": drafts.differences(before["draft"].rules, mine),
        "conflict": _told(newer),
        "rules": mine,
        "order": _order_sent(request, before),
    }
    request.state.given["version"] = before["draft"].version
    return frame.page(request, PAGE, status=newer.status, **before | context)


def _question(asked: Time, draft: Draft, actor: Actor) -> Question:
    if asked.until < asked.since:
        raise Invalid(errors=[Fault(path="until", message=say(TURNED_ROUND))])
    zone = ZoneInfo(actor.time_zone)
    since = datetime.combine(asked.since, time(), tzinfo=zone)
    until = datetime.combine(asked.until + timedelta(days=1), time(), tzinfo=zone)
    return Question(draft.brand, draft.rules, since, min(until, datetime.now(UTC)))


async def _activate(asked: Activation, draft: Draft, actor: Actor) -> int:
    return await versions.activate(
        draft.rules,
        brand=draft.brand,
        compared_with=asked.compared_with,
        moment=forms.moment(asked.moment, zone=actor.time_zone, field="moment"),
        reason=asked.reason,
        staff=actor.id,
        at=datetime.now(UTC),
    )


def _at(field: str, refused: Refused) -> Invalid:
    """A refusal as a fault at the field that would change it."""
    return Invalid(errors=[Fault(path=field, message=_told(refused))])


def _told(refused: Refused) -> str:
    return say(refused.sentence).format(**refused.facts)
