"""Everything that workers do for campaigns."""

from campaigns import figures
from campaigns.planning import stages
from campaigns.registering import leaving
from crm.work import Job

JOBS: tuple[Job, ...] = (stages.JOB, Job("places nobody took", leaving.lapse), figures.JOB)
