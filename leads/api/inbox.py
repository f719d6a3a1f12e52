"""The dealer's doors: the feed of its offers, its answers to them, and what it needs to know to use both.

Promises that an answer carries the offer's version as its ETag and takes it back as If-Match, and that a request
repeated under its own Idempotency-Key says so. Every door asks for a dealer's key; what is another dealer's is not
there.
"""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, HeaderParameter, JSONBody, QueryParameter

from crm import access
from crm.access import Principal
from crm.database import transaction
from crm.errors import Invalid
from leads import inbox
from leads.inbox import Answered, codes
from leads.inbox.codes import Codes, Me
from leads.inbox.dispositions import Disposed, Said
from leads.inbox.view import OfferShown, Page
from leads.submission import PLAIN

Key = Annotated[str | None, HeaderParameter(name="Idempotency-Key", min_length=1, max_length=120)]
Match = Annotated[str | None, HeaderParameter(name="If-Match", max_length=40)]
After = Annotated[int, QueryParameter(ge=0, le=2**62)]
Limit = Annotated[int, QueryParameter(ge=1, le=inbox.LONGEST_PAGE)]
StoreCode = Annotated[str | None, QueryParameter(min_length=1, max_length=40, pattern=PLAIN)]


class Refusal(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Why the store says no; the note is for people of the alliance."""

    reason: str
    note: Annotated[str, msgspec.Meta(max_length=2000)] | None = None


class Inbox(Controller):
    path = "/api/v1/inbox"
    guards = [access.needs("inbox")]
    tags = ["Inbox"]

    @get(summary="What happened to your offers since a line")
    async def changes(
        self,
        principal: NamedDependency[Principal],
        after: After = 0,
        limit: Limit = inbox.USUAL_PAGE,
        store: StoreCode = None,
    ) -> Page:
        async with transaction():
            return await inbox.changes(principal, after=after, limit=limit, store=store)


class InboxOffers(Controller):
    path = "/api/v1/inbox/offers/{offer_id:uuid}"
    guards = [access.needs("inbox")]
    tags = ["Inbox"]

    @get(summary="An offer as it stands now")
    async def show(self, offer_id: FromPath[UUID], principal: NamedDependency[Principal]) -> Response[OfferShown]:
        async with transaction():
            offer = await inbox.show(offer_id, dealer=principal)
        return Response(offer, headers=_headers(offer.version))

    @post("/acceptance", status_code=200, summary="Take the lead")
    async def accept(
        self, offer_id: FromPath[UUID], principal: NamedDependency[Principal], key: Key = None, if_match: Match = None
    ) -> Response[OfferShown]:
        async with transaction():
            answered = await inbox.accept(
                offer_id, dealer=principal, at=datetime.now(UTC), key=key, if_match=_version(if_match)
            )
        return _answer(answered)

    @post("/refusal", status_code=200, summary="Say no for your store")
    async def refuse(
        self,
        offer_id: FromPath[UUID],
        principal: NamedDependency[Principal],
        data: JSONBody[Refusal],
        key: Key = None,
        if_match: Match = None,
    ) -> Response[OfferShown]:
        async with transaction():
            answered = await inbox.refuse(
                offer_id,
                dealer=principal,
                reason=data.reason,
                note=data.note,
                at=datetime.now(UTC),
                key=key,
                if_match=_version(if_match),
            )
        return _answer(answered)

    @post("/dispositions", summary="Say what came of it")
    async def dispose(
        self,
        offer_id: FromPath[UUID],
        principal: NamedDependency[Principal],
        data: JSONBody[Said],
        key: Key = None,
        if_match: Match = None,
    ) -> Response[Disposed]:
        async with transaction():
            noted = await inbox.dispose(
                offer_id, data, dealer=principal, at=datetime.now(UTC), key=key, if_match=_version(if_match)
            )
        headers = _headers(noted.version, replayed=noted.replayed)
        return Response(noted.disposition, status_code=200 if noted.replayed else 201, headers=headers)


class WhoAndWhat(Controller):
    path = "/api/v1"
    guards = [access.any_key]
    tags = ["Codes"]

    @get("/me", summary="Who your key is, and which stores it reaches")
    async def me(self, principal: NamedDependency[Principal]) -> Me:
        async with transaction():
            return await codes.me(principal, at=datetime.now(UTC))

    @get("/codes", summary="Everything that a body may name")
    async def codes(self, principal: NamedDependency[Principal]) -> Codes:
        async with transaction():
            return await codes.codes(principal, at=datetime.now(UTC))


CONTROLLERS = (Inbox, InboxOffers, WhoAndWhat)


def _answer(answered: Answered) -> Response[OfferShown]:
    return Response(answered.offer, headers=_headers(answered.offer.version, replayed=answered.replayed))


def _headers(version: int, *, replayed: bool = False) -> dict[str, str]:
    return {"ETag": f'"{version}"'} | ({"Idempotent-Replayed": "true"} if replayed else {})


def _version(if_match: str | None) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    version = if_match.strip().removeprefix("W/").strip('"')
    if not (version.isascii() and version.isdigit()):
        raise Invalid(
            errors=[{"path": "If-Match", "message": 'Send the ETag of the offer, like "3", or leave it out.'}]
        )
    return int(version)
