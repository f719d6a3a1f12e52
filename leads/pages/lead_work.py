"""How staff work on a lead: notes, tasks, the place, the interests, spam, and back to the machine.

Promises that whoever saves over somebody else's change is shown both values and loses nothing, and that every form comes back with what was
typed. Each handler reads its form, calls one verb and goes back to the lead.
"""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from crm import access, notes, reference, tasks
from crm.database import current, transaction
from crm.errors import Fault, Invalid, NotThere
from crm.languages import say
from crm.pages import frame
from crm.pages.forms import Asked
from crm.roles import Scope
from leads import dossier, kinds, steering
from leads.steering import Outdated, Wanted, finding_places, standing

LONG = Annotated[str, msgspec.Meta(min_length=1, max_length=notes.LONGEST)]
SHORT = Annotated[str, msgspec.Meta(min_length=1, max_length=tasks.LONGEST)]


class NoteForm(msgspec.Struct, forbid_unknown_fields=True):
    """`brand` is whom a note of the alliance is for; none is the alliance itself."""

    text: LONG
    brand: int | None = None


class TaskForm(msgspec.Struct, forbid_unknown_fields=True):
    """`due` is on the writer's clock, as their browser writes it."""

    task: SHORT
    due: str | None = None
    assignee: int | None = None


class PlaceForm(msgspec.Struct, forbid_unknown_fields=True):
    """The chosen region and the version of the lead that was on the screen; `q` is what was sought."""

    version: int
    region: str
    q: str | None = None


class InterestForm(msgspec.Struct, forbid_unknown_fields=True):
    """`car` is a brand's code, or brand/model."""

    version: int
    kind: str
    car: str | None = None
    preferred_store: str | None = None


class Notes(Controller):
    """Notes on a lead."""

    path = "/leads/{lead:uuid}/notes"
    guards = [access.permits("leads.work")]
    include_in_schema = False

    @post("/")
    async def write(self, request: Asked, lead: FromPath[UUID]) -> Response[Any]:
        sent, scope = await frame.form(request, NoteForm), frame.scope_of(request)
        async with transaction():
            await standing.need_lead(lead, scope=scope)
            note = await notes.write("lead", lead, text=sent.text, by=scope.actor, at=_now(), brand=sent.brand)
        return frame.back(
            request, f"/leads/{lead}#notes", told=say("Note added."), undo=f"/leads/{lead}/notes/{note}/retracting"
        )

    @post("/{note:uuid}/retracting")
    async def retract(self, request: Asked, lead: FromPath[UUID], note: FromPath[UUID]) -> Response[Any]:
        async with transaction():
            await notes.retract(note, subject=lead, by=frame.scope_of(request).actor, at=_now())
        return frame.back(
            request, f"/leads/{lead}#notes", told=say("Note taken back."), undo=f"/leads/{lead}/notes/{note}/restoring"
        )

    @post("/{note:uuid}/restoring")
    async def restore(self, request: Asked, lead: FromPath[UUID], note: FromPath[UUID]) -> Response[Any]:
        async with transaction():
            await notes.restore(note, subject=lead, by=frame.scope_of(request).actor)
        return frame.back(request, f"/leads/{lead}#notes", told=say("The note is there again."))


class Tasks(Controller):
    """Tasks on a lead."""

    path = "/leads/{lead:uuid}/tasks"
    guards = [access.permits("leads.work")]
    include_in_schema = False

    @post("/")
    async def ask(self, request: Asked, lead: FromPath[UUID]) -> Response[Any]:
        sent, scope = await frame.form(request, TaskForm), frame.scope_of(request)
        due_at = _moment(sent.due, zone=scope.actor.time_zone)
        async with transaction():
            await standing.need_lead(lead, scope=scope)
            await tasks.set_(
                "lead", lead, text=sent.task, by=scope.actor, at=_now(), due_at=due_at, assignee=sent.assignee
            )
        return frame.back(request, f"/leads/{lead}#tasks", told=say("Task added."))

    @post("/{task:uuid}/completion")
    async def done(self, request: Asked, lead: FromPath[UUID], task: FromPath[UUID]) -> Response[Any]:
        async with transaction():
            await tasks.done(task, subject=lead, scope=frame.scope_of(request), at=_now())
        return frame.back(
            request, f"/leads/{lead}#tasks", told=say("Done."), undo=f"/leads/{lead}/tasks/{task}/reopening"
        )

    @post("/{task:uuid}/reopening")
    async def reopen(self, request: Asked, lead: FromPath[UUID], task: FromPath[UUID]) -> Response[Any]:
        async with transaction():
            await tasks.reopen(task, subject=lead, scope=frame.scope_of(request))
        return frame.back(request, f"/leads/{lead}#tasks", told=say("The task is open again."))


