"""One lead's page: who asks, what for, why which store, what happened, and what is to be done next.

Promises one address per view (`receipt`, `why`, `replay`, `told` are in it) and parts that can be fetched alone. Reads only; the doors through
which staff change a lead are `lead_notes`, `lead_work` and `lead_offers`.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, get
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from crm import access, notes, tasks
from crm.database import transaction
from crm.errors import NotThere
from crm.pages import frame
from crm.pages.forms import Asked
from crm.roles import Scope
from leads import dossier, kinds, story
from leads.dossier import Dossier
from leads.pages import lead_work
from leads.registrations import fan_out
from leads.routing import drawing, foresight, receipts
from leads.routing.drawing import Drawing
from leads.steering import heard_of

PAGE = "leads/lead.html"
# What htmx may ask for alone: the id of the part, and its template.
PARTS = {"receipt": "leads/_receipt_of_lead.html", "timeline": "leads/_timeline.html"}


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What of a lead is looked at: a receipt, the names behind one reason, whether it is replayed, and the kinds of events."""

    receipt: UUID | None = None
    why: str | None = None
    replay: bool = False
    told: tuple[str, ...] = ()


class LeadPage(Controller):
    """A lead, and its receipt or timeline alone when a script asks for them."""

    path = "/leads"
    guards = [access.permits("leads.see")]
    include_in_schema = False

    @get("/{lead:uuid}")
    async def show(
        self,
        request: Asked,
        lead: FromPath[UUID],
        *,
        receipt: FromQuery[UUID | None] = None,
        why: FromQuery[str | None] = None,
        replay: FromQuery[bool] = False,
        told: FromQuery[list[str] | None] = None,
    ) -> Template:
        view = View(receipt=receipt, why=why, replay=replay, told=tuple(told or ()))
        part = request.headers.get("hx-target", "") if frame.wants_fragment(request) else ""
        at = datetime.now(UTC)
        async with transaction():
            context = await context_of(lead, view, scope=frame.scope_of(request), at=at)
        return frame.page(request, PARTS.get(part, PAGE), **context)


async def context_of(lead: UUID, view: View, *, scope: Scope, at: datetime) -> dict[str, Any]:
    """Everything that the page of a lead, or a part of it, is drawn from."""
    seen = await dossier.read(lead, scope=scope)
    drawings = await drawing.of_lead(lead, scope=scope)
    drawn = _chosen(drawings, view.receipt)
    shown = [kind for kind in view.told if kind in story.KINDS]
    events = await story.tell(seen, scope=scope, at=at, kinds=shown or story.KINDS)
    return {
        "lead": seen,
        "at": at,
        "next_after": {offer.id: await foresight.after(offer.receipt, at=at) for _, offer in seen.late(at)},
        "drawings": _one_per_interest(drawings, drawn),
        "drawn": drawn,
        "heard": await heard_of(drawn.interest, at=drawn.decided_at) if drawn else None,
        "heard_words": lead_work.HEARD,
        "decisions": [one for one in drawings if drawn and one.interest == drawn.interest],
        "why": view.why,
        "asked": {"receipt": view.receipt, "why": view.why, "told": shown},
        "replayed": await receipts.comes_out_the_same(drawn.id) if drawn and view.replay else None,
        "days": story.by_day(events),
        "told_kinds": shown,
        "all_kinds": story.KINDS,
        "notes": await notes.on("lead", [lead], scope=scope),
        "tasks": await tasks.on("lead", [lead], scope=scope),
        "colleagues": await tasks.colleagues(scope.actor) if scope.actor.may("leads.work") else [],
        "kind_words": {kind.code: kind for kind in kinds.INTERESTS},
        "stage_words": {stage.code: stage for stage in kinds.STAGES},
        "reason_words": {reason.code: reason for reason in kinds.REASONS},
        "turns": await fan_out.waiting(lead, scope=scope),
        "standing_of": _standings(seen),
        "region_name": dossier.place_name,
    }


def _chosen(drawings: Sequence[Drawing], receipt: UUID | None) -> Drawing | None:
    if receipt is None:
        return drawings[0] if drawings else None
    found = next((one for one in drawings if one.id == receipt), None)
    if found is None:
        raise NotThere
    return found


def _one_per_interest(drawings: Sequence[Drawing], drawn: Drawing | None) -> list[Drawing]:
    """One tab per interest, in a lasting order: its latest decision, or the one that is looked at."""
    latest: dict[UUID, Drawing] = {}
    for one in drawings:
        latest.setdefault(one.interest, one)
    if drawn:
        latest[drawn.interest] = drawn
    return sorted(latest.values(), key=lambda one: (one.brand, str(one.interest)))


def _standings(lead: Dossier) -> dict[tuple[int, str], str]:
    """given, withdrawn or mixed by brand and purpose: over all channels, a no to one beside a yes is mixed."""
    states: dict[tuple[int, str], set[str]] = {}
    for one in lead.standings:
        states.setdefault((one.brand, one.purpose), set()).add(one.state)
    return {asked: "mixed" if len(said) > 1 else next(iter(said)) for asked, said in states.items()}


CONTROLLERS = (LeadPage,)
