"""From a typed address to the deepest region that is certain, by GB/T 2260 code.

Promises: a region is certain only when the text leaves no other, and likely only by a rule that is written down; what
several regions could be stays a list of candidates. Refuses nothing: an address without a place is an answer too.
"""

import unicodedata
from typing import Literal

import msgspec

from crm.places import chinese, latin
from crm.places.gazetteer import WEIGHTS, Mention, Weight
from crm.regions import Level, city_of, province_of, table, usually_meant


class Place(msgspec.Struct, frozen=True):
    """What an address says. `region` is the deepest one that is certain, or else likely, or None.

    certain: the region is the deepest one named. likely: of the `candidates` people hardly ever mean another, or it
    is the city that the avenue is named after. partial: a deeper one was named but could be any of `candidates`,
    which all lie in `region`. ambiguous: `candidates` have no region in common. unknown: no place was named.
    """

    region: str | None
    level: Level | None
    certainty: Literal["certain", "likely", "partial", "ambiguous", "unknown"]
    candidates: tuple[str, ...] = ()


# The one-character signs of car plates, when they are all that was typed.
_SIGNS = {
    "京": "北京",
    "津": "天津",
    "沪": "上海",
    "渝": "重庆",
    "蓉": "成都",
    "穗": "广州",
    "深": "深圳",
    "杭": "杭州",
}
_UNKNOWN = Place(None, None, "unknown")


def resolve(address: str) -> Place:
    """The deepest region that the address lies in; a name that follows a certain parent is read inside it."""
    text = address.strip() if address.isascii() else unicodedata.normalize("NFKC", address).strip()
    text = _SIGNS.get(text, text)
    mentions = [*chinese.mentions(text), *latin.mentions(text)]
    codes, weight = _fold(mentions)
    if not codes:
        return _UNKNOWN
    if len(codes) == 1 and weight != "weak":
        return Place(codes[0], table()[codes[0]].level, "certain" if weight == "firm" else "likely")
    if weight == "firm" and (common := _common_parent(codes)):
        return Place(common, table()[common].level, "partial", codes)
    if weight == "firm" and (likely := usually_meant(codes)) and not _is_contradicted(likely, mentions):
        return Place(likely, table()[likely].level, "likely", codes)
    return Place(None, None, "ambiguous", codes)


def _fold(mentions: list[Mention]) -> tuple[tuple[str, ...], Weight]:
    # The first name that stands for itself leads; later ones go deeper inside it, or tell which of several it was.
    known: tuple[str, ...] = ()
    weight: Weight = "firm"
    for mention in mentions:
        deeper = tuple(code for code in mention.inside if any(_lies_in(code, parent) for parent in known))
        told = tuple(code for code in known if any(_lies_in(code, parent) for parent in mention.alone))
        if known and deeper:
            known, weight = _widest(deeper), "firm"
        elif known and told:
            known = told
        elif mention.alone and (not known or WEIGHTS.index(mention.weight) > WEIGHTS.index(weight)):
            known, weight = mention.alone, mention.weight
    return known, weight


def _is_contradicted(code: str, mentions: list[Mention]) -> bool:
    # 朝阳区 behind which 沈阳 is named is neither that of 北京 nor that of 长春.
    return any(
        mention.weight == "firm"
        and mention.alone
        and not any(_lies_in(code, said) or _lies_in(said, code) for said in mention.alone)
        for mention in mentions
    )


def _widest(codes: tuple[str, ...]) -> tuple[str, ...]:
    # 辽宁朝阳 is the city 朝阳, which also has a county of that name.
    return next(((wide,) for wide in codes if all(_lies_in(code, wide) for code in codes)), codes)


def _lies_in(code: str, parent: str) -> bool:
    if parent.endswith("0000"):
        return code[:2] == parent[:2]
    return code[:4] == parent[:4] if parent.endswith("00") else code == parent


def _common_parent(codes: tuple[str, ...]) -> str | None:
    for parents in ({city_of(code) for code in codes}, {province_of(code) for code in codes}):
        if len(parents) == 1 and (parent := parents.pop()):
            return parent
    return None
