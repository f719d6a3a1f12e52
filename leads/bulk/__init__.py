"""One change to many leads, as a job of its own: chosen, previewed, started, watched, stopped, undone.

Promises that nothing happens before its effect was seen, that the same form sent twice is one job, and that a job sees and does no more than
who started it may at that very moment. Each lead is a transaction of its own, so a job that broke off goes on where it stopped.
"""

from leads.bulk.asking import cancel, start, undo
from leads.bulk.choosing import MOST, Effect, Selection, effect, select
from leads.bulk.wanted import KINDS, UNDOABLE, Kind, Wanted, check, permission
from leads.bulk.working import JOB

__all__ = [
    "JOB",
    "KINDS",
    "MOST",
    "UNDOABLE",
    "Effect",
    "Kind",
    "Selection",
    "Wanted",
    "cancel",
    "check",
    "effect",
    "permission",
    "select",
    "start",
    "undo",
]
