"""How alike two names are: one word for each pair, whatever scripts and forms of address they were typed in.

Promises the same word whichever name comes first. Never says that two people are one: that is for `crm.identity.scoring`,
which weighs the word against everything else.
"""

from collections.abc import Collection
from functools import lru_cache
from typing import Literal

from crm.normalise import Name

Likeness = Literal[
    "same",
    "same_short",
    "same_sound",
    "same_spelling",
    "one_off",
    "one_off_short",
    "fits",
    "nickname",
    "silent",
    "other_nickname",
    "other_address",
    "other_sex",
    "kin",
    "other",
]
# Best first: a person who was met under several names is compared by the one that fits best.
_ORDER: dict[Likeness, int] = {
    "same": 0,
    "same_short": 1,
    "same_sound": 2,
    "same_spelling": 3,
    "one_off": 4,
    "one_off_short": 5,
    "nickname": 6,
    "fits": 7,
    "silent": 8,
    "other_nickname": 9,
    "other_address": 10,
    "other_sex": 11,
    "kin": 12,
    "other": 13,
}
ALIKE = frozenset[Likeness](("same", "same_short", "same_sound", "same_spelling"))
APART = frozenset[Likeness](("one_off_short", "other_nickname", "other_address", "other_sex", "kin", "other"))
CLEARLY_APART = frozenset[Likeness](("kin", "other"))
# Only forms of address that tell: 总 and 老师 are anybody's.
_WOMAN = "女士 小姐 太太 夫人 阿姨 大姐 姐 姨 太 嫂 mrs ms miss madam nvshi xiaojie"
_MAN = "先生 大哥 叔叔 哥 叔 爷 mr mister sir xiansheng"
_SEXES = dict.fromkeys(_WOMAN.split(), "woman") | dict.fromkeys(_MAN.split(), "man")
_WHOLE = frozenset(("full", "latin"))
_TELLING = _WHOLE | {"salutation", "nickname"}


def is_telling(name: Name) -> bool:
    """Whether the name says anything at all about who somebody is."""
    return name.kind in _TELLING


def is_whole(name: Name) -> bool:
    """Whether surname and given name are both there, in either script."""
    return name.kind in _WHOLE


def closest(ours: Collection[Name], theirs: Collection[Name]) -> Likeness:
    """The best likeness between two persons' names; whole names, where both have some, outweigh forms of address.

    Otherwise Mr Wang and Ms Wang are two, whatever else fits.
    """
    if not ours or not theirs:
        return "silent"
    pairs = [(a, b) for a in _whole_if_any(ours) for b in _whole_if_any(theirs)]
    best = min((between(a, b) for a, b in pairs), key=_ORDER.__getitem__)
    return "other_sex" if best in {"fits", "silent"} and _are_man_and_woman(ours, theirs) else best


def different(names: Collection[Name]) -> int:
    """How many clearly different whole names there are; spellings and slips of one name count once."""
    kept: list[Name] = []
    for name in names:
        if is_whole(name) and all(between(name, other) in CLEARLY_APART for other in kept):
            kept.append(name)
    return len(kept)


def spellings(name: Name) -> frozenset[str]:
    """Every way the name may stand in latin letters, surname first or last, as in front of the @ of an e-mail."""
    if not is_whole(name):
        return frozenset()
    turned = frozenset([name.given_sound + name.surname_sound] if name.surname_sound and name.given_sound else [])
    return turned.union(name.spellings)


@lru_cache(maxsize=65536)
def between(a: Name, b: Name) -> Likeness:
    """The likeness of two names; `silent` when one of them says too little to compare."""
    if a.kind == "full" and b.kind == "full":
        return _between_hanzi(a, b)
    if is_whole(a) and is_whole(b):
        return _between_scripts(a, b)
    if "salutation" in {a.kind, b.kind}:
        return _by_surname(a, b)
    if "nickname" in {a.kind, b.kind}:
        return _by_nickname(a, b)
    return "silent"


def _are_man_and_woman(ours: Collection[Name], theirs: Collection[Name]) -> bool:
    mine, yours = ({_SEXES.get(name.title or "") for name in names} - {None} for names in (ours, theirs))
    return bool(mine and yours) and not mine & yours


def _whole_if_any(names: Collection[Name]) -> Collection[Name]:
    return [name for name in names if is_whole(name)] or names


def _between_hanzi(a: Name, b: Name) -> Likeness:
    if a.text == b.text:
        return "same_short" if len(a.given or a.text) == 1 else "same"
    if a.syllables == b.syllables:
        return "same_sound"
    if not a.surname or a.surname != b.surname:
        return "other"
    return _between_given(a.given or "", b.given or "")


def _between_scripts(a: Name, b: Name) -> Likeness:
    if spellings(a) & spellings(b):
        return "same_spelling"
    if not a.syllables or not b.syllables:
        return _of_another_language(a, b)
    if not a.surname_sound or a.surname_sound != b.surname_sound:
        return "other"
    return _between_given(_given_syllables(a), _given_syllables(b))


def _of_another_language(a: Name, b: Name) -> Likeness:
    if a.kind == b.kind:
        return "other"
    # David Wang may be what 王强 is called abroad.
    return "fits" if a.surname_sound and a.surname_sound == b.surname_sound else "silent"


def _between_given(a: str | tuple[str, ...], b: str | tuple[str, ...]) -> Likeness:
    if len(a) != len(b):
        return "one_off" if _is_within(a, b) or _is_within(b, a) else "kin"
    slips = sum(x != y for x, y in zip(a, b, strict=True))
    if slips == 1:
        return "one_off" if len(a) > 1 else "one_off_short"
    return "one_off" if sorted(a) == sorted(b) else "kin"


def _is_within(longer: str | tuple[str, ...], shorter: str | tuple[str, ...]) -> bool:
    return len(longer) == len(shorter) + 1 and all(sound in longer for sound in shorter)


def _by_surname(a: Name, b: Name) -> Likeness:
    if not a.surname_sound or not b.surname_sound:
        return "silent"
    return "fits" if a.surname == b.surname or a.surname_sound == b.surname_sound else "other_address"


def _by_nickname(a: Name, b: Name) -> Likeness:
    nickname, name = (a, b) if a.kind == "nickname" else (b, a)
    if not nickname.syllables or not name.syllables:
        return "silent"
    if name.kind == "nickname":
        return "nickname" if nickname.pinyin == name.pinyin else "silent"
    if set(nickname.syllables) <= set(_given_syllables(name)):
        return "nickname"
    # A fancy name of several characters or in latin letters says nothing; 阿敏 for somebody without a 敏 does.
    return "other_nickname" if len(nickname.syllables) == 1 and nickname.pinyin != nickname.given else "silent"


def _given_syllables(name: Name) -> tuple[str, ...]:
    before, heard = 0, ""
    while before < len(name.syllables) and len(heard) < len(name.surname_sound or ""):
        heard += name.syllables[before]
        before += 1
    return name.syllables[before:]
