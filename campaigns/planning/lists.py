"""The list of campaigns: filtered, counted, a page at a time.

Promises what the reader may see and nothing else; campaigns that run or come stand before those that ended.
"""

from datetime import date
from typing import Literal, get_args

import msgspec

from crm.database import current, statement
from crm.roles import Condition, Scope, numbered

Status = Literal["found", "draft", "scheduled", "live", "closed"]
STATUSES: tuple[Status, ...] = get_args(Status)
PAGE = 50


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which campaigns: `brand` takes part, `region` is a city, `q` stands in name or code."""

    status: str | None = None
    brand: int | None = None
    region: str | None = None
    q: str | None = None

    @property
    def is_narrow(self) -> bool:
        """Whether anything is filtered."""
        return any(value is not None for value in (self.status, self.brand, self.region, self.q))


class Listed(msgspec.Struct, frozen=True):
    """A campaign in the list, with the brands of its partners and how many of them accepted; `asks` the reader's own brand for its answer."""

    id: int
    code: str
    name: str
    status: str
    starts_on: date | None
    ends_on: date | None
    time_zone: str
    region: str | None
    brands: list[int]
    accepted: int
    events: int
    asks: bool


async def page(wanted: Wanted, scope: Scope, *, number: int) -> list[Listed]:
    """One page of what is wanted (the first is 1), and one campaign more when there is another page."""
    text, values = numbered(
        statement("campaigns", "listed_campaigns"),
        [_narrowed(wanted, scope)],
        PAGE + 1,
        (number - 1) * PAGE,
        scope.actor.brand,
    )
    return [Listed(*row.values()) for row in await current().fetch(text, *values)]


async def counts(wanted: Wanted, scope: Scope) -> dict[str, int]:
    """How many there are of each status, were the status not asked for."""
    every = msgspec.structs.replace(wanted, status=None)
    text, values = numbered("select status, count(*) from campaign where {} group by status", [_narrowed(every, scope)])
    return {row["status"]: row["count"] for row in await current().fetch(text, *values)}


async def cities(scope: Scope) -> list[str]:
    """The regions that campaigns are in."""
    text, values = numbered(
        "select distinct region from campaign where region is not null and {} order by region", [scope.of_campaigns()]
    )
    return [row["region"] for row in await current().fetch(text, *values)]


def _narrowed(wanted: Wanted, scope: Scope) -> Condition:
    found = scope.of_campaigns()
    if wanted.status:
        found &= Condition("campaign.status = {}", (wanted.status,))
    if wanted.brand:
        takes_part = "exists (select from partner as asked where asked.campaign = campaign.id and asked.brand = {})"
        found &= Condition(takes_part, (wanted.brand,))
    if wanted.region:
        found &= Condition("campaign.region = {}", (wanted.region,))
    if wanted.q:
        # Taken as written: a percent sign in it is a percent sign.
        found &= Condition(
            "position(lower({}) in lower(campaign.name)) > 0 or position(lower({}) in lower(campaign.code)) > 0",
            (wanted.q, wanted.q),
        )
    return found
