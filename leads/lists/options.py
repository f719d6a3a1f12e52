"""What the menus of a list's filters offer: the closed sets, and of campaigns, sources and places those that were seen lately.

Promises that nothing is offered that stands outside the reader's scope, and that a menu costs no more than a look at the newest leads: an
older campaign can still be typed into the address.
"""

from typing import Any

import msgspec

from crm import reference, regions
from crm.database import current
from crm.languages import later, say
from crm.roles import Scope, numbered
from leads import kinds
from leads.lists.days import NAMES
from leads.lists.query import Query
from leads.lists.statements import all_of
from leads.lists.words import named

LATELY = 2000
MOST = 24


class Option(msgspec.Struct, frozen=True):
    """One choice in a menu; `brand` draws its sign."""

    value: str
    label: str
    brand: str | None = None


class Menu(msgspec.Struct, frozen=True):
    """A filter that may be added; `typed` has a field for what the options do not offer."""

    field: str
    heading: str
    options: tuple[Option, ...]
    typed: bool = False


async def menus(query: Query, *, scope: Scope) -> list[Menu]:
    """The filters that may be added, the everyday ones first; a filter without a choice is none."""
    lately = await _lately(scope)
    places = _places(query, lately["regions"])
    found = [
        Menu("brand", say(later("Brand")), await _brands(scope)),
        Menu("stage", say(later("Stage")), tuple(Option(stage.code, named(stage)) for stage in kinds.STAGES)),
        Menu("hold", say(later("Held")), tuple(Option(hold.code, named(hold)) for hold in kinds.HOLDS)),
        Menu("since", say(later("Captured")), tuple(Option(code, say(name)) for code, name in NAMES), typed=True),
        Menu("campaign", say(later("Campaign")), tuple(Option(code, name) for code, name in lately["campaigns"])),
        Menu("source", say(later("Source")), tuple(Option(code, code) for code in lately["sources"])),
        Menu("region", say(later("Place")), places),
        Menu("store", say(later("Store")), (), typed=scope.actor.may("network.see")),
        Menu("late", say(later("Answer")), (Option("1", say(later("late"))),)),
    ]
    return [menu for menu in found if len(menu.options) > (menu.field == "brand") or menu.typed]


async def _brands(scope: Scope) -> tuple[Option, ...]:
    brands = (await reference.load()).brands.values()
    return tuple(Option(it.code, named(it), brand=it.code) for it in brands if scope.brand in (None, it.id))


def _places(query: Query, seen: list[str]) -> tuple[Option, ...]:
    """Provinces; and the cities of a province that is already chosen."""
    table = regions.table()
    provinces = sorted({f"{code[:2]}0000" for code in seen} & table.keys())
    chosen = {code[:2] for code in query.values("region")}
    cities = sorted({f"{code[:4]}00" for code in seen if code[:2] in chosen} & table.keys() - set(provinces))
    return tuple(Option(code, table[code].name) for code in [*cities, *provinces][: 2 * MOST])


async def _lately(scope: Scope) -> dict[str, list[Any]]:
    text, values = numbered(_LATELY % {"lately": LATELY}, [all_of([scope.of_interests("interest")])])
    row = await current().fetchrow(text, *values)
    found = dict(row) if row else {}
    campaigns = msgspec.json.decode(found["campaigns"] or "[]")
    return {
        "campaigns": campaigns[:MOST],
        "sources": (found["sources"] or [])[:MOST],
        "regions": found["regions"] or [],
    }


# What stands in the newest interests of the scope. Grain: one row.
_LATELY = """
with lately as materialized (
    select interest.campaign, interest.source, left(interest.region, 4) as city from interest
    where {} order by interest.captured_at desc, interest.lead desc limit %(lately)s
)
select (
           select json_agg(json_build_array(campaign.code, campaign.name) order by campaign.name)::text
           from campaign where campaign.id in (select lately.campaign from lately)
       ) as campaigns,
       array(select source.code from source where source.id in (select lately.source from lately) order by source.code) as sources,
       array(select distinct city from lately where city is not null order by city) as regions
"""
