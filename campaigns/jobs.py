"""Everything that workers do for campaigns."""

from campaigns import guest_messages
from campaigns.invitations import sending
from crm.work import Job

JOBS: tuple[Job, ...] = (guest_messages.JOB, sending.JOB)
