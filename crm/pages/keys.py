"""The keys of machines: listed by their beginnings, made, given other terms, revoked.

Promises that a key is shown once, on the page that answers the form. Refuses a third one beside two that open.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from crm import access, keys, limits
from crm.access import PrincipalKind, Terms
from crm.database import transaction
from crm.errors import Fault, Invalid, NotKnown, Refused
from crm.keys import Key
from crm.languages import later, say
from crm.limits import Limit
from crm.pages import forms, frame
from crm.pages.forms import Asked, form
from crm.roles import Actor

SCOPES = {
    "leads": later("leads"),
    "consents": later("consents"),
    "events": later("events and registrations"),
    "inbox": later("its inbox"),
}


class TermsSaid(msgspec.Struct, forbid_unknown_fields=True):
    """Until when, from where and how often it may be used; networks stand one on each line, or beside each other."""

    expires_at: str | None = None
    allowed_from: Annotated[str, msgspec.Meta(max_length=4000)] | None = None
    limit_requests: int | None = None
    limit_seconds: int | None = None


class NewKey(TermsSaid, forbid_unknown_fields=True, kw_only=True):
    """Whose key it is: a source by its code (made when new), or a dealer by its. `scopes` are of a source's choosing."""

    kind: PrincipalKind
    code: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    scopes: list[str] = []


class Keys(Controller):
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
        known: dict[str, Any] = {"asked": asked, "before": older, "first": before is None, "scopes": SCOPES}
        return frame.page(request, "crm/keys.html", keys=listed, at=datetime.now(UTC), **known)

    @get("/new")
    async def ask(
        self, request: Asked, kind: FromQuery[Literal["source", "dealer"]] = "source", code: FromQuery[str] = ""
    ) -> Template:
        return frame.page(request, "crm/key_new.html", kind=kind, code=code, **_of_none())

    @post("/")
    async def make(self, request: Asked, actor: NamedDependency[Actor]) -> Response[Any]:
        try:
            said = await form(request, NewKey)
            async with transaction():
                key = await keys.make(
                    said.kind,
                    said.code,
                    actor=actor.actor,
                    at=datetime.now(UTC),
                    scopes=said.scopes if said.kind == "source" else None,
                    terms=_terms(said, zone=actor.time_zone),
                )
        except NotKnown:
            unknown = Invalid(errors=[Fault(path="code", message=say("There is no dealer with this code."))])
            return frame.invalid(request, "crm/key_new.html", unknown, kind="dealer", code="", **_of_none())
        except Refused as wrong:
            at_fields = forms.at_fields(wrong, {"source": "code"})
            return frame.invalid(request, "crm/key_new.html", at_fields, kind="source", code="", **_of_none())
        return frame.page(request, "crm/key_made.html", key=key, code=said.code)

    @get("/{number:int}")
    async def show(self, request: Asked, number: FromPath[int], actor: NamedDependency[Actor]) -> Template:
        async with transaction():
            found = await keys.show(number)
        return frame.page(request, "crm/key.html", **_shown(found, zone=actor.time_zone))

    @post("/{number:int}/terms")
    async def change(self, request: Asked, number: FromPath[int], actor: NamedDependency[Actor]) -> Response[Any]:
        async with transaction():
            found = await keys.show(number)
        try:
            said = await form(request, TermsSaid)
            async with transaction():
                terms = _terms(said, zone=actor.time_zone)
                await keys.change(number, terms, actor=actor.actor, at=datetime.now(UTC))
        except Refused as wrong:
            return frame.invalid(request, "crm/key.html", wrong, **_shown(found, zone=actor.time_zone))
        return frame.back(request, f"/keys/{number}", told=say("The key has its new terms."))

    @post("/{number:int}/revocation")
    async def revoke(self, request: Asked, number: FromPath[int], actor: NamedDependency[Actor]) -> Response[None]:
        async with transaction():
            revoked = await keys.revoke(number, actor=actor.actor, at=datetime.now(UTC))
        told = say("The key %(prefix)s… of %(code)s opens nothing any more.")
        return frame.back(request, "/keys", told=told % {"prefix": revoked.prefix, "code": revoked.code})


def _terms(said: TermsSaid, *, zone: str) -> Terms:
    return Terms(
        forms.moment(said.expires_at, zone=zone, field="expires_at"),
        tuple((said.allowed_from or "").replace(",", " ").split()),
        _limit(said.limit_requests, said.limit_seconds),
    )


def _limit(requests: int | None, seconds: int | None) -> Limit | None:
    if requests is None and seconds is None:
        return None
    if requests is None or seconds is None:
        field = "limit_requests" if requests is None else "limit_seconds"
        raise Invalid(errors=[Fault(path=field, message="A limit is both: requests, and in how many seconds.")])
    return Limit(requests, seconds)


def _shown(key: Key, *, zone: str) -> dict[str, Any]:
    ends = f"{key.expires_at.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M}" if key.expires_at else ""
    return {"key": key, "ends": ends, "has_ended": key.has_ended(datetime.now(UTC)), **_usual()}


def _of_none() -> dict[str, Any]:
    return {"key": None, "ends": "", **_usual()}


def _usual() -> dict[str, Any]:
    return {"usual": limits.USUAL, "scopes": SCOPES, "of_source": sorted(access.SCOPES["source"])}


CONTROLLERS = (Keys,)
