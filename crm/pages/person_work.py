"""What staff do about a person: put values right, write down consents and notes, look at a number, take a merge back.

Promises that each of it is done for people in scope alone, stands in the history without personal data, and can be undone where that is
possible. A value that somebody else changed meanwhile is shown beside what was typed: nothing is lost.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from crm import access, answers, consent, history, notes, people, reference, sight
from crm.consent import Purpose
from crm.database import transaction
from crm.errors import Fault, Invalid, NotThere, Refused
from crm.languages import later, say
from crm.network import local_day
from crm.pages import frame
from crm.pages import person as person_page
from crm.pages.forms import Asked
from crm.pages.person import Part
from crm.people import chronicle, corrections, portraits
from crm.people.corrections import Heard
from crm.people.portraits import Sketch
from crm.roles import Scope, visible_to

Why = Literal["call_back", "check_identity", "asked_by_person", "complaint"]
Contact = Literal["phone", "email"]
Told = Literal["by_phone", "in_person", "in_writing", "by_dealer"]


BY_THE_ALLIANCE = later("A yes to share with your own brand is written down by the alliance, not by the brand.")


class Unconsented(Refused):
    status = 403
    sentence = "This person did not agree that your brand may know who they are. Ask for consent first."


class Correction(msgspec.Struct):
    """A value put right, the version of the person it was written against, and who said so."""

    field: corrections.Field
    value: Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
    heard: Heard
    version: int


class Consent(msgspec.Struct):
    """An answer that somebody took by word of mouth; a yes names the wording that was read out."""

    purpose: Purpose
    brand: int
    state: consent.State
    told: Told
    channel: answers.Channel | None = None
    notice: int | None = None


class Reveal(msgspec.Struct):
    """What is to be shown of which observation, and what for."""

    field: Contact
    observation: UUID
    why: Why


class Parting(msgspec.Struct):
    """Why a merge is taken back."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class NoteForm(msgspec.Struct):
    """A note as its form sends it."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=notes.LONGEST)]


class Corrections(Controller):
    """Names, phones and e-mails put right."""

    path = "/people/{person:uuid}/corrections"
    guards = [access.permits("people.work")]
    include_in_schema = False

    @get("/")
    async def ask(self, request: Asked, person: FromPath[UUID], field: FromQuery[str] = "name") -> Template:
        async with transaction():
            sketch = await portraits.of(person, frame.scope_of(request))
        return frame.page(request, "crm/correction.html", person=sketch, field=field, mine=None)

    @post("/")
    async def correct(self, request: Asked, person: FromPath[UUID]) -> Response[Any]:
        scope = frame.scope_of(request)
        async with transaction():
            sketch = await portraits.of(person, scope)
        try:
            sent = await frame.form(request, Correction)
            async with transaction():
                made = await corrections.correct(
                    person,
                    field=sent.field,
                    value=sent.value,
                    heard=sent.heard,
                    version=sent.version,
                    actor=scope.actor,
                    brand=scope.brand,
                    at=_now(),
                )
        except Invalid as wrong:
            return frame.invalid(request, "crm/correction.html", wrong, person=sketch, field=None, mine=None)
        except corrections.ChangedMeanwhile as changed:
            return frame.page(
                request, "crm/correction.html", status=changed.status, person=sketch, field=sent.field, mine=sent
            )
        return frame.back(
            request, f"/people/{person}", told=say("Corrected."), undo=f"/people/{person}/corrections/{made}/undoing"
        )

    @post("/{observation:uuid}/undoing")
    async def take_back(self, request: Asked, person: FromPath[UUID], observation: FromPath[UUID]) -> Response[None]:
        scope = frame.scope_of(request)
        async with transaction():
            await portraits.of(person, scope)
            # Of this very person: who is out of the reader's sight is not reached by the address of somebody in it.
            if await corrections.take_back(observation, actor=scope.actor, brand=scope.brand, at=_now()) != person:
                raise NotThere
        return frame.back(request, f"/people/{person}", told=say("The correction was taken back."))


class Consents(Controller):
    """Answers that somebody gave by word of mouth."""

    path = "/people/{person:uuid}/consents"
    guards = [access.permits("people.work")]
    include_in_schema = False

    @post("/")
    async def record(self, request: Asked, person: FromPath[UUID]) -> Response[Any]:
        scope, at = frame.scope_of(request), _now()
        try:
            sent = await frame.form(request, Consent)
            async with transaction():
                await portraits.of(person, scope)
                await _record(person, sent, scope, at=at)
        except Refused as no:
            return await _person_again(request, person, "consents", no)
        told = say("The consent is recorded.") if sent.state == "given" else say("The withdrawal is recorded.")
        return frame.back(request, f"/people/{person}?part=consents", told=told)


class Reveals(Controller):
    """A phone or e-mail in clear, for a reason that history keeps."""

    path = "/people/{person:uuid}/reveals"
    guards = [access.permits("people.reveal")]
    include_in_schema = False

    @get("/")
    async def ask(
        self,
        request: Asked,
        person: FromPath[UUID],
        observation: FromQuery[UUID],
        field: FromQuery[Contact],
    ) -> Template:
        """The form that asks what for."""
        name = "crm/_reveal_form.html" if frame.wants_fragment(request) else "crm/reveal.html"
        return await _beside(request, name, person, observation, field)

    @get("/mask")
    async def hide(
        self,
        request: Asked,
        person: FromPath[UUID],
        observation: FromQuery[UUID],
        field: FromQuery[Contact],
    ) -> Template:
        """The value masked, as it was: what a revealed one becomes when its minute is over."""
        return await _beside(request, "crm/_masked.html", person, observation, field)

    @post("/")
    async def reveal(self, request: Asked, person: FromPath[UUID]) -> Response[Any]:
        scope = frame.scope_of(request)
        try:
            sent = await frame.form(request, Reveal)
        except Invalid as wrong:
            return await _reveal_again(request, person, wrong)
        async with transaction():
            sketch = await portraits.of(person, scope)
            if person not in await sight.names_in_clear([person], scope):
                raise Unconsented
            value = await portraits.contact(person, scope, observation=sent.observation, kind=sent.field)
            if value is None:
                raise NotThere
            facts = {"field": sent.field, "why": sent.why, "brand": scope.brand, "observation": str(sent.observation)}
            await history.note(scope.actor.actor, "revealed", "person", person, at=_now(), **facts)
        name = "crm/_revealed.html" if frame.wants_fragment(request) else "crm/revealed.html"
        answer = frame.page(request, name, person=sketch, field=sent.field, observation=sent.observation, value=value)
        answer.headers["cache-control"] = "no-store"
        if not frame.wants_fragment(request):
            answer.headers["refresh"] = f"60; url=/people/{person}"
        return answer


class Notes(Controller):
    """Notes on a person."""

    path = "/people/{person:uuid}/notes"
    guards = [access.permits("people.work")]
    include_in_schema = False

    @post("/")
    async def write(self, request: Asked, person: FromPath[UUID]) -> Response[Any] | Template:
        scope = frame.scope_of(request)
        try:
            sent = await frame.form(request, NoteForm)
            async with transaction():
                await portraits.of(person, scope)
                note = await notes.write("person", person, text=sent.text, by=scope.actor, at=_now(), brand=scope.brand)
        except Refused as no:
            return await _person_again(request, person, "identity", no)
        undo = f"/people/{person}/notes/{note}/retracting"
        return frame.back(request, f"/people/{person}#notes", told=say("Note added."), undo=undo)

    @post("/{note:uuid}/retracting")
    async def retract(self, request: Asked, person: FromPath[UUID], note: FromPath[UUID]) -> Response[Any]:
        async with transaction():
            await notes.retract(note, subject=person, by=frame.scope_of(request).actor, at=_now())
        undo = f"/people/{person}/notes/{note}/restoring"
        return frame.back(request, f"/people/{person}#notes", told=say("Note taken back."), undo=undo)

    @post("/{note:uuid}/restoring")
    async def restore(self, request: Asked, person: FromPath[UUID], note: FromPath[UUID]) -> Response[Any]:
        async with transaction():
            await notes.restore(note, subject=person, by=frame.scope_of(request).actor)
        return frame.back(request, f"/people/{person}#notes", told=say("The note is there again."))


class Merges(Controller):
    """Merges taken back: of whomever, whichever brand the pages are narrowed to. That is a filter of lists, not of acts."""

    path = "/merges/{merge:uuid}"
    guards = [access.permits("people.merge")]
    include_in_schema = False

    @get("/")
    async def ask(self, request: Asked, merge: FromPath[UUID]) -> Template:
        async with transaction():
            shown = await _parting(merge, visible_to(frame.scope_of(request).actor))
        return frame.page(request, "crm/merge.html", **shown)

    @post("/undoing")
    async def part(self, request: Asked, merge: FromPath[UUID]) -> Response[Any]:
        actor = frame.scope_of(request).actor
        try:
            sent = await frame.form(request, Parting)
            async with transaction():
                back = await people.unmerge(merge, actor=actor.actor, at=_now(), reason=sent.reason)
                restored = await portraits.of(back, visible_to(actor))
                is_listed = await portraits.is_seen(back, frame.scope_of(request))
        except Refused as no:
            async with transaction():
                shown = await _parting(merge, visible_to(actor))
            return frame.invalid(request, "crm/merge.html", no, **shown)
        told = say("They are two again; P-%(no)s is restored.") % {"no": restored.no}
        return frame.back(request, f"/people/{back}" if is_listed else "/people", told=told)


async def _person_again(request: Asked, person: UUID, part: Part, no: Refused) -> Template:
    """The person's page with the form as it was sent."""
    scope = frame.scope_of(request)
    async with transaction():
        shown = await person_page.shown(request, await portraits.of(person, scope), part, scope)
    return frame.invalid(request, "crm/person.html", no, **shown)


