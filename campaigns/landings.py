"""What happens when somebody follows a short link: where they are sent, and that they came.

Promises to know a visitor by a random number alone, that nothing of their browser, address or last page is kept, and that the same visitor at the
same link counts once in half an hour. Machines that only look are not counted.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from uuid import UUID

from campaigns import channels
from campaigns.tables import Touchpoint
from campaigns.touchpoints import Touch, record_touches
from crm.database import current, lock_stripes
from crm.errors import NotThere
from crm.ids import uuid7

AGAIN_AFTER = timedelta(minutes=30)
ARRIVING = 0x6C_61_6E_64  # "land": the space of the advisory locks that keep two arrivals of one visitor apart
RANDOM = 4  # the version of a UUID that is nothing but random; those of persons are not
LOOKING = re.compile(
    r"bot\b|bots|crawl|spider|slurp|preview|fetch|monitor|headless|curl|wget|python|httpx|okhttp|java/|go-http|scan",
    re.IGNORECASE,
)

State = Literal["open", "closed", "not_open"]
COOKIE = "visitor"  # a random number of ours, by which a browser is known until its person is


class Way(NamedTuple):
    """Where a link leads: `target` when a registration is open; `name` of the campaign."""

    channel: int
    campaign: int
    name: str
    state: State
    target: str | None


async def way(slug: str, *, at: datetime) -> Way:
    """Where the link leads at this moment; NotThere for one that nobody gave out."""
    row = await current().fetchrow(_WAY, slug, at)
    if row is None:
        raise NotThere
    if row["closed_at"] is not None or row["status"] == "closed":
        return Way(row["id"], row["campaign"], row["name"], "closed", None)
    if row["event"] is None:
        return Way(row["id"], row["campaign"], row["name"], "not_open", None)
    target = channels.registration(
        row["event"], campaign=row["campaign_code"], channel=row["code"], medium=row["medium"]
    )
    return Way(row["id"], row["campaign"], row["name"], "open", target)


async def arrive(found: Way, visitor: UUID, *, at: datetime) -> bool:
    """Write down that a visitor came by a channel, unless they did within the last half hour; says whether it counts."""
    await lock_stripes(ARRIVING, [str(visitor)])
    if await current().fetchval(_CAME, visitor, at - AGAIN_AFTER, int(Touch.landing), found.channel):
        return False
    row = Touchpoint(
        id=uuid7(at),
        person=visitor,
        kind=int(Touch.landing),
        campaign=found.campaign,
        channel=found.channel,
        at=at,
        recorded_at=at,
    )
    await record_touches([row])
    return True


def visitor_of(cookie: str | None) -> UUID | None:
    """The visitor whom a cookie names; None for one that we did not make, which could name a person instead."""
    try:
        found = UUID(cookie or "")
    except ValueError:
        return None
    return found if found.version == RANDOM else None


def is_somebody(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a request is a person's who follows a link: not a machine's, and not a browser's that only looks ahead."""
    ahead = " ".join(headers.get(name, "") for name in ("sec-purpose", "purpose", "x-purpose", "x-moz")).lower()
    told = headers.get("user-agent", "")
    return (
        method == "GET"
        and "prefetch" not in ahead
        and "preview" not in ahead
        and bool(told)
        and not LOOKING.search(told)
    )


# Grain: one row per link, with the event that is open for registration and comes first. $1 slug, $2 now.
_WAY = """
select channel.id, channel.campaign, channel.code, channel.medium, channel.closed_at, campaign.name, campaign.status,
       campaign.code as campaign_code, opened.code as event
from channel
join campaign on campaign.id = channel.campaign
left join lateral (
    select event.code from event
    where event.campaign = campaign.id and event.is_open and campaign.status in ('scheduled', 'live')
          and coalesce(event.ends_at, (event.ends_on + 1)::timestamp at time zone campaign.time_zone, 'infinity') > $2
    order by event.starts_at, event.id limit 1
) as opened on true
where channel.slug = $1
"""
_CAME = "select exists (select from touchpoint where person = $1 and at > $2 and kind = $3 and channel = $4)"
