"""Everything that workers do for campaigns."""

from crm.work import Job

JOBS: tuple[Job, ...] = ()