class Place(Controller):
    """Where the person is: sought by a name or code, chosen from what fits."""

    path = "/leads/{lead:uuid}/place"
    guards = [access.permits("leads.work")]
    include_in_schema = False

    @get("/")
    async def choose(self, request: Asked, lead: FromPath[UUID], q: FromQuery[str | None] = None) -> Template:
        async with transaction():
            seen = await dossier.read(lead, scope=frame.scope_of(request))
        name = "leads/_regions.html" if frame.wants_fragment(request) else "leads/place.html"
        sought = q if q is not None else seen.address
        return frame.page(request, name, lead=seen, q=sought or "", regions=finding_places.like(sought or ""))

    @post("/")
    async def say(self, request: Asked, lead: FromPath[UUID]) -> Response[Any] | Template:
        scope = frame.scope_of(request)
        try:
            sent = await frame.form(request, PlaceForm)
            async with transaction():
                await steering.place(lead, region=sent.region, version=sent.version, scope=scope, at=_now())
                stays = await _is_seen(lead, scope)
        except Outdated as met:
            return await _conflict(request, lead, met, action=f"/leads/{lead}/place", fields={"region": sent.region})
        except Invalid as wrong:
            return await _place_again(request, lead, wrong)
        # A regional manager may have sent it to a colleague's region.
        return frame.back(
            request,
            f"/leads/{lead}" if stays else "/leads",
            told=say("The place is noted; what waited for it moves on."),
        )


class Interests(Controller):
    """What the person wants."""

    path = "/leads/{lead:uuid}/interests"
    guards = [access.permits("leads.work")]
    include_in_schema = False

    @get("/new")
    async def blank(self, request: Asked, lead: FromPath[UUID]) -> Template:
        return frame.page(request, "leads/interest.html", **await _interest_context(request, lead, None))

    @post("/")
    async def add(self, request: Asked, lead: FromPath[UUID]) -> Response[Any] | Template:
        return await self._save(request, lead, None)

    @get("/{interest:uuid}")
    async def show(self, request: Asked, lead: FromPath[UUID], interest: FromPath[UUID]) -> Template:
        async with transaction():
            await standing.need_interest(interest, lead=lead, scope=frame.scope_of(request))
        return frame.page(request, "leads/interest.html", **await _interest_context(request, lead, interest))

    @post("/{interest:uuid}")
    async def change(self, request: Asked, lead: FromPath[UUID], interest: FromPath[UUID]) -> Response[Any] | Template:
        return await self._save(request, lead, interest)

    @post("/{interest:uuid}/routing")
    async def route(self, request: Asked, lead: FromPath[UUID], interest: FromPath[UUID]) -> Response[Any]:
        scope = frame.scope_of(request)
        async with transaction():
            await standing.need_interest(interest, lead=lead, scope=scope)
            await steering.route_again(interest, scope=scope, at=_now())
        return frame.back(request, f"/leads/{lead}", told=say("Routing looks at it again."))

    async def _save(self, request: Asked, lead: UUID, interest: UUID | None) -> Response[Any] | Template:
        scope = frame.scope_of(request)
        try:
            sent = await frame.form(request, InterestForm)
            wanted = _wanted(sent)
            async with transaction():
                if interest is None:
                    await steering.add_interest(lead, wanted, version=sent.version, scope=scope, at=_now())
                else:
                    await standing.need_interest(interest, lead=lead, scope=scope)
                    await steering.change_interest(interest, wanted, version=sent.version, scope=scope, at=_now())
        except Outdated as met:
            action = f"/leads/{lead}/interests{f'/{interest}' if interest else ''}"
            fields = {"kind": sent.kind, "car": sent.car or "", "preferred_store": sent.preferred_store or ""}
            return await _conflict(request, lead, met, action=action, fields=fields)
        except Invalid as wrong:
            context = await _interest_context(request, lead, interest)
            return frame.invalid(request, "leads/interest.html", at_fields(wrong, brand="car", model="car"), **context)
        return frame.back(request, f"/leads/{lead}", told=say("The interest is noted; it goes on by itself."))


