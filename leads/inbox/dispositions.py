"""What a dealer may say came of an accepted offer, and what follows from it.

Promises that a disposition names known words, a time that can be true and a reason where one is due. Whose offer it is
and in which state is for `leads.inbox`.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, Literal, get_args
from uuid import UUID

import msgspec

from campaigns.touchpoints import Fact
from crm import vault
from crm.database import current
from crm.errors import Fault, Invalid
from leads import kinds
from leads.submission import PLAIN, Moment, moment_fault
from leads.tables import Disposition, DispositionKind

Grade = Literal["O", "H", "A", "B", "C", "F"]

CLOCKS_DIFFER = timedelta(minutes=10)
BEFORE_THE_OFFER = timedelta(days=1)  # a dealer may have met the person before we offered; not long before

# Who got this far was spoken to, whether or not the dealer said so.
IMPLY_CONTACT = frozenset({"test_drive", "quoted", "deposit", "order", "delivered"})
# A car is sold once: on the interest that was offered, not again on the enquiries that joined it.
SALES = frozenset({Fact.deposit, Fact.order, Fact.delivered})

KINDS: dict[str, DispositionKind] = {kind.code: kind for kind in kinds.DISPOSITIONS}
GRADES = get_args(Grade)


class Said(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A disposition as the dealer sends it; `reference` is its own name for it, `value_fen` the money in fen."""

    kind: str
    at: Moment
    reason: str | None = None
    value_fen: Annotated[int, msgspec.Meta(ge=0, le=2**53)] | None = None
    reference: Annotated[str, msgspec.Meta(min_length=1, max_length=120, pattern=PLAIN)] | None = None
    salesperson: Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=PLAIN)] | None = None
    grade: Grade | None = None
    next_follow_up_at: Moment | None = None
    note: Annotated[str, msgspec.Meta(max_length=2000)] | None = None


class Disposed(msgspec.Struct, frozen=True):
    """A disposition as the dealer gets it back; its note stays with us."""

    id: UUID
    offer: UUID
    kind: str
    at: datetime
    recorded_at: datetime
    reason: str | None
    value_fen: int | None
    reference: str | None
    salesperson: str | None
    grade: str | None
    next_follow_up_at: datetime | None


def check(said: Said, *, offered_at: datetime, at: datetime) -> None:
    """Refuse what cannot be, with every fault at once."""
    if errors := list(_faults(said, offered_at=offered_at, at=at)):
        raise Invalid(errors=errors)


def check_refusal(reason: str) -> None:
    """Refuse a reason for which no store may refuse an offer."""
    if errors := list(_reason_faults(reason, fits="refusal")):
        raise Invalid(errors=errors)


def row(said: Said, *, id_: UUID, offer: UUID, at: datetime) -> Disposition:
    """The disposition to be stored; the note is sealed."""
    return Disposition(
        id=id_,
        offer=offer,
        kind=said.kind,
        at=said.at,
        recorded_at=at,
        reason=said.reason,
        value_fen=said.value_fen,
        reference=said.reference,
        salesperson=said.salesperson,
        grade=said.grade,
        next_follow_up_at=said.next_follow_up_at,
        note=vault.seal(said.note, place=f"disposition|note|{id_}") if said.note else None,
    )


async def last_word(offer: UUID) -> tuple[str | None, datetime | None]:
    """The kind of the last disposition of an offer, by when it happened, and when it says to call next; (None, None) before the first."""
    row = await current().fetchrow(_LAST, offer)
    return (row["kind"], row["next_follow_up_at"]) if row else (None, None)


def shown(stored: Disposition) -> Disposed:
    """The stored disposition, as its dealer may read it."""
    return Disposed(**{name: getattr(stored, name) for name in Disposed.__struct_fields__})


def facts(said: Said) -> list[Fact]:
    """The milestones that this disposition is, or implies."""
    milestone = KINDS[said.kind].milestone
    implied = [Fact.contacted] if said.kind in IMPLY_CONTACT else []
    return implied + ([Fact[milestone]] if milestone else [])


def _faults(said: Said, *, offered_at: datetime, at: datetime) -> Iterator[Fault]:
    kind = KINDS.get(said.kind)
    if kind is None:
        yield Fault(path="kind", message=f"Use one of: {', '.join(KINDS)}.")
    if said.at > at + CLOCKS_DIFFER:
        yield Fault(path="at", message="This is in the future; say when it happened, with the zone.")
    if said.at < offered_at - BEFORE_THE_OFFER:
        yield Fault(path="at", message="This is long before the offer; say when it happened, with the zone.")
    yield from moment_fault(said.next_follow_up_at, path="next_follow_up_at")
    if said.reason is not None:
        yield from _reason_faults(said.reason, fits="lost")
    elif kind is not None and kind.reason_needed:
        yield Fault(path="reason", message=f"Say why, with one of: {', '.join(reasons(fits='lost'))}.")


def _reason_faults(reason: str, *, fits: str) -> Iterator[Fault]:
    known = reasons(fits=fits)
    if reason not in known:
        yield Fault(path="reason", message=f"Use one of: {', '.join(known)}.")


def reasons(*, fits: str) -> list[str]:
    """The codes of reasons for a refusal or for a lost lead."""
    return [reason.code for reason in kinds.REASONS if reason.fits in {fits, "both"}]


# What happened last, not what was told last: a dealer may write down a test drive after the order that followed it.
_LAST = """
select kind, next_follow_up_at from disposition where offer = $1 order by at desc, recorded_at desc, id desc limit 1
"""
