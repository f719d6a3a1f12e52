"""What waits, for whom and how long: for the doctor, and for putting back to work what was set aside."""

from datetime import datetime

from crm.database import current
from crm.doctor import Finding

LATE_SECONDS = 300


async def examine(*, at: datetime) -> list[Finding]:
    """Whether the worker keeps up and whether anything was given up on; reads only."""
    return [await _oldest(at), await _set_aside()]


async def retry(*, at: datetime) -> int:
    """Make everything that failed too often due again; says how many interests."""
    rows = await current().fetch(
        "update interest set due_at = $1, attempts = 0 where due_at is null and attempts > 0 returning id", at
    )
    return len(rows)


async def _oldest(at: datetime) -> Finding:
    oldest = await current().fetchval("select min(due_at) from interest where due_at <= $1", at)
    waited = (at - oldest).total_seconds() if oldest else 0
    if waited > LATE_SECONDS:
        return Finding("queue", "bad", f"The oldest due interest waits {waited / 60:.0f} min; is a worker running?")
    return Finding("queue", "good", "Nothing has waited for a worker longer than five minutes.")


async def _set_aside() -> Finding:
    count = await current().fetchval("select count(*) from interest where due_at is null and attempts > 0")
    if count:
        return Finding(
            "set aside", "bad", f"{count} interests failed too often; `marquee leads retry` tries them again."
        )
    return Finding("set aside", "good", "No interest was given up on.")
