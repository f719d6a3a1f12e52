"""The load of one store: today and the last seven days, fair share against received, the latest offers; and the way to remind it.

Promises a part that a store's page fetches and a page of its own for those without scripts. Who reminds is told how many offers the store
heard of.
"""

from datetime import UTC, datetime
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath
from litestar.response import Template

from crm import access, addresses
from crm.database import transaction
from crm.languages import say, say_count
from crm.network import stores
from crm.pages import frame
from crm.pages.frame import Asked
from leads import kinds, loads, reminders
from leads.pages import stores as listing
from leads.reminders import Reminded


class Which(msgspec.Struct, forbid_unknown_fields=True):
    """One offer or the offers of one lead; all of the store's without either."""

    offer: UUID | None = None
    lead: UUID | None = None
    next: str | None = None


class StoreLoad(Controller):
    path = "/stores/{code:str}/load"
    guards = [access.permits("network.see")]
    include_in_schema = False

    @get("/")
    async def show(self, request: Asked, code: FromPath[str]) -> Template:
        scope, at = frame.scope_of(request), datetime.now(UTC)
        async with transaction():
            store = await stores.show(code, scope=scope, at=at)
            load = await loads.of_store(store.id, capacity=store.daily_capacity, scope=scope, at=at)
            latest = await loads.latest(store.id, scope=scope) if scope.actor.may("leads.see") else []
        name = "leads/_store_load.html" if frame.wants_fragment(request) else "leads/store_load.html"
        return frame.page(
            request,
            name,
            store=store,
            load=load,
            latest=latest,
            at=at,
            even=loads.EVEN,
            kind_words={kind.code: kind for kind in kinds.INTERESTS},
            reason_words={reason.code: reason for reason in kinds.REASONS},
        )


class Reminders(Controller):
    path = "/stores/{code:str}/reminders"
    guards = [access.permits("network.work")]
    include_in_schema = False

    @post("/")
    async def remind(self, request: Asked, code: FromPath[str]) -> Response[None]:
        sent = await frame.form(request, Which)
        async with transaction():
            reminded = await reminders.remind(
                code, scope=frame.scope_of(request), at=datetime.now(UTC), offer=sent.offer, lead=sent.lead
            )
        return frame.back(request, _from_where(request, sent) or f"/stores/{code}", told=_told(reminded))


def _told(reminded: Reminded) -> str:
    if reminded.told:
        return say_count(
            "The store is reminded of %(count)s late offer.", "The store is reminded of %(count)s late offers.", reminded.told
        ) % {"count": reminded.told}  # fmt: skip
    if reminded.lately:
        return say("The store was reminded less than ten minutes ago; give it a moment.")
    return say("Nothing here is late any more; the store was not disturbed.")


def _from_where(request: Asked, sent: Which) -> str | None:
    """The page with the button: named by the form, else by the browser."""
    return addresses.way_of(sent.next or request.headers.get("referer") or "", host=request.url.netloc)


CONTROLLERS = (*listing.CONTROLLERS, StoreLoad, Reminders)
