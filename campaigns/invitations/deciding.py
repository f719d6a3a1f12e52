"""The one decision whether a message may go to a person now: not twice, consent, hours, a way to reach them, the treaty, the alliance-wide budget.

Promises a pure function of what is known and the moment, asked again for each message when it is sent. Service and transactional messages
are not held back; they count all the same.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias, get_args

import msgspec

from campaigns.invitations.rules import ALWAYS, Rules
from crm import consent
from crm.consent import Standing

Fate: TypeAlias = Literal["send", "wait", "suppress"]
# In the order in which they are asked.
Reason: TypeAlias = Literal[
    "duplicate", "no_consent", "unsubscribed", "quiet_hours", "no_address", "stopped", "bounced", "sister_owner", "precedence", "budget"
]  # fmt: skip
REASONS: tuple[Reason, ...] = get_args(Reason)


class Use(msgspec.Struct, frozen=True):
    """A message that counts in somebody's budget; one that is just being sent counts as of now."""

    at: datetime
    kind: str


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a person at the moment of a decision; `owns` are brands of their cars, `ahead` more important messages that wait.

    `is_invited`: another message like this one went to them already, under whatever id.
    """

    standings: Sequence[Standing] = ()
    has_address: bool = True
    stop: Literal["bounced", "stopped"] | None = None
    owns: frozenset[int] = frozenset()
    uses: Sequence[Use] = ()
    ahead: int = 0
    is_reserved: bool = False
    is_invited: bool = False


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be sent: its kind, the brand that speaks (none: the alliance, for `partners`), and by which channel."""

    kind: str
    channel: str
    brand: int | None = None
    partners: tuple[int, ...] = ()

    @property
    def speakers(self) -> tuple[int, ...]:
        """The brands in whose name it could speak."""
        return self.partners if self.brand is None else (self.brand,)


class Verdict(msgspec.Struct, frozen=True):
    """What becomes of a message now: sent for `brands`, waiting until `next_at`, or suppressed; `detail` are facts for a sentence."""

    fate: Fate
    reason: Reason | None = None
    next_at: datetime | None = None
    brands: tuple[int, ...] = ()
    detail: dict[str, Any] | None = None


def decide(asked: Asked, known: Known, rules: Rules, *, at: datetime) -> Verdict:
    """What becomes of this message at this moment."""
    if asked.kind in ALWAYS:
        # Who answered stop to an invitation still hears about the place that they booked.
        wanted = msgspec.structs.replace(known, stop=None) if known.stop == "stopped" else known
        return _by_address(wanted) or Verdict("send", brands=asked.speakers)
    if known.is_invited:
        return Verdict("suppress", "duplicate")
    brands = tuple(
        brand for brand in asked.speakers if consent.may_contact(known.standings, brand=brand, channel=asked.channel)
    )
    if not brands:
        return Verdict("suppress", _why_no_consent(asked, known))
    if not rules.is_open(at):
        return Verdict("wait", "quiet_hours", rules.next_opening(at), brands)
    refused = _by_address(known) or _by_treaty(asked, known, rules)
    return refused or _by_budget(known, rules, at=at) or Verdict("send", brands=brands)


def _why_no_consent(asked: Asked, known: Known) -> Reason:
    took_back = any(
        consent.refuses_contact(known.standings, brand=brand, channel=asked.channel) for brand in asked.speakers
    )
    return "unsubscribed" if took_back else "no_consent"


def _by_address(known: Known) -> Verdict | None:
    if known.stop:
        return Verdict("suppress", known.stop)
    return None if known.has_address else Verdict("suppress", "no_address")


def _by_treaty(asked: Asked, known: Known, rules: Rules) -> Verdict | None:
    """Brands of an alliance do not court each other's owners; who drives a car of both is anybody's guest."""
    is_sisters = asked.brand is not None and bool(known.owns) and asked.brand not in known.owns
    return Verdict("suppress", "sister_owner") if rules.spares_owners and is_sisters else None


def _by_budget(known: Known, rules: Rules, *, at: datetime) -> Verdict | None:
    if known.is_reserved:  # by this very message, before its sender died
        return None
    counted = sorted((use for use in known.uses if use.at > at - rules.window), key=lambda use: use.at)
    if len(counted) >= rules.budget:
        detail = {"used": len(counted), "budget": rules.budget, "last": counted[-1].kind if counted else None}
        return Verdict("suppress", "budget", rules.free_from([use.at for use in counted], at), detail=detail)
    if len(counted) + known.ahead >= rules.budget:
        # What is more important waits in the same moment: it goes first, and this one is asked again.
        return Verdict("wait", "precedence", None, detail={"used": len(counted), "budget": rules.budget})
    return None
