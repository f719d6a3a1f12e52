"""One person: everything that is known and was done, in parts that have an address each.

Promises that a person out of scope is answered like one who does not exist, that a merged number leads to whoever it stands for today, and
that phones and e-mails are masked. Works without any script.
"""

from datetime import UTC, datetime
from typing import Any, Literal, get_args
from uuid import UUID

from litestar import Controller, get
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from crm import access, answers, notes, sharing, sight, vehicles
from crm.database import transaction
from crm.network import local_day
from crm.pages import frame, person_story
from crm.pages.forms import Asked
from crm.pages.person_story import Ledgers, Line
from crm.people import chronicle, portraits
from crm.people.portraits import Sketch
from crm.roles import Scope

Part = Literal["identity", "leads", "history", "consents", "sharing", "cars"]


class Person(Controller):
    path = "/people/{person:uuid}"
    guards = [access.permits("people.see")]
    include_in_schema = False

    @get("/")
    async def show(
        self,
        request: Asked,
        person: FromPath[UUID],
        part: FromQuery[str | None] = None,
        only: FromQuery[str | None] = None,
    ) -> Template | Redirect:
        scope = frame.scope_of(request)
        async with transaction():
            survivor = await portraits.survivor(person)
            sketch = await portraits.of(survivor, scope)
            if survivor != person:
                return Redirect(f"/people/{survivor}", status_code=302)
            known = await shown(request, sketch, _part(part), scope, only=only)
        return frame.page(request, "crm/person.html", **known)


async def shown(request: Asked, sketch: Sketch, part: Part, scope: Scope, *, only: str | None = None) -> dict[str, Any]:
    """What the page needs: the record and consents beside every part, and that part."""
    person, actor = sketch.person, scope.actor
    brands = [brand.id for brand in request.state.brands]
    joined = await chronicle.merges(person)
    merges = joined if actor.may("people.merge") and scope.brand is None else []
    known = [one.loser for one in merges] + [one.runner_up for one in sketch.registrations if one.runner_up]
    return {
        "person": sketch,
        "part": part,
        "why": next((one for one in sketch.registrations if one.outcome == "linked" and one.parts), None),
        "merges": merges,
        "names": await portraits.known_as(known, scope) if scope.brand is None else {},
        "matrix": await answers.matrix(person, scope, brands=brands),
        "given_answers": await answers.given(person, scope) if part == "consents" else [],
        "wordings": await answers.wordings(local_day(datetime.now(UTC))) if part == "consents" else [],
        "handed_over": await sharing.log(person, scope) if part == "sharing" else [],
        "cars": await vehicles.owned_by(person, scope) if part == "cars" else [],
        "notes": await notes.on("person", [person, *(one.loser for one in joined)], scope=scope),
        "days": await _story(request, sketch, scope, only=only) if part == "history" else [],
        "only": only,
        "may_reveal": actor.may("people.reveal") and person in await sight.names_in_clear([person], scope),
        "mine": None,
    }


async def _story(request: Asked, sketch: Sketch, scope: Scope, *, only: str | None) -> list[tuple[str, list[Line]]]:
    told = Ledgers(
        sketch,
        await chronicle.of(sketch.person, scope),
        await answers.given(sketch.person, scope),
        await sharing.log(sketch.person, scope),
    )
    return person_story.days(told, brands=request.state.brands, only=only)


def _part(asked: str | None) -> Part:
    return next((part for part in get_args(Part) if part == asked), "identity")


CONTROLLERS = (Person,)
