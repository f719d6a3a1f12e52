"""Looking at lists of leads as somebody of ours: an address in, what the page would show out."""

from typing import Any
from uuid import UUID

from crm.database import transaction
from crm.roles import Actor, visible_to
from leads.lists import filters, listing, paging
from leads.lists.listing import Listing
from leads.lists.query import Query
from tests.cast import NOON

__all__ = ["NOON", "leads_of", "listed", "walked"]


async def listed(actor: Actor, address: str = "", *, at: Any = NOON, looking_at: int | None = None) -> Listing:
    """What this address shows to them."""
    async with transaction():
        return await listing.see(Query.parse(address), scope=visible_to(actor, looking_at=looking_at), at=at)


async def leads_of(actor: Actor, address: str = "", *, at: Any = NOON) -> list[UUID]:
    """The ids of the leads on the page, in order."""
    return [row.id for row in (await listed(actor, address, at=at)).rows]


async def walked(actor: Actor, address: str = "", *, size: int, at: Any = NOON) -> tuple[list[UUID], list[UUID]]:
    """All leads, page after page to the end, and then back to the beginning."""
    on: list[UUID] = []
    back: list[UUID] = []
    async with transaction():
        query = Query.parse(address)
        found = await filters.read(query, scope=visible_to(actor), at=at)
        sort: Any = query.one("sort") or "-captured"
        page = await paging.page(found, sort=sort, limit=size)
        on += page.leads
        while page.older:
            page = await paging.page(found, sort=sort, after=page.older, limit=size)
            on += page.leads
        back += page.leads
        while page.newer:
            page = await paging.page(found, sort=sort, before=page.newer, limit=size)
            back = [*page.leads, *back]
    return on, back
