"""What the clock of a lead says: an answer that is late or due, a wait without a store, a call to make, how quick the store was.

Promises one clock for each state of things and that only what passes is urgent. A lead that nothing is asked of has none.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

from crm import languages
from crm.languages import later, say

SOON = timedelta(minutes=5)
Kind = Literal["late", "soon", "left", "waiting", "call_by", "call_late", "answered", "recheck"]
WAITING = frozenset({"identified", "cleared", "alliance_queue"})


class Clock(msgspec.Struct, frozen=True):
    """`at` is the moment it counts from or to, `length` what it shows of time; `tone` as in the style, None for a calm one."""

    kind: Kind
    at: datetime
    length: timedelta

    @property
    def tone(self) -> str | None:
        """Its colour; the sign and the words say the same."""
        return {"late": "bad", "call_late": "bad", "soon": "warn", "answered": "good"}.get(self.kind)

    @property
    def words(self) -> str:
        """Late 9 min, 3 min left, Call by 14:36, in the reader's language."""
        facts = {"span": languages.span(self.length), "time": _moment(self), "day": languages.iso_day(self.at)[5:]}
        return say(_WORDS[self.kind]) % facts


def of(
    moments: Mapping[str, Any], *, stage: str, hold: str | None, captured_at: datetime, at: datetime
) -> Clock | None:
    """The clock of a lead at a moment; `moments` are those of its interest and of that one's offer, by name."""
    if hold is not None or stage in WAITING:
        since = moments.get("queued_at") or captured_at
        return Clock("waiting", since, at - since)
    if stage == "offered" and moments.get("state") == "offered":
        return _due(moments["answer_due_at"], at=at)
    if moments.get("recheck_at"):
        return Clock("recheck", moments["recheck_at"], timedelta())
    if moments.get("accepted_at"):
        return _answered(moments, stage=stage, at=at)
    return None


def _due(due: datetime, *, at: datetime) -> Clock:
    left = due - at
    if left <= timedelta():
        return Clock("late", due, -left)
    return Clock("soon" if left <= SOON else "left", due, left)


def _answered(moments: Mapping[str, Any], *, stage: str, at: datetime) -> Clock:
    offered, accepted = moments["offered_at"], moments["accepted_at"]
    if stage != "accepted":
        return Clock("answered", accepted, accepted - offered)
    # Who accepted is given once more the time that the brand gives for an answer; a follow-up that the store named itself goes first.
    due = moments.get("follow_up_at") or accepted + (moments["answer_due_at"] - offered)
    return Clock("call_by", due, due - at) if due > at else Clock("call_late", due, at - due)


def _moment(clock: Clock) -> str:
    return languages.time(clock.at) if clock.length < timedelta(hours=12) else languages.stamp(clock.at)


_WORDS: dict[Kind, str] = {
    "late": later("Late %(span)s"),
    "soon": later("%(span)s left"),
    "left": later("%(span)s left"),
    "waiting": later("Waiting %(span)s"),
    "call_by": later("Call by %(time)s"),
    "call_late": later("Call late %(span)s"),
    "answered": later("%(span)s"),
    "recheck": later("Re-check %(day)s"),
}
