"""What the house is set to: notices with their versions, keys of machines, and an overview of both.

Promises that a key is shown once, on the page that answers the form, and that adding a version changes no wording that anybody answered.
"""

from datetime import UTC, date, datetime
from itertools import groupby
from typing import Annotated, Any, Literal

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from crm import access, keys, notices
from crm.database import current, transaction
from crm.errors import Fault, Invalid, NotKnown
from crm.languages import say
from crm.network import LOCAL
from crm.pages import frame
from crm.pages.forms import Asked, form
from crm.roles import Actor

# What an operator looks at first: how many there are of each, and where to change them.
_OVERVIEW = """
select (select count(*) from staff where disabled_at is null) as staff,
       (select count(*) from staff where disabled_at is null and totp_confirmed_at is null and password_hash is not null)
           as without_second_factor,
       (select count(*) from api_key where revoked_at is null) as keys,
       (select count(*) from api_key where revoked_at is null and last_used_at is null) as unused_keys,
       (select count(*) from notice) as notices,
       (select count(*) from notice_version) as wordings
"""


class NewNotice(msgspec.Struct, forbid_unknown_fields=True):
    """A wording in one language, valid from a day on."""

    notice: str
    version: str
    language: str
    text: str
    valid_from_on: date


class NewKey(msgspec.Struct, forbid_unknown_fields=True):
    """Whose key it is: a source by its code (made when new), or a dealer by its."""

    kind: Literal["source", "dealer"]
    code: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


class Settings(Controller):
    """The overview."""

    path = "/settings"
    guards = [access.permits("settings")]
    include_in_schema = False

    @get("/")
    async def show(self, request: Asked) -> Template:
        async with transaction():
            [counts] = await current().fetch(_OVERVIEW)
        return frame.page(request, "crm/settings.html", counts=counts)


class Notices(Controller):
    """The wordings that people are shown."""

    path = "/notices"
    guards = [access.permits("settings")]
    include_in_schema = False

    @get("/")
    async def list_them(self, request: Asked) -> Template:
        async with transaction():
            wordings = await notices.every_wording()
        known = [(code, list(those)) for code, those in groupby(wordings, key=lambda it: it.notice)]
        return frame.page(request, "crm/notices.html", notices=known, today=_today())

    @get("/new")
    async def ask(
        self, request: Asked, notice: FromQuery[str] = "", version: FromQuery[str] = "", language: FromQuery[str] = ""
    ) -> Template:
        former = None
        if notice and version and language:
            async with transaction():
                former = await notices.show(notice, version=version, language=language)
        return frame.page(request, "crm/notice_new.html", notice=notice, former=former, today=_today())

    @post("/")
    async def add(self, request: Asked, actor: NamedDependency[Actor]) -> Response[Any]:
        try:
            said = await form(request, NewNotice)
            async with transaction():
                await notices.add(
                    said.notice,
                    version=said.version,
                    language=said.language,
                    text=said.text,
                    valid_from_on=said.valid_from_on,
                    actor=actor.actor,
                    at=datetime.now(UTC),
                )
        except Invalid as wrong:
            return frame.invalid(request, "crm/notice_new.html", wrong, notice="", former=None, today=_today())
        notices.forget()
        return frame.back(request, "/notices", told=say("The new version is there."))


class Keys(Controller):
    """The keys of machines."""

    path = "/keys"
    guards = [access.permits("keys")]
    include_in_schema = False

    @get("/")
    async def list_them(
        self,
        request: Asked,
        code: FromQuery[str | None] = None,
        shown: FromQuery[Literal["live", "revoked", "all"]] = "live",
        before: FromQuery[int | None] = None,
    ) -> Template:
        async with transaction():
            found = await keys.newest(code=code or None, state=shown, before=before)
        listed = found[: keys.PAGE]
        older = listed[-1].id if len(found) > keys.PAGE else None
        asked = {"code": code or "", "shown": None if shown == "live" else shown}
        return frame.page(request, "crm/keys.html", keys=listed, asked=asked, before=older, first=before is None)

    @get("/new")
    async def ask(
        self, request: Asked, kind: FromQuery[Literal["source", "dealer"]] = "source", code: FromQuery[str] = ""
    ) -> Template:
        return frame.page(request, "crm/key_new.html", kind=kind, code=code)

    @post("/")
    async def make(self, request: Asked, actor: NamedDependency[Actor]) -> Response[Any]:
        try:
            said = await form(request, NewKey)
            async with transaction():
                key = await keys.make(said.kind, said.code, actor=actor.actor, at=datetime.now(UTC))
        except Invalid as wrong:
            return frame.invalid(request, "crm/key_new.html", _at_code(wrong), kind="source", code="")
        except NotKnown:
            unknown = Invalid(errors=[Fault(path="code", message=say("There is no dealer with this code."))])
            return frame.invalid(request, "crm/key_new.html", unknown, kind="dealer", code="")
        scopes = sorted(access.SCOPES[said.kind])
        return frame.page(request, "crm/key_made.html", key=key, kind=said.kind, code=said.code, scopes=scopes)

    @post("/{number:int}/revocation")
    async def revoke(self, request: Asked, number: FromPath[int], actor: NamedDependency[Actor]) -> Response[None]:
        async with transaction():
            revoked = await keys.revoke(number, actor=actor.actor, at=datetime.now(UTC))
        told = say("The key %(prefix)s… of %(code)s opens nothing any more.")
        return frame.back(request, "/keys", told=told % {"prefix": revoked.prefix, "code": revoked.code})


def _at_code(wrong: Invalid) -> Invalid:
    # The verb speaks of a source; the form has one field for both.
    faults = [
        Fault(path="code" if fault["path"] == "source" else fault["path"], message=say(fault["message"]))
        for fault in wrong.errors
    ]
    return Invalid(errors=faults)


def _today() -> date:
    return datetime.now(LOCAL).date()


CONTROLLERS = (Settings, Notices, Keys)