class Spam(Controller):
    """Whether it is a lead at all."""

    path = "/leads/{lead:uuid}/spam"
    guards = [access.permits("leads.work")]
    include_in_schema = False

    @post("/")
    async def mark(self, request: Asked, lead: FromPath[UUID]) -> Response[Any]:
        async with transaction():
            await steering.mark_spam(lead, scope=frame.scope_of(request), at=_now())
        return frame.back(request, f"/leads/{lead}", told=say("Marked as spam."), undo=f"/leads/{lead}/spam/undoing")

    @post("/undoing")
    async def unmark(self, request: Asked, lead: FromPath[UUID]) -> Response[Any]:
        async with transaction():
            await steering.unmark_spam(lead, scope=frame.scope_of(request), at=_now())
        return frame.back(request, f"/leads/{lead}", told=say("It is a lead again and goes the whole way."))


def at_fields(wrong: Invalid, **moved: str) -> Invalid:
    """The same faults in the reader's language, each at the field of the form that stands for its path."""
    return Invalid(
        errors=[Fault(path=moved.get(one["path"], one["path"]), message=say(one["message"])) for one in wrong.errors]
    )


async def cars(scope: Scope) -> list[tuple[int, str, list[str]]]:
    """Brands that this reader may name, with their models: (id, code, model codes)."""
    words = await reference.load()
    return [
        (brand.id, brand.code, [model.code for model in words.models.values() if model.brand == brand.id])
        for brand in sorted(words.brands.values(), key=lambda one: one.rank)
        if scope.actor.brand in (None, brand.id)
    ]


def _wanted(sent: InterestForm) -> Wanted:
    brand, _, model = (sent.car or "").partition("/")
    return Wanted(
        kind=sent.kind, brand=brand or None, model=model or None, preferred_store=sent.preferred_store or None
    )


async def _interest_context(request: Asked, lead: UUID, interest: UUID | None) -> dict[str, Any]:
    scope = frame.scope_of(request)
    async with transaction():
        seen = await dossier.read(lead, scope=scope)
        choices = await cars(scope)
    one = next((it for it in seen.interests if it.id == interest), None)
    return {"lead": seen, "interest": one, "interest_id": interest, "cars": choices, "kind_rows": kinds.INTERESTS}


async def _place_again(request: Asked, lead: UUID, wrong: Invalid) -> Template:
    async with transaction():
        seen = await dossier.read(lead, scope=frame.scope_of(request))
    sought = str(getattr(request.state, "given", {}).get("q") or "")
    return frame.invalid(
        request, "leads/place.html", at_fields(wrong), lead=seen, q=sought, regions=finding_places.like(sought)
    )


async def _conflict(request: Asked, lead: UUID, met: Outdated, *, action: str, fields: dict[str, str]) -> Template:
    """Both values side by side with the choice; the form to save mine carries what was typed, so nothing is lost."""
    scope = frame.scope_of(request)
    async with transaction():
        seen = await dossier.read(lead, scope=scope)
        ids = [str(lead), *(str(one.id) for one in seen.interests)]
        last = await current().fetchrow(_LAST_CHANGE, ids, scope.brand)
    fields = {**fields, "version": str(met.version)}
    return frame.page(
        request, "leads/conflict.html", status=Outdated.status, lead=seen, met=met, action=action, fields=fields, last=last,
        region_name=dossier.place_name, kind_words={kind.code: kind for kind in kinds.INTERESTS},
    )  # fmt: skip


async def _is_seen(lead: UUID, scope: Scope) -> bool:
    try:
        await standing.need_lead(lead, scope=scope)
    except NotThere:
        return False
    return True


def _moment(typed: str | None, *, zone: str) -> datetime | None:
    """What a browser's field for date and time says, on the writer's clock."""
    if not typed:
        return None
    try:
        said = datetime.fromisoformat(typed)
    except ValueError:
        raise Invalid(errors=[Fault(path="due", message=say("Please write a date like 2025-12-10."))]) from None
    return (said if said.tzinfo else said.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def _now() -> datetime:
    return datetime.now(UTC)


# Who changed a lead last. Grain: one row. $1 ids of the lead and its interests, $2 the brand whose other colleagues are nameless, or null.
_LAST_CHANGE = """
select case when $2::int is null or staff.brand is null or staff.brand = $2 then staff.name end as name, entry.at
from history_entry as entry left join staff on entry.actor = 'staff:' || staff.id
where entry.subject_kind in ('lead', 'interest') and entry.subject = any($1::text[])
order by entry.at desc, entry.id desc limit 1
"""

CONTROLLERS = (Notes, Tasks, Place, Interests, Spam)