async def _reveal_again(request: Asked, person: UUID, wrong: Invalid) -> Template:
    given = request.state.given
    contact: Contact | None = next((one for one in get_args(Contact) if one == given.get("field")), None)
    try:
        observation = UUID(given.get("observation"))
    except (ValueError, TypeError, AttributeError):
        raise wrong from None
    if contact is None:
        raise wrong
    name = "crm/_reveal_form.html" if frame.wants_fragment(request) else "crm/reveal.html"
    return await _beside(request, name, person, observation, contact, wrong=wrong)


async def _record(person: UUID, sent: Consent, scope: Scope, *, at: datetime) -> None:
    known = {brand.id for brand in (await reference.load()).brands.values()}
    if sent.brand not in known or scope.brand not in (None, sent.brand):
        raise Invalid(errors=[Fault(path="brand", message=say("Please choose one of the list."))])
    if sent.state == "given" and sent.purpose == "share_with_brand" and scope.actor.brand is not None:
        # It opens the person's name and number to whoever writes it down: nobody lets themselves in.
        raise Invalid(errors=[Fault(path="purpose", message=say(BY_THE_ALLIANCE))])
    wordings = {wording.id for wording in await answers.wordings(local_day(at))}
    if (sent.notice is not None and sent.notice not in wordings) or (sent.state == "given" and sent.notice is None):
        raise Invalid(errors=[Fault(path="notice", message=say("Choose the wording that you read out."))])
    answer = consent.Answer(sent.purpose, sent.brand, sent.state, channel=sent.channel, notice_version=sent.notice)
    evidence = msgspec.json.encode({"actor": scope.actor.actor, "told": sent.told, "at": at, "answer": answer})
    await consent.record([answer], person=person, captured_at=at, at=at, actor=scope.actor.actor, evidence=evidence)
    facts = {"told": sent.told, "brand": sent.brand, "purpose": sent.purpose, "state": sent.state}
    await history.note(scope.actor.actor, "consent_taken", "person", person, at=at, **facts)


async def _parting(merge: UUID, scope: Scope) -> dict[str, Any]:
    survivor = await chronicle.survivor_of(merge)
    joined = next(one for one in await chronicle.merges(survivor) if one.id == merge)
    return {"joined": joined, "person": await portraits.of(survivor, scope)}


async def _beside(
    request: Asked, name: str, person: UUID, observation: UUID, field: Contact, *, wrong: Invalid | None = None
) -> Template:
    async with transaction():
        sketch = await portraits.of(person, frame.scope_of(request))
    masked = _masked(sketch, observation, field)
    context: dict[str, Any] = {"person": sketch, "field": field, "observation": observation, "shown": masked}
    return frame.invalid(request, name, wrong, **context) if wrong else frame.page(request, name, **context)


def _masked(sketch: Sketch, observation: UUID, field: Contact) -> str:
    found = next((one for one in sketch.registrations if one.observation == observation), None)
    shown = found and (found.phone if field == "phone" else found.email)
    if not shown:
        raise NotThere
    return shown


def _now() -> datetime:
    return datetime.now(UTC)


CONTROLLERS = (Corrections, Consents, Reveals, Notes, Merges)
