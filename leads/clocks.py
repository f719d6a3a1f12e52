"""When a store's answer is late and when an offer moves on, in plain minutes of the brand's policy.

Promises that both instants follow from the moment of the offer alone, so that a replayed or simulated day gives the
same ones.
"""

from datetime import datetime, time, timedelta

from crm.network import LOCAL, local_day
from leads.routing.policies import Policy


def answer_due_at(offered_at: datetime, *, policy: Policy) -> datetime:
    """From here the answer is late; it still counts until the offer moves on."""
    return offered_at + timedelta(minutes=policy.answer_minutes)


def expires_at(offered_at: datetime, *, policy: Policy) -> datetime:
    """From here the offer goes to the next store."""
    return offered_at + timedelta(minutes=policy.expire_minutes)


def protected_since(captured_at: datetime, *, policy: Policy) -> datetime:
    """A store that was in touch with the person at this moment or later holds the person for the brand."""
    return captured_at - timedelta(days=policy.protection_days)


def next_day(at: datetime) -> datetime:
    """When the stores' next day begins and capacity comes back."""
    return datetime.combine(local_day(at) + timedelta(days=1), time(), tzinfo=LOCAL)
