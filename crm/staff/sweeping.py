"""What is kept of comings and goings has an end: old sessions, tries to sign in, notifications and counted requests are swept, a batch at a time.

Promises that what still counts stays (each room says how long that is), and that whoever works sweeps at most every ten minutes.
"""

from datetime import datetime, timedelta

from crm import limits
from crm.database import transaction
from crm.staff import notifications, sessions, throttle
from crm.work import Job

EVERY = timedelta(minutes=10)
ROOMS = (sessions.forget, notifications.forget, throttle.forget, limits.forget)


class Broom:
    """Remembers when this process found nothing more to sweep."""

    def __init__(self) -> None:
        self._clean_at: datetime | None = None

    async def sweep(self, at: datetime) -> int:
        """One batch of everything that is past its time; nothing when it was swept clean lately. Says how many rows went."""
        if self._clean_at is not None and abs(at - self._clean_at) < EVERY:
            return 0
        async with transaction():
            gone = sum([await forget(at=at) for forget in ROOMS])
        self._clean_at = None if gone else at
        return gone


JOB = Job("old sign-ins", Broom().sweep)
