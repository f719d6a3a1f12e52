"""One's own account: language and time zone, password, second factor, and the browsers one is signed in with.

Promises that a new password or second factor leaves no other browser signed in and gives the one in hand a new cookie, and that recovery
codes are shown once. Refuses a new password without the old one.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template

from crm import access, history, origin, staff
from crm.database import transaction
from crm.errors import Fault, Invalid, NotThere
from crm.languages import say
from crm.pages import frame
from crm.pages.forms import Asked, form
from crm.pages.sign_in import carrying, forgetting
from crm.roles import Actor
from crm.staff import entrance, passwords, preferences, second_factor, sessions

Short = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Preferences(msgspec.Struct, forbid_unknown_fields=True):
    """How somebody likes to work."""

    time_zone: Short
    language: str | None = None
    shortcuts: bool = False


class NewPassword(msgspec.Struct, forbid_unknown_fields=True):
    """The old one, and the new one twice."""

    password: Short
    new_password: Short
    again: Short


class Code(msgspec.Struct, forbid_unknown_fields=True):
    """Six digits, or a recovery code."""

    code: Short


class Account(Controller):
    """What somebody may change of themselves."""

    path = "/account"
    guards = [access.permits("own")]
    include_in_schema = False

    @get("/")
    async def show(self, request: Asked, actor: NamedDependency[Actor]) -> Template:
        return await _account(request, actor)

    @post("/preferences")
    async def prefer(self, request: Asked, actor: NamedDependency[Actor]) -> Response[Any]:
        try:
            wanted = await form(request, Preferences)
            async with transaction():
                await preferences.settle(
                    actor, language=wanted.language, time_zone=wanted.time_zone, shortcuts=wanted.shortcuts
                )
        except Invalid as wrong:
            return await _account(request, actor, wrong=wrong)
        answer = frame.back(request, "/account", told=say("Saved."))
        # What was chosen here is meant for every browser: the choice kept in this one steps back.
        answer.set_cookie(frame.LANGUAGE, "", max_age=0, samesite="lax", secure=origin.is_https(request))
        return answer

    @post("/password")
    async def change_password(self, request: Asked, actor: NamedDependency[Actor]) -> Response[Any]:
        at = datetime.now(UTC)
        try:
            typed = await form(request, NewPassword)
            await _refuse_unusable(request, actor, typed, at=at)
        except Invalid as wrong:
            return await _account(request, actor, wrong=wrong)
        kept = await passwords.make(typed.new_password)
        async with transaction():
            await staff.set_password(actor.id, kept, actor=actor.actor, at=at)
            token = await sessions.start(actor.id, step="full", browser=origin.browser(request), at=at)
        told = say("Your password is changed. Every other browser is signed out.")
        return carrying(request, frame.back(request, "/account", told=told), token)

    @post("/second-factor")
    async def begin_second_factor(self, request: Asked, actor: NamedDependency[Actor]) -> Response[None]:
        async with transaction():
            await second_factor.begin(actor.id)
        return frame.back(request, "/account/second-factor")

    @get("/second-factor")
    async def show_second_factor(self, request: Asked, actor: NamedDependency[Actor]) -> Response[Any]:
        async with transaction():
            draft = await second_factor.draft(actor.id)
        if draft is None:
            return frame.back(request, "/account")
        return frame.page(request, "crm/second_factor.html", draft=draft)

    @post("/second-factor/confirmation")
    async def confirm_second_factor(self, request: Asked, actor: NamedDependency[Actor]) -> Response[Any]:
        at = datetime.now(UTC)
        try:
            typed = await form(request, Code)
            async with transaction():
                codes = await second_factor.confirm(actor.id, typed.code, at=at)
                await sessions.end_all(actor.id, why="second factor", at=at, but=actor.session)
                token = await sessions.rotate(actor, at=at)
        except (Invalid, second_factor.NotTheseDigits) as wrong:
            return await _confirm_again(request, actor, _as_faults(wrong))
        return carrying(request, _codes_page(request, codes), token)

    @post("/second-factor/removal")
    async def drop_second_factor(self, request: Asked, actor: NamedDependency[Actor]) -> Response[Any]:
        try:
            typed = await form(request, Code)
            await _refuse_wrong_digits(request, actor, typed.code)
        except Invalid as wrong:
            return await _account(request, actor, wrong=wrong)
        async with transaction():
            await second_factor.drop(actor.id, actor=actor.actor, at=datetime.now(UTC))
        return frame.back(request, "/account", told=say("The second factor is off."))

    @post("/second-factor/recovery-codes")
    async def renew_codes(self, request: Asked, actor: NamedDependency[Actor]) -> Response[Any]:
        try:
            typed = await form(request, Code)
            await _refuse_wrong_digits(request, actor, typed.code)
        except Invalid as wrong:
            return await _account(request, actor, wrong=wrong)
        async with transaction():
            codes = await second_factor.make_recovery_codes(actor.id)
            await history.note(actor.actor, "recovery_codes_made", "staff", actor.id, at=datetime.now(UTC))
        return _codes_page(request, codes)


class Sessions(Controller):
    """The browsers somebody is signed in with."""

    path = "/account/sessions"
    guards = [access.permits("own")]
    include_in_schema = False

    @get("/")
    async def show(self, request: Asked, actor: NamedDependency[Actor]) -> Template:
        async with transaction():
            mine = await sessions.list_of(actor.id, at=datetime.now(UTC))
        return frame.page(request, "crm/sessions.html", sessions=mine, idle=sessions.idle_of(actor))

    @post("/ending")
    async def end_others(self, request: Asked, actor: NamedDependency[Actor]) -> Response[None]:
        at = datetime.now(UTC)
        async with transaction():
            ended = await sessions.end_all(actor.id, why="signed out everywhere", at=at, but=actor.session)
            await history.note(actor.actor, "signed_out_everywhere", "staff", actor.id, at=at, sessions=ended)
        return frame.back(request, "/account/sessions", told=say("Every other browser is signed out."))

    @post("/{session:uuid}/ending")
    async def end_one(self, request: Asked, session: FromPath[UUID], actor: NamedDependency[Actor]) -> Response[None]:
        async with transaction():
            if not await sessions.end(session, staff=actor.id, why="signed out", at=datetime.now(UTC)):
                raise NotThere
        if session == actor.session:
            return forgetting(request, frame.back(request, "/sign-in"))
        return frame.back(request, "/account/sessions", told=say("That browser is signed out."))


async def _account(request: Asked, actor: Actor, *, wrong: Invalid | None = None) -> Template:
    async with transaction():
        me = await staff.show(actor.id, at=datetime.now(UTC))
        context: dict[str, Any] = {
            "me": me,
            "zones": [(zone, zone.replace("_", " ")) for zone in dict.fromkeys([*preferences.ZONES, actor.time_zone])],
            "codes_left": await second_factor.codes_left(actor.id),
            "has_password": await staff.has_password(actor.id),
        }
    return (
        frame.invalid(request, "crm/account.html", wrong, **context)
        if wrong
        else frame.page(request, "crm/account.html", **context)
    )


async def _refuse_unusable(request: Asked, actor: Actor, typed: NewPassword, *, at: datetime) -> None:
    """The old password guards the new one, and guessing it here counts like guessing it at the door."""
    if typed.new_password != typed.again:
        raise Invalid(errors=[Fault(path="again", message=say("The two are not the same."))])
    try:
        passwords.refuse_weak(typed.new_password, login=actor.login)
    except Invalid as weak:
        raise Invalid(errors=[Fault(path="new_password", message=weak.errors[0]["message"])]) from None
    async with transaction():
        knocked = await entrance.knock(actor.login, address=origin.address(request), at=at)
    if not await passwords.fits(knocked.password_hash, typed.password):
        raise Invalid(errors=[Fault(path="password", message=say("This is not your password."))])
    async with transaction():
        await entrance.forgive(knocked)


async def _refuse_wrong_digits(request: Asked, actor: Actor, typed: str) -> None:
    async with transaction():
        fits = await entrance.prove(actor, typed, address=origin.address(request), at=datetime.now(UTC))
    if not fits:
        raise Invalid(errors=[Fault(path="code", message=say("These digits do not fit, or were used already."))])


async def _confirm_again(request: Asked, actor: Actor, wrong: Invalid) -> Template:
    async with transaction():
        draft = await second_factor.draft(actor.id)
    return frame.invalid(request, "crm/second_factor.html", wrong, draft=draft)


def _as_faults(wrong: Invalid | second_factor.NotTheseDigits) -> Invalid:
    if isinstance(wrong, Invalid):
        return wrong
    return Invalid(errors=[Fault(path="code", message=say(wrong.sentence))])


def _codes_page(request: Asked, codes: Sequence[str]) -> Template:
    return frame.page(request, "crm/recovery_codes.html", codes=codes)


CONTROLLERS = (Account, Sessions)
