"""Two who were taken for one person and are two again: their registrations and bookings stand alone again.

Promises that nobody loses or gains a place by it, for second forms were counted all along.
"""

from datetime import datetime

from campaigns.registering import lines
from campaigns.registering.lines import EVENT, SLOT
from crm import history
from crm.database import current, transaction

READER = "campaigns.registering"


async def react(at: datetime) -> int:  # noqa: ARG001 - every job gets the moment
    """Act on merges that were taken back; says how many changes were read. A job: opens its own transaction."""
    async with transaction():
        changes = await history.unread(READER)
        persons = sorted({change.person for change in changes if change.kind == "unmerged"})
        # Events before slots, each in their order, as everybody locks them.
        for kind in (EVENT, SLOT):
            for number in await current().fetch(_JOINED[kind.scarce], persons) if persons else []:
                await lines.lock(kind, number["id"])
        for kind in (EVENT, SLOT):
            for number in await current().fetch(_JOINED[kind.scarce], persons) if persons else []:
                await lines.stand_alone(kind, number["id"])
        if changes:
            await history.mark_read(READER, changes[-1])
    return len(changes)


# Where somebody has a second form. $1 persons.
_JOINED = {
    "event": """
select distinct registration.event as id from link join registration on registration.observation = link.observation
where link.person = any($1::uuid[]) and link.closed_at is null and registration.joins is not null order by 1
""",
    "slot": """
select distinct booking.slot as id from link join registration on registration.observation = link.observation
join booking on booking.registration = registration.id
where link.person = any($1::uuid[]) and link.closed_at is null and booking.joins is not null order by 1
""",
}
