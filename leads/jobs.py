"""Everything that workers do: the way of leads first, then what staff started and what is drawn for them, what campaigns are due.

Stands above the journey, because what staff start steers by it.
"""

from campaigns.jobs import JOBS as JOBS_OF_CAMPAIGNS
from crm.staff import sweeping
from crm.work import Job
from leads import bulk, journey, rechecks, registrations

JOBS: tuple[Job, ...] = (*journey.JOBS, *registrations.JOBS, bulk.JOB, rechecks.JOB, *JOBS_OF_CAMPAIGNS, sweeping.JOB)
