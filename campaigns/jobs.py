"""Everything that workers do for campaigns."""

from datetime import datetime

from campaigns import figures, form_tries, guest_messages
from campaigns.invitations import sending
from campaigns.planning import stages
from campaigns.registering import leaving, parting
from crm.database import transaction
from crm.work import Job


async def forget_tries(at: datetime) -> int:
    """What public forms counted is deleted once it counts no more."""
    async with transaction():
        return await form_tries.forget(at=at)


JOBS: tuple[Job, ...] = (
    stages.JOB,
    Job("places nobody took", leaving.lapse),
    Job("guests who are two again", parting.react),
    guest_messages.JOB,
    sending.JOB,
    figures.JOB,
    Job("old form tries", forget_tries),
)
