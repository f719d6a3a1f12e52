"""Who works here: the list, a new colleague, another role, a new password, and the end.

Promises that a password made here is shown once and that whoever is disabled is out at once. Refuses to overwrite what another administrator
changed meanwhile: both are shown.
"""

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from crm import access, history, staff
from crm.database import current, transaction
from crm.errors import Invalid
from crm.languages import say
from crm.pages import frame
from crm.pages.forms import Asked, form
from crm.roles import ROLES, Actor, Role
from crm.staff import ChangedMeanwhile, Colleague, Duty, passwords, sessions

Line = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]


class NewColleague(msgspec.Struct, forbid_unknown_fields=True):
    """Login, name, role and its limits."""

    login: Line
    name: Line
    role: Role
    brand: str | None = None
    region: str | None = None
    dealer: str | None = None


class Changed(msgspec.Struct, forbid_unknown_fields=True):
    """What an administrator may change, and the version they saw."""

    name: Line
    role: Role
    version: int
    brand: str | None = None
    region: str | None = None
    dealer: str | None = None


class Staff(Controller):
    """Colleagues, for administrators of the alliance."""

    path = "/staff"
    guards = [access.permits("staff")]
    include_in_schema = False

    @get("/")
    async def list_them(
        self,
        request: Asked,
        q: FromQuery[str] = "",
        role: FromQuery[Role | None] = None,
        disabled: FromQuery[str] = "no",
        after: FromQuery[str] = "",
    ) -> Template:
        async with transaction():
            found = await staff.everybody(at=_now(), role=role, text=q, disabled=disabled, after=after)
        shown = found[: staff.PAGE]
        asked = {"q": q, "role": role, "disabled": None if disabled == "no" else disabled}
        older = shown[-1].login if len(found) > staff.PAGE else None
        return frame.page(request, "crm/staff.html", people=shown, asked=asked, roles=ROLES, after=older)

    @get("/new")
    async def ask(self, request: Asked) -> Template:
        return await _new_page(request)

    @post("/")
    async def add(self, request: Asked, actor: NamedDependency[Actor]) -> Response[Any]:
        password = passwords.invent()
        try:
            said = await form(request, NewColleague)
            kept = await passwords.make(password)
            async with transaction():
                duty = Duty(said.role, said.brand, said.region, said.dealer)
                number = await staff.add(
                    said.login, name=said.name, duty=duty, password_hash=kept, actor=actor.actor, at=_now()
                )
        except Invalid as wrong:
            return await _new_page(request, wrong=wrong)
        return await _password_page(request, number, password)

    @get("/{number:int}")
    async def show(self, request: Asked, number: FromPath[int]) -> Template:
        return await _colleague_page(request, number)

    @post("/{number:int}")
    async def change(self, request: Asked, number: FromPath[int], actor: NamedDependency[Actor]) -> Response[Any]:
        try:
            said = await form(request, Changed)
            async with transaction():
                duty = Duty(said.role, said.brand, said.region, said.dealer)
                await staff.change(
                    number, name=said.name, duty=duty, version=said.version, actor=actor.actor, at=_now()
                )
        except Invalid as wrong:
            return await _colleague_page(request, number, wrong=wrong)
        except ChangedMeanwhile as meanwhile:
            return await _colleague_page(request, number, status=meanwhile.status, meanwhile=True)
        return frame.back(request, f"/staff/{number}", told=say("Saved."))

    @post("/{number:int}/disabling")
    async def disable(self, request: Asked, number: FromPath[int], actor: NamedDependency[Actor]) -> Response[None]:
        async with transaction():
            await staff.disable(number, actor=actor.actor, at=_now())
        told = say("Disabled and signed out everywhere.")
        return frame.back(request, f"/staff/{number}", told=told, undo=f"/staff/{number}/enabling")

    @post("/{number:int}/enabling")
    async def enable(self, request: Asked, number: FromPath[int], actor: NamedDependency[Actor]) -> Response[None]:
        async with transaction():
            await staff.enable(number, actor=actor.actor, at=_now())
        return frame.back(request, f"/staff/{number}", told=say("They may sign in again."))

    @post("/{number:int}/password")
    async def give_password(
        self, request: Asked, number: FromPath[int], actor: NamedDependency[Actor]
    ) -> Response[Any]:
        password = passwords.invent()
        kept = await passwords.make(password)
        async with transaction():
            await staff.set_password(number, kept, actor=actor.actor, at=_now())
        return await _password_page(request, number, password)

    @post("/{number:int}/second-factor/removal")
    async def reset_second_factor(
        self, request: Asked, number: FromPath[int], actor: NamedDependency[Actor]
    ) -> Response[None]:
        async with transaction():
            await staff.reset_second_factor(number, actor=actor.actor, at=_now())
        return frame.back(
            request, f"/staff/{number}", told=say("The second factor is off; they can set up another one.")
        )

    @post("/{number:int}/sessions/ending")
    async def sign_out(self, request: Asked, number: FromPath[int], actor: NamedDependency[Actor]) -> Response[None]:
        async with transaction():
            ended = await sessions.end_all(number, why="by an administrator", at=_now())
            await history.note(actor.actor, "signed_out_everywhere", "staff", number, at=_now(), sessions=ended)
        return frame.back(request, f"/staff/{number}", told=say("Signed out everywhere."))


async def _new_page(request: Asked, *, wrong: Invalid | None = None) -> Template:
    async with transaction():
        limits = await _limits()
    if wrong is not None:
        return frame.invalid(request, "crm/staff_new.html", wrong, **limits)
    return frame.page(request, "crm/staff_new.html", **limits)


async def _colleague_page(
    request: Asked, number: int, *, status: int = 200, wrong: Invalid | None = None, meanwhile: bool = False
) -> Template:
    async with transaction():
        one = await staff.show(number, at=_now())
        context: dict[str, Any] = {
            **await _limits(),
            "one": one,
            "meanwhile": meanwhile,
            "browsers": await sessions.list_of(number, at=_now()),
            "added_by": await _name_of(one),
        }
    if wrong is not None:
        return frame.invalid(request, "crm/colleague.html", wrong, **context)
    return frame.page(request, "crm/colleague.html", status=status, **context)


async def _password_page(request: Asked, number: int, password: str) -> Template:
    async with transaction():
        one = await staff.show(number, at=_now())
    return frame.page(request, "crm/password_made.html", one=one, password=password)


async def _limits() -> dict[str, Any]:
    """What a role can be limited to: provinces and cities, and the companies that run stores."""
    regions = await current().fetch(
        "select code, name_zh, parent from region where level in ('province', 'city') order by code"
    )
    dealers = await current().fetch(
        "select dealer.code, legal_name from dealer join party on party.id = party order by dealer.code"
    )
    return {
        "roles": ROLES,
        "regions": [(row["code"], f"{row['code']} {row['name_zh']}") for row in regions],
        # Most companies come in by their code alone.
        "dealers": [(row["code"], " ".join(dict.fromkeys((row["code"], row["legal_name"])))) for row in dealers],
    }


async def _name_of(one: Colleague) -> str:
    kind, _, number = one.created_by.partition(":")
    if kind != "staff" or not number.isdigit():
        return one.created_by
    name: str | None = await current().fetchval("select name from staff where id = $1", int(number))
    return name or one.created_by


def _now() -> datetime:
    return datetime.now(UTC)


CONTROLLERS = (Staff,)
