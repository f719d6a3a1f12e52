"""Bulk changes: chosen leads, what to do, what it would do, and the job that does it; each step is one page that works without scripts.

Promises that nothing is done before its effect was seen, that a form sent twice starts one job, and that its page may be left. What somebody
typed comes back with every fault; it stands in no address.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias
from uuid import UUID, uuid4

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from crm import access, history, languages, tasks
from crm.database import transaction
from crm.errors import Fault, Invalid
from crm.languages import later, say, say_count
from crm.pages import forms, frame
from crm.pages.forms import Asked
from crm.roles import Actor, Scope
from leads import bulk
from leads.bulk import KINDS, MOST, Kind, Selection, Wanted, choosing, showing, wanted
from leads.pages.lead_offers import WHY

Me: TypeAlias = NamedDependency[Actor]

NEW, JOB_PAGE, FRAGMENT = "leads/bulk_new.html", "leads/bulk.html", "leads/_bulk.html"
# What each kind is called on a button, and what its page says it does.
NAMES: dict[Kind, str] = {
    "offer": later("Offer to a store"),
    "withdraw": later("Take open offers back"),
    "hold": later("Hold as spam"),
    "release": later("Release from spam"),
    "campaign": later("Give a campaign"),
    "task": later("Add a task"),
    "note": later("Add a note"),
}
# These need nothing but the leads: their effect is shown at once.
BARE: tuple[Kind, ...] = ("hold", "release")


class Form(msgspec.Struct, forbid_unknown_fields=True):
    """Which leads, what is wanted, and the key by which the same form is known again; `all` means all that the query lists.

    `shown` are those of them that a preview counted.
    """

    lead: list[UUID] = []
    all: bool = False
    query: Annotated[str, msgspec.Meta(max_length=4000)] = ""
    shown: Annotated[str, msgspec.Meta(max_length=choosing.LONGEST_PACKED)] = ""
    kind: Kind | None = None
    store: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    reason: str | None = None
    words: str | None = None
    campaign: Annotated[str, msgspec.Meta(max_length=80)] | None = None
    text: str | None = None
    assignee: int | None = None
    due: str | None = None
    key: UUID | None = None

    def wanted(self, *, zone: str) -> Wanted:
        """The change that it asks for, with its moment on the writer's clock."""
        return Wanted(
            kind=self.kind or "note",
            store=(self.store or "").strip().upper() or None,
            reason=self.reason,
            words=self.words,
            campaign=self.campaign,
            text=self.text,
            assignee=self.assignee,
            due_at=forms.moment(self.due, zone=zone, field="due"),
        )


class Bulks(Controller):
    path = "/bulk"
    guards = [access.permits("leads.work")]
    include_in_schema = False

    @get("/")
    async def show_all(self, request: Asked, actor: Me, before: FromQuery[datetime | None] = None) -> Template:
        async with transaction():
            jobs = await showing.latest(actor, before=before)
        more = jobs[showing.PAGE - 1].created_at if len(jobs) > showing.PAGE else None
        return frame.page(request, "leads/bulks.html", jobs=jobs[: showing.PAGE], more=more, before=before, names=NAMES)

    @post("/")
    async def choose(self, request: Asked, actor: Me) -> Template:
        sent = await frame.form(request, Form)
        if sent.kind in BARE:
            return await _preview(request, actor, sent)
        return await _ask(request, actor, sent)

    @post("/previews")
    async def preview(self, request: Asked, actor: Me) -> Template:
        sent = await frame.form(request, Form)
        return await _preview(request, actor, sent)

    @post("/jobs")
    async def start(self, request: Asked, actor: Me) -> Response[None] | Template:
        sent, scope, at = await frame.form(request, Form), frame.scope_of(request), datetime.now(UTC)
        try:
            async with transaction():
                chosen = await _shown(sent, scope, at=at)
                job = await bulk.start(
                    sent.key or uuid4(), sent.wanted(zone=actor.time_zone), chosen.leads, scope=scope, at=at
                )
                more = await _more(sent, chosen, scope, at=at)
        except Invalid as wrong:
            return await _ask(request, actor, sent, wrong)
        told = say_count(
            "%(num)s more lead matches the list by now; it is not part of this.",
            "%(num)s more leads match the list by now; they are not part of this.",
            more,
        ) % {"num": languages.number(more)}
        return frame.back(request, f"/bulk/{job}", told=told if more else None)

    @get("/{job:uuid}")
    async def show(
        self,
        request: Asked,
        actor: Me,
        job: FromPath[UUID],
        fate: FromQuery[str | None] = None,
        after: FromQuery[int | None] = None,
    ) -> Template:
        async with transaction():
            shown = await showing.one(job, actor=actor)
            chosen = fate if fate in showing.FATES else next((it for it in showing.FATES if it in shown.fates), "done")
            listed = None
            if not shown.is_working:
                listed = await showing.lines(job, fate=chosen, scope=frame.scope_of(request), after=after)
        name = FRAGMENT if frame.wants_fragment(request) else JOB_PAGE
        return frame.page(
            request, name, job=shown, listed=listed, fate=chosen, fates=showing.FATES, names=NAMES, why=WHY
        )

    @get("/{job:uuid}/errors")
    async def errors(self, request: Asked, actor: Me, job: FromPath[UUID]) -> Response[str]:
        async with transaction():
            await showing.one(job, actor=actor)
            content = await showing.error_file(job, scope=frame.scope_of(request))
            await history.note(actor.actor, "bulk_errors_taken", "bulk", job, at=datetime.now(UTC))
        headers = {"content-disposition": 'attachment; filename="bulk-errors.csv"'}
        return Response(content, media_type="text/csv; charset=utf-8", headers=headers)

    @post("/{job:uuid}/cancelling")
    async def cancel(self, request: Asked, actor: Me, job: FromPath[UUID]) -> Response[None]:
        async with transaction():
            await bulk.cancel(job, actor=actor, at=datetime.now(UTC))
        return frame.back(request, f"/bulk/{job}", told=say("Stopped. What is done stays and can be undone."))

    @post("/{job:uuid}/undoing")
    async def undo(self, request: Asked, actor: Me, job: FromPath[UUID]) -> Response[None]:
        async with transaction():
            await bulk.undo(job, actor=actor, at=datetime.now(UTC))
        return frame.back(request, f"/bulk/{job}")


