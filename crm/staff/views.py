"""Saved views: a list's query string under a name, for oneself, for everybody of one's brand, or pinned into everybody's tabs.

Promises that a view never widens what its reader may see, for it is only an address, and that taking one away can be undone. Refuses to
change somebody else's view; what is not shared with the reader does not exist for them.
"""

from datetime import datetime
from typing import Literal, get_args

import msgspec

from crm import history
from crm.database import current
from crm.errors import Fault, Invalid, NotThere, Refused
from crm.languages import later, say
from crm.roles import Actor

Shared = Literal["private", "team", "pinned"]
SHARED: tuple[Shared, ...] = get_args(Shared)
LONGEST_NAME = 80
LONGEST_QUERY = 2000
MOST = 100

NAMELESS = later("Give the view a name of at most 80 characters.")
TOO_LONG = later("These filters are too long to be kept.")


class TooManyViews(Refused):
    sentence = "You keep {most} views of this list; take one away first."


class View(msgspec.Struct, frozen=True):
    """A view as one of its readers has it; `mine` says whether they may change it."""

    id: int
    name: str
    query: str
    shared: Shared
    mine: bool


async def of(actor: Actor, page: str) -> list[View]:
    """The views of a page that the actor may use: their own, and what their brand's or the alliance's people share; pinned ones first."""
    rows = await current().fetch(_OF, page, actor.id, actor.brand)
    return [View(**row) for row in rows]


async def save(actor: Actor, page: str, *, name: str, query: str, shared: Shared, at: datetime) -> int:
    """Keep a query under a name; refuses an empty name and what is longer than a view may be."""
    name = _named(name)
    if len(query) > LONGEST_QUERY:
        raise Invalid(errors=[Fault(path="query", message=say(TOO_LONG))])
    mine = await current().fetchval(
        "select count(*) from saved_view where staff = $1 and page = $2 and removed_at is null", actor.id, page
    )
    if mine >= MOST:
        raise TooManyViews(most=MOST)
    view: int = await current().fetchval(
        """
        insert into saved_view (staff, page, name, query, shared, brand, created_at) values ($1, $2, $3, $4, $5, $6, $7)
        returning id
        """,
        actor.id,
        page,
        name,
        query,
        shared,
        actor.brand,
        at,
    )
    await history.note(actor.actor, "view_saved", "view", view, at=at, page=page, shared=shared)
    return view


async def change(actor: Actor, view: int, *, name: str, shared: Shared, query: str | None = None, at: datetime) -> None:
    """Name or share one's own view anew, or let it keep other filters; refuses what is somebody else's as if it were not there."""
    name = _named(name)
    if query is not None and len(query) > LONGEST_QUERY:
        raise Invalid(errors=[Fault(path="query", message=say(TOO_LONG))])
    await _mine(
        "update saved_view set name = $3, shared = $4, query = coalesce($5, query) where id = $1 and staff = $2 "
        "and removed_at is null returning id",
        view,
        actor.id,
        name,
        shared,
        query,
    )
    await history.note(actor.actor, "view_changed", "view", view, at=at, shared=shared)


async def remove(actor: Actor, view: int, *, at: datetime) -> None:
    """Take one's own view away; `restore` brings it back."""
    await _mine(
        "update saved_view set removed_at = $3 where id = $1 and staff = $2 and removed_at is null returning id",
        view,
        actor.id,
        at,
    )
    await history.note(actor.actor, "view_removed", "view", view, at=at)


async def restore(actor: Actor, view: int, *, at: datetime) -> None:
    """Bring back what one took away."""
    await _mine(
        "update saved_view set removed_at = null where id = $1 and staff = $2 and removed_at is not null returning id",
        view,
        actor.id,
    )
    await history.note(actor.actor, "view_restored", "view", view, at=at)


def _named(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Invalid(errors=[Fault(path="name", message=say(NAMELESS))])
    return name


async def _mine(text: str, *facts: object) -> None:
    if await current().fetchval(text, *facts) is None:
        raise NotThere


_OF = """
select id, name, query, shared, staff = $2 as mine from saved_view
where page = $1 and removed_at is null
      and (staff = $2 or (shared <> 'private' and brand is not distinct from $3::int))
order by shared = 'pinned' desc, created_at, id
"""
