"""How many leads a list holds, counted only as far as anybody reads: a number, or that there are more.

Promises that a count costs no more than its limit, whatever the size of the house, and stands under the reader's scope like the list itself.
"""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from crm.database import current
from crm.languages import number
from crm.roles import EVERYTHING, Condition, Scope, numbered
from leads.lists import statements
from leads.lists.filters import Filters
from leads.lists.statements import all_of

MOST = 10_000
MOST_IN_TABS = 1_000


class Count(msgspec.Struct, frozen=True):
    """A number, or `most` and more."""

    leads: int
    most: int = MOST

    def __str__(self) -> str:
        return f"{number(self.most)}+" if self.leads > self.most else number(self.leads)

    @classmethod
    def sum(cls, counts: Iterable["Count"]) -> "Count":
        """All of them as one; when one of them goes on, so does this."""
        several = list(counts)
        most = sum(min(it.leads, it.most) for it in several)
        return cls(most + any(it.leads > it.most for it in several), most)


async def of_list(filters: Filters, *, most: int = MOST) -> Count:
    """How many leads these filters leave."""
    text, values = statements.count(filters, most=most)
    return Count(await current().fetchval(text, *values), most)


async def of_queues(scope: Scope, *, at: datetime) -> dict[str, Count]:
    """What waits for people in each work queue: late answers, held interests, what no store took, what was lost and is to be checked again."""
    seen = scope.of_interests("interest")
    # Offers and samples know their brand: those of others need no look at their interest.
    brands = {"late": scope.of_brands("offer.brand"), "lost": scope.of_brands("recheck.brand")}
    return {
        name: await _waiting(text, all_of([seen, brands.get(name, EVERYTHING)]), at) for name, text in _QUEUES.items()
    }


async def _waiting(text: str, seen: Condition, at: datetime) -> Count:
    first = (at,) if "$1" in text else ()
    bound, values = numbered(f"select count(*) from ({text} limit {MOST_IN_TABS + 1}) as waiting", [seen], *first)  # noqa: S608  pieces of our own
    return Count(await current().fetchval(bound, *values), MOST_IN_TABS)


# A task is open as long as its interest stands in the queue; said of the interest, a few of many tasks are found by its index.
_QUEUES = {
    "late": """
        select from offer join interest on interest.id = offer.interest
        where offer.state = 'offered' and offer.answer_due_at <= $1 and {}""",
    "held": "select from interest where interest.hold is not null and {}",
    "alliance": """
        select from alliance_task join interest on interest.id = alliance_task.interest
        where alliance_task.closed_at is null and interest.stage = 'alliance_queue' and {}""",
    "lost": """
        select from recheck join interest on interest.id = recheck.interest
        where recheck.answer is null and {}""",
}
