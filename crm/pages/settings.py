"""What the house is set to: notices with their versions, and an overview that leads to staff, keys and the history as well.

Promises that adding a version changes no wording that anybody answered.
"""

from datetime import UTC, date, datetime
from itertools import groupby
from typing import Any

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Template

from crm import access, notices
from crm.database import current, transaction
from crm.errors import Invalid
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


def _today() -> date:
    return datetime.now(LOCAL).date()


CONTROLLERS = (Settings, Notices)
