"""A policy tried on past decisions, one after the other: arithmetic over what their receipts kept, and over what differs since.

Promises that a policy tried on decisions of its own repeats every one of them, whatever else happened beside them: what a store had taken and was
owed is read from each receipt, and a trial only adds what it did otherwise so far. Knows no database. How stores answer is not tried: the
n-th store that a lead is offered to answers as the n-th one did.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from crm.network import local_day
from leads.routing.choice import Candidate, Circle, Facts, Field, Outcome, Share, contest
from leads.routing.policies import Policy


class Decided(msgspec.Struct, frozen=True):
    """Where one decision left an interest; `stayed` is for a decision that never came, because a store had it already."""

    outcome: Outcome
    tier: Circle | None = None
    winner: int | None = None
    pool_key: bytes | None = None
    pool: tuple[Share, ...] = ()
    stayed: bool = False

    @property
    def won(self) -> Share | None:
        """The winner as it stood in the pool."""
        return next((share for share in self.pool if share.store == self.winner), None)


class Past(msgspec.Struct, frozen=True):
    """A decision as its receipt tells it; `is_last` when the interest was not decided again in the time that is looked at."""

    receipt: UUID
    interest: UUID
    decided_at: datetime
    decided: Decided
    facts: Facts
    is_last: bool

    @property
    def day(self) -> str:
        """The stores' day on which it was decided."""
        return local_day(self.decided_at).isoformat()


class Going(msgspec.Struct):
    """An interest that will be decided again: who had it last in the past and in the trial, and which refusals changed hands."""

    past: Decided
    tried: Decided
    instead: list[tuple[int, int | None]] = []
    moved: bool = False


class Trial(msgspec.Struct):
    """What a trial did otherwise so far: offers a store was given more or less by day, credits by pool, interests on their way."""

    taken: dict[str, dict[int, int]] = {}
    owed: dict[str, dict[int, int]] = {}
    going: dict[UUID, Going] = {}

    def go_on(self, past: Past) -> Going | None:
        """Bring an interest to its next decision: the store that has it refuses, if the one of the past did."""
        going = self.going.get(past.interest)
        if going and going.past.winner is not None and _refused(past.facts, going.past.winner):
            going.instead.append((going.past.winner, going.tried.winner))
        return going

    def facts(self, past: Past, rules: Policy) -> Facts:
        """What this decision would have known under other rules, after all that went otherwise before."""
        facts = msgspec.structs.replace(past.facts, rules=rules)
        taken, going = self.taken.get(past.day), self.going.get(past.interest)
        if taken:
            candidates = tuple(_with_offered(one, taken.get(one.store, 0)) for one in facts.candidates)
            facts = msgspec.structs.replace(facts, candidates=candidates)
        return _with_refusals(facts, going.instead) if going and going.instead else facts

    def decide(self, field: Field, credits_before: Mapping[int, int]) -> Decided:
        """The answer of a pool whose credits stood like this in the past."""
        owed = self.owed.get(_name(field.pool_key), {})
        standing = {c.store: credits_before.get(c.store, 0) + owed.get(c.store, 0) for c in field.pool}
        winner, pool = contest(field, credits_before=standing)
        return Decided(field.outcome, field.tier, winner, field.pool_key, pool)

    def settle(self, past: Past, tried: Decided) -> None:
        """Remember what this answer takes from stores and pools that the past did not, and the other way round."""
        if tried != past.decided:
            self._give(past.day, past.decided, -1)
            self._give(past.day, tried, 1)
        self._keep_going(past, tried)

    def _give(self, day: str, decided: Decided, sign: int) -> None:
        if decided.stayed or decided.winner is None:
            return
        _add(self.taken.setdefault(day, {}), {decided.winner: sign})
        if len(decided.pool) > 1:
            name = _name(decided.pool_key)
            moves = {share.store: sign * (share.credit_after - share.credit_before) for share in decided.pool}
            _add(self.owed.setdefault(name, {}), moves)
            if not self.owed[name]:
                del self.owed[name]

    def _keep_going(self, past: Past, tried: Decided) -> None:
        going = self.going.pop(past.interest, None)
        if not past.is_last:
            going = going or Going(past.decided, tried)
            going.past, going.tried = past.decided, tried
            going.moved = going.moved or differs(past.decided, tried)
            self.going[past.interest] = going


def stays(going: Going | None) -> Decided | None:
    """The answer for an interest that the trial brought to a store earlier than the past did, and that is still there."""
    if going is None or going.past.winner is not None or going.tried.winner is None:
        return None
    return msgspec.structs.replace(going.tried, stayed=True)


def differs(past: Decided, tried: Decided) -> bool:
    """Whether an interest ends up elsewhere: at another store, or in another queue or hold."""
    return (past.outcome, past.winner) != (tried.outcome, tried.winner)


def _refused(facts: Facts, store: int) -> bool:
    return any(one.store == store and one.bar == "refused_before" for one in facts.candidates)


def _with_offered(one: Candidate, more: int) -> Candidate:
    return msgspec.structs.replace(one, offered=one.offered + more) if more else one


def _with_refusals(facts: Facts, instead: list[tuple[int, int | None]]) -> Facts:
    """The same refusals, by the stores that had the interest in the trial."""
    freed, refused = {store for store, _ in instead}, {store for _, store in instead if store is not None}
    unasked = sum(store is None for _, store in instead)
    return msgspec.structs.replace(
        facts,
        ended_offers=facts.ended_offers - unasked,
        candidates=tuple(_with_bar(one, freed=freed, refused=refused) for one in facts.candidates),
    )


def _with_bar(one: Candidate, *, freed: set[int], refused: set[int]) -> Candidate:
    if one.store in refused:
        return msgspec.structs.replace(one, bar="refused_before")
    # It was chosen before, so there is nothing else against it.
    return msgspec.structs.replace(one, bar=None) if one.store in freed else one


def _add(counts: dict[int, int], moves: Mapping[int, int]) -> None:
    for store, move in moves.items():
        counts[store] = counts.get(store, 0) + move
        if not counts[store]:
            del counts[store]


def _name(pool_key: bytes | None) -> str:
    return pool_key.hex() if pool_key else ""
