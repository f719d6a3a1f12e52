"""What the front page of the demo shows: the numbers, the campaigns, three decisions that can be read, and one person.

Promises that everything personal is masked before it leaves this room, and that the chosen decisions stay the same
within an hour, so that a reader can read. Refuses nothing: an empty house gives an empty front; whether strangers may
see it is for `is_for_strangers` to say.
"""

from datetime import datetime, timedelta

import msgspec

from campaigns import reports
from campaigns.reports import Performance
from crm.database import current
from leads.demo.enquiries import SOURCES
from leads.demo.showcase import STAGED
from leads.front import people, receipts
from leads.front.overview import Overview, overview
from leads.front.people import PersonCase
from leads.front.receipts import ReceiptCase

SHOWS = 2

_ALL_INVENTED = """
select not exists (select from observation)
    or exists (select from history_entry where action = $1)
    and not exists (
        select from source
        where code <> all($2) and exists (select from observation where observation.source = source.id)
    )
"""


class Front(msgspec.Struct, frozen=True):
    """The whole page."""

    overview: Overview
    campaigns: tuple[Performance, ...]
    receipts: tuple[ReceiptCase, ...] = ()
    person: PersonCase | None = None


async def is_for_strangers() -> bool:
    """Whether this house is still empty, or a demo into which nobody but the demo has brought anybody.

    The figures of a working house are nobody's but its own, and a real person is not shown to strangers, masked or not.
    """
    invented: bool = await current().fetchval(_ALL_INVENTED, STAGED, SOURCES)
    return invented


async def numbers(*, at: datetime) -> Front:
    """The part that changes while one watches."""
    return Front(await overview(at=at), await _campaigns(at=at))


async def front(*, at: datetime) -> Front:
    """Everything, in the caller's transaction."""
    live = await numbers(at=at)
    # What is shown for reading changes by the hour, not with each look.
    until = at.replace(minute=0, second=0, microsecond=0)
    told = await receipts.chosen(until=until) or await receipts.chosen(until=at + timedelta(seconds=1))
    return msgspec.structs.replace(live, receipts=told, person=await people.chosen())


async def _campaigns(*, at: datetime) -> tuple[Performance, ...]:
    # The latest planned shows that anybody came to, in the order in which they opened.
    shows = await current().fetch(
        """
        select code from campaign
        where starts_on is not null and exists (select from touchpoint where touchpoint.campaign = campaign.id)
        order by starts_on desc, id desc limit $1
        """,
        SHOWS,
    )
    return tuple([await reports.performance(show["code"], as_of=at) for show in reversed(shows)])
