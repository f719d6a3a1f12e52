"""Words of the closed sets in the reader's language, as they begin a cell or a chip.

Promises one form for each code; a code without words is shown as it is.
"""

from typing import Protocol

from crm.languages import later, say, spoken
from leads import kinds


class Named(Protocol):
    """A row with a name in both languages."""

    @property
    def name_zh(self) -> str: ...

    @property
    def name_en(self) -> str: ...


def named(row: Named) -> str:
    """已派单, Offered; brands keep their own capitals."""
    return row.name_zh if spoken() == "zh-Hans" else row.name_en[:1].upper() + row.name_en[1:]


def kind(code: str) -> str:
    """What a person wants."""
    return named(_KINDS[code]) if code in _KINDS else code


def standing(stage: str, hold: str | None, reason: str | None = None) -> str:
    """How far a lead has come: Offered, Held: no place, Lost: price."""
    if hold:
        return say(_HELD.get(hold, hold))
    if stage == "lost" and reason in _REASONS:
        row = _REASONS[reason]
        return say(later("Lost: %(why)s")) % {"why": row.name_zh if spoken() == "zh-Hans" else row.name_en}
    return named(_STAGES[stage]) if stage in _STAGES else stage


def look(stage: str, hold: str | None) -> tuple[str, str]:
    """Tone and shape of that standing: a ring waits on somebody, bars are held."""
    if hold:
        return "warn", "bars"
    if stage in ("offered", "alliance_queue"):
        return ("info" if stage == "offered" else "warn"), "ring"
    if stage == "cleared":
        return "info", ""
    return ("idle" if stage in ("recorded", "identified", "lost") else "good"), ""


_KINDS: dict[str, Named] = {row.code: row for row in kinds.INTERESTS}
_STAGES: dict[str, Named] = {row.code: row for row in kinds.STAGES}
# As short as a cell wants them.
_HELD = {
    "no_consent": later("Held: no consent"),
    "no_interest": later("Held: no interest"),
    "needs_review": later("Held: who is it?"),
    "no_franchise": later("Held: no store"),
    "no_capacity": later("Held: stores full"),
    "no_place": later("Held: no place"),
    "spam": later("Held: spam"),
}
_REASONS: dict[str, Named] = {row.code: row for row in kinds.REASONS}
