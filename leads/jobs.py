"""Everything that workers do: the way of leads first, then what staff started and what is drawn for them.

Stands above the journey, because what staff start steers by it.
"""

from crm.staff import sweeping
from crm.work import Job
from leads import bulk, journey, rechecks

JOBS: tuple[Job, ...] = (*journey.JOBS, bulk.JOB, rechecks.JOB, sweeping.JOB)
