"""One person or two: weighs what was observed against what is known of a person, in log2 units with named parts.

Promises: pure and deterministic; a total is the sum of its parts, and each part has words, so that "why one person?"
can always be answered. Refuses to join on a shared value alone when the names are clearly different, and to choose
between rivals without a margin.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from math import log2
from pathlib import Path
from typing import Literal
from uuid import UUID

import msgspec

from crm.identity import likeness
from crm.identity.profiles import Profile, phones_within, views

Outcome = Literal["linked", "provisional", "new"]
Question = Literal["possible_same", "contradiction"]


class Weight(msgspec.Struct, frozen=True):
    """What one kind of evidence is worth, and how it is told."""

    points: float
    words: str


class Model(msgspec.Struct, frozen=True):
    """Weights and thresholds of one version.

    `crowd` is the share of its points that a value keeps when 1, 2, 3... names gave it; from `hub` names on it hardly
    counts. `sharing` is the share of phones given by several people that the weights expect: each time that it doubles, a
    missing name costs `missing_by_doubling` points more, up to `missing_at_most`.
    """

    version: int
    link: float
    merge: float
    review: float
    margin: float
    hub: int
    crowd: list[float]
    sharing: float
    missing_by_doubling: float
    missing_at_most: float
    common_surnames: str
    parts: dict[str, Weight]


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is known beyond the candidates.

    `crowds`: how many differently named people gave a value; `apart`: pairs that somebody found to be different people;
    `sharing`: which share of phones was given by several people lately.
    """

    crowds: Mapping[str, int] = {}
    apart: frozenset[frozenset[UUID]] = frozenset()
    sharing: float = 0.0


class Part(msgspec.Struct, frozen=True, omit_defaults=True):
    """One piece of evidence. `names` is how many differently named people gave the value, when more than one."""

    name: str
    points: float
    names: int = 1


