"""Everything that workers do for campaigns."""

from campaigns.registering import leaving
from crm.work import Job

JOBS: tuple[Job, ...] = (Job("places nobody took", leaving.lapse),)
