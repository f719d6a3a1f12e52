"""Everything that workers do for campaigns."""

from campaigns import figures
from campaigns.planning import stages
from crm.work import Job

JOBS: tuple[Job, ...] = (stages.JOB, figures.JOB)