class Weighed(msgspec.Struct, frozen=True):
    """One candidate with its evidence."""

    profile: Profile
    total: float
    parts: tuple[Part, ...]


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What to do with an observation. `same` are further persons proven to be the best one, `maybe_same` a question."""

    outcome: Outcome
    best: Weighed | None = None
    runner_up: Weighed | None = None
    margin: float | None = None
    question: Question | None = None
    same: tuple[Profile, ...] = ()
    maybe_same: tuple[Profile, ...] = ()


@cache
def model() -> Model:
    """The weights that ship with this version of the house."""
    return msgspec.json.decode((Path(__file__).parent / "model.json").read_bytes(), type=Model)


def words(part: str) -> str:
    """How a part is told to people."""
    return model().parts[part].words


def decide(newcomer: Profile, candidates: Sequence[Profile], *, known: Known) -> Verdict:
    """Link the newcomer to the best candidate, ask people, or call it a new person."""
    if not candidates:
        return Verdict(outcome="new")
    known = msgspec.structs.replace(known, crowds=crowds_among(newcomer, candidates, known=known.crowds))
    ranked = sorted((weigh(newcomer, each, known=known) for each in candidates), key=lambda it: -it.total)
    best, others = ranked[0], ranked[1:]
    rival = next((it for it in others if _are_rivals(it.profile, best.profile, apart=known.apart)), None)
    runner_up = rival or next(iter(others), None)
    margin = best.total - runner_up.total if runner_up else None
    if best.total < model().link or (rival and best.total - rival.total < model().margin):
        question = _question(best, rival)
        outcome: Outcome = "provisional" if question else "new"
        return Verdict(outcome=outcome, best=best, runner_up=runner_up, margin=margin, question=question)
    same, maybe_same = _bridged(best.profile.joined(newcomer), others, known=known)
    return Verdict(outcome="linked", best=best, runner_up=runner_up, margin=margin, same=same, maybe_same=maybe_same)


def weigh(ours: Profile, theirs: Profile, *, known: Known) -> Weighed:
    """Add up what speaks for and against the two being one person."""
    alike = likeness.closest(ours.names, theirs.names)
    parts = (
        *_by_reach(ours, theirs, alike=alike, crowds=known.crowds),
        *_by_unionid(ours, theirs),
        *_by_name(ours, theirs, alike=alike),
        *(_by_silence(alike, sharing=known.sharing) if _rest_on_phone(ours, theirs) else ()),
        *([_part("city_same")] if ours.cities & theirs.cities else []),
    )
    return Weighed(theirs, sum(part.points for part in parts), parts)


def crowds_among(newcomer: Profile, candidates: Iterable[Profile], *, known: Mapping[str, int]) -> dict[str, int]:
    """How many differently named people gave each phone and e-mail of the newcomer, as far as anybody knows."""
    candidates = list(candidates)
    counted = {}
    for value in newcomer.phones | newcomer.emails | phones_within(newcomer.emails):
        names = {name for it in candidates if value in it.phones or value in it.emails for name in it.names}
        counted[value] = max(likeness.different(names), known.get(value, 1), 1)
        if _TYPED_BY_MANY.fullmatch(value):
            counted[value] = max(counted[value], model().hub)
    return counted


# Numbers that stand in examples and on keyboards: 13800138000, 13812345678, 13888888888.
_TYPED_BY_MANY = re.compile(r"\+861[3-9]\d(?:00138000|12345678|87654321|(\d)\1{7})")
_TRAILING_DIGITS = re.compile(r"[\d._-]*@.*")


def _are_rivals(one: Profile, other: Profile, *, apart: Collection[frozenset[UUID]]) -> bool:
    # Between brothers and sisters neither a form of address nor silence chooses.
    return _are_apart(one, other, apart=apart) or likeness.closest(one.names, other.names) == "one_off"


def _are_apart(one: Profile, other: Profile, *, apart: Collection[frozenset[UUID]]) -> bool:
    if frozenset((one.person, other.person)) in apart or _unionids_differ(one, other):
        return True
    return likeness.closest(one.names, other.names) in likeness.APART


def _question(best: Weighed, rival: Weighed | None) -> Question | None:
    if rival and rival.total >= model().link and not _reaches(best) & _reaches(rival):
        return "contradiction"
    return "possible_same" if best.total >= model().review else None


def _reaches(weighed: Weighed) -> set[str]:
    return {part.name for part in weighed.parts if part.name.endswith("_equal")}


def _bridged(
    person: Profile, others: Iterable[Weighed], *, known: Known
) -> tuple[tuple[Profile, ...], tuple[Profile, ...]]:
    """The others whom the newcomer, now part of `person`, shows to be the same: proven ones, and doubtful ones."""
    same: list[Profile] = []
    maybe_same: list[Profile] = []
    for other in (it.profile for it in others if it.total >= model().link):
        if _are_apart(person, other, apart=known.apart):
            continue
        # A value that only the two share was not looked up: it may be a household's.
        doubtful = dict.fromkeys((person.phones & other.phones) | (person.emails & other.emails), 2)
        careful = msgspec.structs.replace(known, crowds={**doubtful, **known.crowds})
        if weigh(person, other, known=careful).total >= model().merge:
            same.append(other)
            person = person.joined(other)
        else:
            maybe_same.append(other)
    return tuple(same), tuple(maybe_same)


def _by_reach(ours: Profile, theirs: Profile, *, alike: likeness.Likeness, crowds: Mapping[str, int]) -> Iterator[Part]:
    phones, emails = ours.phones & theirs.phones, ours.emails & theirs.emails
    in_mailbox = set() if phones or emails else _phones_in_mailboxes(ours, theirs)
    if phones:
        yield _shared("phone_equal", phones, crowds=crowds)
    elif alike in likeness.ALIKE and any(_is_near(a, b) for a in ours.phones for b in theirs.phones):
        yield _part("phone_near")
    elif views(ours) & theirs.masked or views(theirs) & ours.masked:
        yield _part("phone_masked")
    elif ours.phones and theirs.phones and not in_mailbox:
        yield _part("phone_other")
    if emails:
        yield _shared("email_equal", emails, crowds=crowds)
    elif ours.emails and theirs.emails and not any(_is_near_email(a, b) for a in ours.emails for b in theirs.emails):
        yield _part("email_other")
    if in_mailbox:
        yield _shared("phone_in_email", in_mailbox, crowds=crowds)


def _by_unionid(ours: Profile, theirs: Profile) -> Iterator[Part]:
    for account in sorted(ours.unionids.keys() & theirs.unionids.keys()):
        same = ours.unionids[account] & theirs.unionids[account]
        yield _part("unionid_equal" if same else "unionid_other")


def _by_name(ours: Profile, theirs: Profile, *, alike: likeness.Likeness) -> Iterator[Part]:
    if alike == "one_off" and not _share_what_is_ones_own(ours, theirs):
        # 张建国 and 张建军 on one phone or in one mailbox: a slip as likely as brothers who share it.
        yield _part("name_sibling")
    elif alike != "silent":
        yield _part(f"name_{alike}")
    if alike in likeness.ALIKE and any(name.surname and _is_rare(name.surname) for name in ours.names):
        yield _part("surname_rare")
    # Beside two whole names, or in a mailbox that both use, the spelling says nothing new.
    if alike in {"silent", "fits", "nickname"} and not ours.emails & theirs.emails and _spell_each_other(ours, theirs):
        yield _part("name_in_email")


def _by_silence(alike: likeness.Likeness, *, sharing: float) -> Iterator[Part]:
    if alike == "silent" and sharing > model().sharing:
        cost = model().missing_by_doubling * log2(sharing / model().sharing)
        yield Part("name_missing", -min(cost, model().missing_at_most))


def _part(name: str) -> Part:
    return Part(name, model().parts[name].points)


def _shared(name: str, values: Collection[str], *, crowds: Mapping[str, int]) -> Part:
    names = min(crowds.get(value, 1) for value in values)
    kept = model().crowd
    return Part(name, model().parts[name].points * kept[min(names, len(kept)) - 1], names)


def _is_rare(surname: str) -> bool:
    return not surname.isascii() and surname not in model().common_surnames


def _rest_on_phone(ours: Profile, theirs: Profile) -> bool:
    """Whether neither a mailbox nor a WeChat identity speaks for the two, only what a household shares."""
    return not ours.emails & theirs.emails and not _share_wechat(ours, theirs)


def _share_what_is_ones_own(ours: Profile, theirs: Profile) -> bool:
    """Whether the two have a WeChat identity in common, or phone and mailbox both; a family shares one of the latter."""
    return _share_wechat(ours, theirs) or bool(ours.phones & theirs.phones and ours.emails & theirs.emails)


def _share_wechat(ours: Profile, theirs: Profile) -> bool:
    accounts = ours.unionids.keys() & theirs.unionids.keys()
    return any(ours.unionids[account] & theirs.unionids[account] for account in accounts)


def _spell_each_other(ours: Profile, theirs: Profile) -> bool:
    return _spells(ours, theirs) or _spells(theirs, ours)


def _spells(writer: Profile, named: Profile) -> bool:
    written = {_TRAILING_DIGITS.sub("", email) for email in writer.emails}
    return any(written & likeness.spellings(name) for name in named.names)


def _unionids_differ(one: Profile, other: Profile) -> bool:
    return any(part.name == "unionid_other" for part in _by_unionid(one, other))


def _is_near(a: str, b: str) -> bool:
    """One digit typed wrong, or two neighbours swapped."""
    if len(a) != len(b):
        return False
    match [at for at, (x, y) in enumerate(zip(a, b, strict=True)) if x != y]:
        case [_]:
            return True
        case [first, second]:
            return second - first == 1 and a[first] == b[second] and a[second] == b[first]
    return False


def _is_near_email(a: str, b: str) -> bool:
    """The same name in front of the @, dots and tags aside, or one slip in it; a slip may have spoilt the domain too."""
    mine, yours = (email.partition("@")[0].partition("+")[0].replace(".", "") for email in (a, b))
    return mine == yours or _is_near(mine, yours)


def _phones_in_mailboxes(ours: Profile, theirs: Profile) -> set[str]:
    mine, yours = phones_within(ours.emails), phones_within(theirs.emails)
    return (mine & theirs.phones) | (yours & ours.phones) | (mine & yours)
