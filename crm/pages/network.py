"""One store and one dealer, and what of a store is changed by hand: capacity, weight and hours.

Promises that whoever saves over somebody else's change sees both and loses nothing. The load of a store is a higher app's: the page fetches
it from `/stores/{code}/load`, which is a link without scripts. The list of stores is there as well.
"""

from datetime import UTC, datetime, time
from typing import Annotated, Any

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template

from crm import access, keys
from crm.database import current, transaction
from crm.errors import Invalid, NotThere
from crm.keys import Key
from crm.languages import say
from crm.network import local_day, stores
from crm.network.stores import MOST_A_DAY, Change, Sought, StoreChanged
from crm.pages import frame
from crm.pages.frame import Asked
from crm.roles import Actor, Scope

PAGE = "crm/store.html"


class Form(msgspec.Struct, forbid_unknown_fields=True):
    """What may be changed, as a browser sends it."""

    daily_capacity: Annotated[int, msgspec.Meta(ge=0, le=MOST_A_DAY)]
    weight: Annotated[int, msgspec.Meta(ge=1, le=stores.HEAVIEST)]
    opens: Annotated[str, msgspec.Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
    closes: Annotated[str, msgspec.Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
    version: int

    def wanted(self) -> Change:
        """The change it asks for."""
        return Change(
            daily_capacity=self.daily_capacity,
            weight=self.weight,
            opens=time.fromisoformat(self.opens),
            closes=time.fromisoformat(self.closes),
            version=self.version,
        )


class StorePage(Controller):
    path = "/stores/{code:str}"
    guards = [access.permits("network.see")]
    include_in_schema = False

    @get("/")
    async def show(self, request: Asked, code: FromPath[str]) -> Template:
        async with transaction():
            context = await _context(code, scope=frame.scope_of(request))
        return frame.page(request, PAGE, **context)


class StoreChanges(Controller):
    path = "/stores/{code:str}/changes"
    guards = [access.permits("network.work")]
    include_in_schema = False

    @post("/")
    async def change(
        self, request: Asked, code: FromPath[str], actor: NamedDependency[Actor]
    ) -> Response[None] | Template:
        scope = frame.scope_of(request)
        try:
            sent = await frame.form(request, Form)
            async with transaction():
                version = await stores.change(code, sent.wanted(), scope=scope, actor=actor.actor, at=datetime.now(UTC))
        except Invalid as wrong:
            async with transaction():
                context = await _context(code, scope=scope)
            return frame.invalid(request, PAGE, wrong, **context)
        except StoreChanged as meanwhile:
            async with transaction():
                context = await _context(code, scope=scope)
            return frame.page(request, PAGE, status=meanwhile.status, **context | {"mine": sent})
        told = say("Saved; this is version %(version)s of the network.") % {"version": version}
        return frame.back(request, f"/stores/{code}", told=told if version else say("Nothing was different."))


class DealerPage(Controller):
    path = "/dealers/{code:str}"
    guards = [access.permits("network.see")]
    include_in_schema = False

    @get("/")
    async def show(self, request: Asked, code: FromPath[str]) -> Template:
        scope, at = frame.scope_of(request), datetime.now(UTC)
        if not code.isprintable():
            raise NotThere
        async with transaction():
            row = await current().fetchrow(_DEALER, code)
            running = await stores.find(Sought(dealer=code), scope=scope, at=at)
            # Whose stores are all out of sight is out of sight as well.
            if row is None or not (running or scope.sees_all_brands):
                raise NotThere
            given_up = await current().fetch(_GIVEN_UP, row["id"], local_day(at)) if scope.sees_all_brands else []
            known = await _keys(code, scope)
        return frame.page(request, "crm/dealer.html", dealer=row, stores=running, given_up=given_up, keys=known)


async def _context(code: str, *, scope: Scope) -> dict[str, Any]:
    at = datetime.now(UTC)
    store = await stores.show(code, scope=scope, at=at)
    return {
        "store": store,
        "past": await stores.past(store.id, scope=scope),
        "keys": await _keys(store.dealer, scope) if store.dealer else [],
        "today": local_day(at),
        "mine": None,
    }


async def _keys(dealer: str, scope: Scope) -> list[Key]:
    """Keys of a dealer, for the alliance alone: a dealer of several brands is no single brand's."""
    if not scope.sees_all_brands:
        return []
    return [key for key in await keys.newest(code=dealer) if key.kind == "dealer"]


_DEALER = """
select dealer.id, dealer.code, party.legal_name from dealer join party on party.id = dealer.party where dealer.code = $1
"""
_GIVEN_UP = """
select store.code, store.name_zh, store_operator.valid_from_on, store_operator.valid_until_on
from store_operator join store on store.id = store_operator.store
where store_operator.dealer = $1 and store_operator.valid_until_on <= $2
order by store_operator.valid_until_on desc, store.code
"""

CONTROLLERS = (StorePage, StoreChanges, DealerPage)
