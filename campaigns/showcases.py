"""The alliance's joint shows as every installation has them from the start: one campaign with one event, all brands equal partners.

Promises that seeding is repeatable and leaves what somebody changed since as it is.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from campaigns.occasions import campaign_of
from campaigns.tables import Campaign, Event, Partner
from crm import reference

TIME_ZONE = "Asia/Shanghai"


class Showcase(NamedTuple):
    """A joint show of all brands: one campaign with one event."""

    code: str
    name: str
    starts_on: date
    ends_on: date


SHOWCASES = (
    Showcase("chengdu-2025", "成都车展2025 联盟展台", date(2025, 8, 29), date(2025, 9, 7)),
    Showcase("shanghai-2025", "Shanghai alliance showcase 2025", date(2025, 12, 9), date(2025, 12, 14)),
)


async def seed(shows: Iterable[Showcase] = SHOWCASES, *, at: datetime) -> None:
    """Plan shows with all brands as equal partners; what is already there stays as it is, safe to repeat."""
    brands = sorted((await reference.load()).brands.values(), key=lambda brand: brand.rank)
    for show in shows:
        campaign = await _plan(show, at=at)
        partners = (Partner(campaign=campaign, brand=brand.id, share_part=1, share_of=len(brands)) for brand in brands)
        await Partner.insert(*partners).on_conflict((Partner.campaign, Partner.brand), "DO NOTHING")


async def _plan(show: Showcase, *, at: datetime) -> int:
    planned = Campaign(code=show.code, name=show.name, status=_status(show, at=at), created_at=at)
    planned.starts_on, planned.ends_on = show.starts_on, show.ends_on
    await Campaign.insert(planned).on_conflict(Campaign.code, "DO NOTHING")
    campaign = await campaign_of(show.code, at=at)
    event = Event(campaign=campaign, code=show.code, name=show.name, starts_on=show.starts_on, ends_on=show.ends_on)
    await Event.insert(event).on_conflict(Event.code, "DO NOTHING")
    return campaign


def _status(show: Showcase, *, at: datetime) -> str:
    today = at.astimezone(ZoneInfo(TIME_ZONE)).date()
    if today < show.starts_on:
        return "scheduled"
    return "live" if today <= show.ends_on else "closed"
