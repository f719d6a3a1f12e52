"""What became of a mailing, as somebody may read it.

Promises that a brand's people cannot reckon out of what is exact how few of their messages did not go because of other brands.
"""

from collections.abc import Mapping

import msgspec

from campaigns.audiences import counting
from campaigns.audiences.counting import Cell
from campaigns.invitations.mailings import Counts
from crm.roles import Scope


class Told(msgspec.Struct, frozen=True):
    """Messages that are over, of `total`; those that went, were opened or not sent, and why; `free` may be tried again."""

    total: int
    over: int
    gone: Cell
    arrived: Cell
    opened: Cell
    clicked: Cell
    not_sent: Cell
    free: Cell
    reasons: Mapping[str, Cell]
    hides: bool


def of(counts: Counts, scope: Scope) -> Told:
    """These counts, in fives where something is hidden."""
    states = counts.states
    gone = states.get("sent", 0) + states.get("delivered", 0)
    not_sent = sum(states.get(state, 0) for state in ("suppressed", "bounced", "failed"))
    hides = counting.hides(counts.reasons, scope, of=counts.total)
    cell = counting.in_fives if hides else Cell
    return Told(
        total=counts.total,
        over=gone + not_sent,
        gone=cell(gone),
        arrived=cell(states.get("delivered", 0)),
        opened=cell(counts.opened),
        clicked=cell(counts.clicked),
        not_sent=cell(not_sent),
        free=cell(counts.free),
        reasons=counting.shown(counts.reasons, scope, of=counts.total),
        hides=hides,
    )
