"""What one text may mean in the whole house: people, leads and stores, a few of each, with the way to all of them.

Promises that what is found stands under the reader's scope, as in the lists themselves, and that a role finds nothing in rooms it may not
enter. Refuses nothing: a text that means nothing finds nothing.
"""

from datetime import datetime

import msgspec

from crm.database import current
from crm.people import directory
from crm.people.portraits import Sketch
from crm.roles import Scope, numbered
from leads.lists import filters, paging, rows, search
from leads.lists.query import Query
from leads.lists.rows import Row

FEW = 6


class StoreFound(msgspec.Struct, frozen=True):
    """A store by its code or a part of its name."""

    code: str
    name: str
    region: str


class Found(msgspec.Struct, frozen=True):
    """Of each kind the first few; `more` says which kinds have more than that."""

    people: tuple[Sketch, ...] = ()
    leads: tuple[Row, ...] = ()
    stores: tuple[StoreFound, ...] = ()
    more: frozenset[str] = frozenset()

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all was found."""
        return not (self.people or self.leads or self.stores)


async def find(text: str, *, scope: Scope, at: datetime) -> Found:
    """All that the text may mean to this reader."""
    if not text:
        return Found()
    people = await _people(text, scope)
    leads, is_more = await _leads(text, scope, at=at)
    stores = await _stores(text, scope)
    more = {"people": len(people) > FEW, "leads": is_more, "stores": len(stores) > FEW}
    return Found(
        people=people[:FEW],
        leads=leads,
        stores=stores[:FEW],
        more=frozenset(kind for kind, there_is in more.items() if there_is),
    )


async def _people(text: str, scope: Scope) -> tuple[Sketch, ...]:
    if not scope.actor.may("people.see"):
        return ()
    return (await directory.people(scope, text=text)).people


async def _leads(text: str, scope: Scope, *, at: datetime) -> tuple[tuple[Row, ...], bool]:
    if not scope.actor.may("leads.see"):
        return (), False
    fitting = await filters.read(Query({"q": search.sealed(text)}), scope=scope, at=at)
    if not fitting.narrowings:  # a text that means no lead would leave them all
        return (), False
    page = await paging.page(fitting, sort="-captured", limit=FEW)
    return tuple(await rows.rows(page.leads, filters=fitting, at=at)), page.older is not None


async def _stores(text: str, scope: Scope) -> tuple[StoreFound, ...]:
    bound, values = numbered(_STORES, [scope.of_stores("store")], text, FEW + 1)
    return tuple(StoreFound(**row) for row in await current().fetch(bound, *values))


_STORES = """
select store.code, store.name_zh as name, region.name_zh as region
from store join region on region.code = store.region
where (lower(store.code) = lower($1) or position(lower($1) in lower(store.name_zh)) > 0) and {}
order by lower(store.code) = lower($1) desc, store.name_zh, store.code limit $2
"""
