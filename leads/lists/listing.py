"""A list of leads as one page shows it: from an address to its rows, its tabs, its chips and its menus.

Promises that an address that cannot be used as it is still gives a page, which says what of it cannot; and that everything on it stands
under the reader's scope.
"""

from datetime import datetime

import msgspec

from crm.languages import later, say
from crm.roles import Scope
from crm.staff import views
from crm.staff.views import View
from leads.lists import columns, counts, filters, options, paging, rows, statements
from leads.lists.columns import Column
from leads.lists.counts import Count
from leads.lists.filters import Chip, Filters
from leads.lists.options import Menu
from leads.lists.paging import Page, Place
from leads.lists.query import FILTERS, KEPT, Query
from leads.lists.rows import Row
from leads.lists.statements import SORTS, Sort

PAGE_NAME = "leads"
DENSITIES = ("compact", "comfortable")
MOST_TABS = 6
USUAL_SORT: Sort = "-captured"


class Tab(msgspec.Struct, frozen=True):
    """One way to look at leads, or a queue beside them."""

    href: str
    name: str
    count: Count | None = None
    is_here: bool = False


class Look(msgspec.Struct, frozen=True):
    """What an address says besides its filters, made usable."""

    sort: Sort
    columns: tuple[Column, ...]
    density: str
    after: Place | None
    before: Place | None
    chips: tuple[Chip, ...]


class Listing(msgspec.Struct, frozen=True):
    """All that the page shows."""

    query: Query
    look: Look
    filters: Filters
    count: Count
    total: Count
    page: Page
    rows: tuple[Row, ...]
    tabs: tuple[Tab, ...]
    views: tuple[View, ...]
    view: View | None
    menus: tuple[Menu, ...]

    @property
    def chips(self) -> tuple[Chip, ...]:
        """Everything that is filtered for or cannot be used."""
        return self.filters.chips + self.look.chips

    @property
    def kept(self) -> str:
        """What a view saved here would keep."""
        return self.query.only(KEPT).text

    @property
    def is_narrowed(self) -> bool:
        """Whether fewer leads are shown than the reader may see."""
        return bool(self.filters.narrowings)


async def see(asked: Query, *, scope: Scope, at: datetime) -> Listing:
    """The page that an address asks for."""
    await statements.steady()
    view, known = await _view(asked, scope=scope)
    query = asked.upon(Query.parse(view.query)) if view else asked
    found = await filters.read(query, scope=scope, at=at)
    look = _look(query, is_view_known=view is not None or asked.one("view") is None)
    page = await paging.page(found, sort=look.sort, after=look.after, before=look.before)
    count = await _count(found, look, page)
    return Listing(
        query=query,
        look=look,
        filters=found,
        count=count,
        total=count if not found.narrowings else await counts.of_list(Filters(scope)),
        page=page,
        rows=tuple(await rows.rows(page.leads, filters=found, at=at)),
        tabs=(*await _view_tabs(known, query, view, scope=scope, at=at), *await _queue_tabs(scope, at=at)),
        views=tuple(known),
        view=view,
        menus=tuple(await options.menus(query, scope=scope)),
    )


async def _count(found: Filters, look: Look, page: Page) -> Count:
    # A list that ends on its first page has been counted by showing it.
    is_whole = look.after is None and look.before is None and page.older is None
    return Count(len(page.leads)) if is_whole else await counts.of_list(found)


async def narrowed(asked: Query, *, scope: Scope, at: datetime) -> tuple[Filters, Look]:
    """The filters and the look of an address, for what does more with its leads than to show a page of them."""
    view, _ = await _view(asked, scope=scope)
    query = asked.upon(Query.parse(view.query)) if view else asked
    look = _look(query, is_view_known=view is not None or asked.one("view") is None)
    return await filters.read(query, scope=scope, at=at), look


async def _view(asked: Query, *, scope: Scope) -> tuple[View | None, list[View]]:
    known = await views.of(scope.actor, PAGE_NAME)
    return next((one for one in known if str(one.id) == asked.one("view")), None), known


def _look(query: Query, *, is_view_known: bool) -> Look:
    sort: Sort = next((one for one in SORTS if one == query.one("sort")), USUAL_SORT)
    shown, unknown = columns.chosen(query.values("columns"))
    density = query.one("density")
    after, before = (paging.place(query.one(name) or "", sort=sort) for name in ("after", "before"))
    unusable = [
        ("view", say(later("View")), not is_view_known),
        ("sort", say(later("Sorting")), query.one("sort") not in (None, sort)),
        ("columns", say(later("Columns")), bool(unknown)),
        ("density", say(later("Rows")), density is not None and density not in DENSITIES),
        ("after", say(later("Page")), after is None and query.one("after") is not None),
        ("before", say(later("Page")), before is None and query.one("before") is not None),
    ]
    chips = [
        Chip(name, heading, (query.one(name) or "")[:40], query.changed(**{name: None}), say(filters.UNUSABLE))
        for name, heading, is_unusable in unusable
        if is_unusable
    ]
    return Look(sort, shown, density if density in DENSITIES else DENSITIES[0], after, before, tuple(chips))


async def _view_tabs(known: list[View], query: Query, here: View | None, *, scope: Scope, at: datetime) -> list[Tab]:
    is_plain = here is None and not query.narrows
    tabs = [Tab(Query().href(), say(later("All")), is_here=is_plain)]
    pinned = [view for view in known if view.shared == "pinned"][:MOST_TABS]
    for view in pinned if here is None or here in pinned else [*pinned, here]:
        saved = await filters.read(Query.parse(view.query).only(FILTERS), scope=scope, at=at)
        count = await counts.of_list(saved, most=counts.MOST_IN_TABS)
        tabs.append(Tab(Query({"view": str(view.id)}).href(), view.name, count, is_here=view == here))
    return tabs


async def _queue_tabs(scope: Scope, *, at: datetime) -> list[Tab]:
    if not scope.actor.may("queues"):
        return []
    waiting = await counts.of_queues(scope, at=at)
    return [Tab(f"/queues/{name}", say(_QUEUES[name]), count) for name, count in waiting.items()]


_QUEUES = {
    "late": later("Late offers"),
    "held": later("Held"),
    "alliance": later("Alliance queue"),
    "lost": later("Lost, to re-check"),
}