async def _chosen(sent: Form, scope: Scope, *, at: datetime) -> Selection:
    return _some(await bulk.select(scope, at=at, leads=sent.lead, query=sent.query if sent.all else None))


async def _shown(sent: Form, scope: Scope, *, at: datetime) -> Selection:
    """What the preview showed, and no lead that matches only since."""
    if not sent.all:
        return await _chosen(sent, scope, at=at)
    return _some(await bulk.select(scope, at=at, leads=choosing.unpacked(sent.shown)))


async def _more(sent: Form, chosen: Selection, scope: Scope, *, at: datetime) -> int:
    """How many match only since the preview."""
    if not sent.all:
        return 0
    now = await bulk.select(scope, at=at, query=sent.query)
    return len(set(now.leads) - set(chosen.leads))


def _some(chosen: Selection) -> Selection:
    if not chosen.leads:
        raise Invalid(errors=[Fault(path="lead", message="Choose the leads first.")])
    return chosen


async def _ask(request: Asked, actor: Actor, sent: Form, wrong: Invalid | None = None) -> Template:
    """What to do, and all that it needs."""
    scope, at = frame.scope_of(request), datetime.now(UTC)
    async with transaction():
        chosen = await bulk.select(scope, at=at, leads=sent.lead, query=sent.query if sent.all else None)
        context = {
            **_context(actor, sent, chosen),
            "stores": await wanted.stores(scope, at=at) if sent.kind == "offer" else [],
            "campaigns": await wanted.campaigns(scope) if sent.kind == "campaign" else [],
            "colleagues": await tasks.colleagues(actor) if sent.kind == "task" else [],
            "effect": None,
        }
    if wrong is None:
        return frame.page(request, NEW, **context)
    said = [Fault(path=fault["path"], message=say(fault["message"])) for fault in wrong.errors]
    return frame.invalid(request, NEW, Invalid(errors=said), **context)


async def _preview(request: Asked, actor: Actor, sent: Form) -> Template:
    """What it would do, before it does anything."""
    scope, at = frame.scope_of(request), datetime.now(UTC)
    if sent.kind is None or not actor.may(bulk.permission(sent.kind)):
        raise access.NotPermitted
    try:
        change = sent.wanted(zone=actor.time_zone)
        async with transaction():
            known = await bulk.check(change, scope=scope, at=at)
            chosen = await _chosen(sent, scope, at=at)
            effect = await bulk.effect(change, known, chosen.leads, scope=scope)
    except Invalid as wrong:
        return await _ask(request, actor, sent, wrong)
    context: dict[str, Any] = {
        "effect": effect,
        "shown": choosing.packed(chosen.leads),
        "skips": choosing.SKIPS,
        "known": known,
        "key": uuid4(),
    }
    return frame.page(request, NEW, **_context(actor, sent, chosen), **context)


def _context(actor: Actor, sent: Form, chosen: Selection) -> dict[str, Any]:
    kinds = [kind for kind in KINDS if actor.may(bulk.permission(kind))]
    return {"sent": sent, "chosen": chosen, "kinds": kinds, "names": NAMES, "why": WHY, "most": MOST,
            "reasons_to_withdraw": wanted.REASONS_TO_WITHDRAW, "undoable": bulk.UNDOABLE}  # fmt: skip


CONTROLLERS = (Bulks,)
