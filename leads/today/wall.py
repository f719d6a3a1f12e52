"""What just happened, newest first: leads, offers, answers, test drives and orders, as the ledger has them.

Promises that nobody is named: a wish, a brand, a store and a moment; and that what only another brand was told is not on the wall.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from campaigns.touchpoints import Fact
from crm.database import current
from crm.roles import Scope, numbered

SHOWN = 12


class Event(msgspec.Struct, frozen=True):
    """One fact of the ledger; `code` is the kind of milestone."""

    id: UUID
    code: str
    at: datetime
    lead: UUID
    brand: int
    model: str | None
    wish: str
    store: str | None
    campaign: str | None


async def events(scope: Scope, *, at: datetime) -> list[Event]:
    """The last ones of all that the reader may see."""
    text, values = numbered(_EVENTS, [scope.of_interests("interest")], at, SHOWN)
    return [_event(dict(row)) for row in await current().fetch(text, *values)]


def _event(row: dict[str, Any]) -> Event:
    return Event(code=Fact(row.pop("kind")).name, **row)


_EVENTS = """
select milestone.id, milestone.kind, milestone.at, milestone.lead, interest.brand, model.code as model, interest.kind as wish,
       store.name_zh as store, campaign.name as campaign
from milestone
join interest on interest.id = milestone.interest
left join model on model.id = interest.model
left join store on store.id = milestone.store
left join campaign on campaign.id = milestone.campaign
where milestone.at <= $1 and milestone.retracted_at is null and interest.brand is not null and {}
order by milestone.at desc, milestone.kind desc, milestone.id desc limit $2
"""
