"""Two people beside each other as a reviewer reads them: value by value, what speaks for one person, and what a merge would do.

Promises that nothing is changed by looking, and that the consents shown as counting are those that a merge would leave in force: a no wins.
"""

from collections.abc import Collection, Iterable
from typing import Literal
from uuid import UUID

import msgspec

from crm import consent
from crm.consent import Standing
from crm.identity.scoring import Part, words
from crm.people import comparison, portraits
from crm.people.comparison import Rival
from crm.people.portraits import KINDS, Kind, Sketch
from crm.people.reviews import Task
from crm.roles import Scope

Compared = Literal["same", "fits", "differs", "one_side", "neither"]


class Evidence(msgspec.Struct, frozen=True):
    """One part of the weighing with its words."""

    name: str
    words: str
    points: float
    names: int


class Line(msgspec.Struct, frozen=True):
    """One value on both sides."""

    kind: Kind
    left: str | None
    right: str | None
    compared: Compared


class Stricter(msgspec.Struct, frozen=True):
    """A question on which a no of one side would count for both."""

    purpose: str
    brand: int
    channel: str | None


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """The older person on the left; `rivals` are others whom somebody contradictory may be instead."""

    left: Sketch
    right: Sketch
    lines: tuple[Line, ...]
    evidence: tuple[Evidence, ...]
    total: float
    needed: float
    next: Rival | None
    rivals: tuple[Rival, ...]
    consents: tuple[tuple[Standing, ...], tuple[Standing, ...]]
    stricter: tuple[Stricter, ...]
    names: dict[UUID, Sketch]


async def side_by_side(task: Task, scope: Scope) -> Pair:
    """The two sides of a question as they are known today."""
    older, newer = sorted((task.person, task.other))
    sketches = await portraits.of_many([older, newer], scope, most=portraits.MOST)
    weighed = await comparison.weigh_up(task.person, task.other, newcomer=_is_newcomer(sketches[task.person]))
    rivals = await comparison.rivals(task.person, without=task.other) if task.kind == "contradiction" else []
    standings = await consent.standing([older, newer])
    both = (tuple(standings.get(older, ())), tuple(standings.get(newer, ())))
    left, right = sketches[older], sketches[newer]
    others = [it.person for it in rivals] + ([weighed.next.person] if weighed.next else [])
    return Pair(
        left=left,
        right=right,
        lines=tuple(_line(kind, left, right, weighed.parts) for kind in KINDS),
        evidence=tuple(Evidence(it.name, words(it.name), it.points, it.names) for it in weighed.parts),
        total=weighed.total,
        needed=weighed.needed,
        next=weighed.next,
        rivals=tuple(rivals),
        consents=both,
        stricter=tuple(_stricter(*both)),
        names=await portraits.of_many(sorted(set(others)), scope),
    )


async def names(persons: Collection[UUID], scope: Scope) -> dict[UUID, Sketch]:
    """Those whom a list of questions speaks of, by the ids they had then."""
    return await portraits.known_as(sorted(set(persons)), scope)


def _is_newcomer(sketch: Sketch) -> bool:
    # A provisional person is the one registration that nobody could place.
    return sketch.status == "provisional"


def _line(kind: Kind, left: Sketch, right: Sketch, parts: Iterable[Part]) -> Line:
    ours, theirs = left.best(kind), right.best(kind)
    if ours is None and theirs is None:
        compared: Compared = "neither"
    elif ours is None or theirs is None:
        compared = "one_side"
    else:
        compared = _compared(kind, left, right, parts)
    return Line(kind, ours, theirs, compared)


def _compared(kind: Kind, left: Sketch, right: Sketch, parts: Iterable[Part]) -> Compared:
    if kind == "region":
        return "same" if _shown(left, kind) & _shown(right, kind) else "differs"
    prefix = {"name": "name_", "phone": "phone_", "email": "email_", "wechat": "unionid_"}[kind]
    found = [it for it in parts if it.name.startswith(prefix) and it.name not in ("name_in_email", "phone_in_email")]
    if any(it.points < 0 for it in found):
        return "differs"
    if any(it.name.endswith(("_equal", "_same")) for it in found):
        return "same"
    return "fits" if found else "differs"


def _shown(sketch: Sketch, kind: Kind) -> set[str]:
    return {value.shown for value in sketch.values[kind]}


def _stricter(ours: Iterable[Standing], theirs: Iterable[Standing]) -> Iterable[Stricter]:
    said = {(one.purpose, one.brand, one.channel): one.state for one in ours}
    for one in theirs:
        question = (one.purpose, one.brand, one.channel)
        if question in said and {said[question], one.state} == {"given", "withdrawn"}:
            yield Stricter(*question)
