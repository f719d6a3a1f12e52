"""Regions by what somebody types: a code, a name or its beginning, its pinyin, or a whole address.

Promises the surest reading first. Refuses nothing: what fits no region has none.
"""

import msgspec

from crm import places, regions

SHOWN = 12
SHORTEST = 1


class Found(msgspec.Struct, frozen=True):
    """A region to choose: its code, and its name with what it lies in."""

    code: str
    name: str
    certain: bool


def like(typed: str) -> list[Found]:
    """At most twelve regions that this may mean."""
    text = typed.strip()
    if len(text) < SHORTEST:
        return []
    read = places.resolve(text)
    known = [regions.current(text)] if text.isdigit() else [read.region, *read.candidates]
    sure = known[0] if read.certainty == "certain" or text.isdigit() else None
    codes = dict.fromkeys(code for code in (*known, *_named(text)) if code)
    return [Found(code, _name(code), code == sure) for code in list(codes)[:SHOWN]]


def _named(text: str) -> list[str]:
    sound = text.lower().replace(" ", "")
    return [
        region.code
        for region in regions.table().values()
        if region.name.startswith(text)
        or (sound.isascii() and region.pinyin.lower().replace(" ", "").startswith(sound))
        or (text.isdigit() and region.code.startswith(text))
    ]


def _name(code: str) -> str:
    above = (regions.province_of(code), regions.city_of(code), code)
    names = (regions.table()[one].name for one in dict.fromkeys(above) if one)
    return " ".join(names)
