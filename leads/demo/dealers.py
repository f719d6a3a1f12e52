"""Invented dealers: some quick, some slow, some who rather refuse, a few who never answer; and what comes of their leads.

Promises that a dealer keeps its character over the whole story, also while one watches.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Literal, NamedTuple

from leads.inbox.dispositions import Grade, Said

Act = Literal["accept", "refuse", "silence"]

FEN = 100
GRADES: tuple[Grade, ...] = ("H", "A", "A", "B", "C")


class Character(NamedTuple):
    """How a dealer works: minutes to an answer (the middle of them), how often it refuses or lets an offer pass."""

    minutes: float
    refuses: float
    passes: float


QUICK = Character(5, 0.05, 0.02)
USUAL = Character(13, 0.1, 0.04)
SLOW = Character(31, 0.08, 0.15)
CHOOSY = Character(11, 0.5, 0.08)
SILENT = Character(40, 0.02, 0.9)
SHARES = {QUICK: 38, USUAL: 36, SLOW: 15, CHOOSY: 7, SILENT: 4}
REFUSALS = {"no_staff": 45, "no_such_model": 20, "out_of_area": 18, "closed_today": 9, "duplicate": 5, "other": 3}
LOST = {
    "connected_no_intent": 36,
    "no_response_after_3_calls": 30,
    "price": 14,
    "bought_elsewhere": 14,
    "invalid_number": 6,
}


class Answer(NamedTuple):
    """What a dealer will do with an offer, and when."""

    act: Act
    at: datetime
    reason: str | None = None


def character_of(dealer: str, *, seed: int) -> Character:
    """The character that this dealer has for good."""
    return Random(f"{seed}-{dealer}").choices(list(SHARES), list(SHARES.values()))[0]


def answer(dealer: Character, *, offered_at: datetime, expires_at: datetime, chance: Random) -> Answer:
    """What this dealer does with an offer made at this moment; whoever would be too late says nothing."""
    roll = chance.random()
    at = offered_at + timedelta(seconds=60 * dealer.minutes * chance.lognormvariate(0, 0.55) + chance.uniform(20, 80))
    if roll < dealer.passes or at >= expires_at:
        return Answer("silence", expires_at)
    if roll < dealer.passes + dealer.refuses:
        return Answer("refuse", at, chance.choices(list(REFUSALS), list(REFUSALS.values()))[0])
    return Answer("accept", at)


def story(*, accepted_at: datetime, reference: str, chance: Random) -> Iterator[Said]:
    """What the dealer will say came of an accepted lead, in order; later than now is for the caller to leave out."""
    called_at = accepted_at + timedelta(minutes=chance.expovariate(1 / 50) + 3)
    if chance.random() < 0.34:
        return
    if chance.random() < 0.06:
        yield Said(kind="unreachable", at=called_at, salesperson=_salesperson(chance))
        called_at += timedelta(hours=chance.uniform(18, 30))
    end = chance.random()
    if end < 0.2:
        reason = chance.choices(list(LOST), list(LOST.values()))[0]
        yield Said(kind="lost", at=called_at, reason=reason, grade="F", salesperson=_salesperson(chance))
        return
    grade = chance.choice(GRADES)
    yield Said(
        kind="contacted",
        at=called_at,
        grade=grade,
        salesperson=_salesperson(chance),
        next_follow_up_at=called_at + timedelta(days=3),
    )
    drives_at = called_at + timedelta(hours=chance.uniform(20, 90))
    if end > 0.72:
        yield Said(kind="test_drive", at=drives_at, salesperson=_salesperson(chance))
    if end > 0.9:
        yield Said(
            kind="deposit",
            at=drives_at + timedelta(hours=chance.uniform(1, 30)),
            value_fen=5_000 * FEN,
            reference=f"D-{reference}",
        )
    if end > 0.94:
        price = chance.randrange(180_000, 820_000, 1_000) * FEN
        ordered_at = drives_at + timedelta(days=chance.uniform(2, 9))
        yield Said(kind="order", at=ordered_at, value_fen=price, reference=f"O-{reference}")
    if end > 0.975:
        yield Said(kind="delivered", at=drives_at + timedelta(days=chance.uniform(12, 18)), reference=f"C-{reference}")


def _salesperson(chance: Random) -> str:
    return f"V{chance.randint(1, 9):02d}"
