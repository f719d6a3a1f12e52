"""Names of regions in pinyin or English, as visitors and their phones write them.

Promises the large before the small, whichever way round they stand. Refuses nothing: a text without Latin letters has no such names.
"""

import re
from collections import defaultdict
from functools import cache

from crm.places.gazetteer import SUFFIX, Mention
from crm.regions import Region, rows, table

_NOISE = re.compile(r"\S*(?:www\.|://|@)\S*|\S+\.(?:com|cn|net|org)\S*|['’]")
_ROAD = re.compile(
    r"\s+(?:(?:east|west|north|south|middle|central|dong|xi|nan|bei|zhong|[ewsn])\.?\s+)?"
    r"(?:\d+\w*\s+)?(?:road|rd|street|st|avenue|ave|lu|jie|dadao|boulevard|blvd|highway)\b"
)
_PINYIN_SUFFIX = {"省": "sheng", "市": "shi", "区": "qu", "县": "xian", "新区": "xinqu", "旗": "qi"}


def mentions(text: str) -> list[Mention]:
    """Names in pinyin or English, the large before the small, because such addresses run from small to large."""
    words = list(re.finditer("[a-z]+", _NOISE.sub("", text.lower()))) if re.search("[A-Za-z]{2}", text) else []
    found: list[tuple[bool, bool, Mention]] = []
    at = 0
    while at < len(words):
        size = next((n for n in (3, 2, 1) if _name(words, at, n) in _names()), 0)
        if size and not _ROAD.match(words[at].string, words[at + size - 1].end()):
            meaning = _names()[_name(words, at, size)]
            # "xian" is 西安, but also the word for a county: any other city goes before it.
            found.append((not meaning.alone, words[at][0] == "xian", meaning))
        at += size or 1
    return [mention for *_, mention in sorted(found, key=lambda item: item[:2])]


def _name(words: list[re.Match[str]], at: int, size: int) -> str:
    return "".join(word[0] for word in words[at : at + size]) if at + size <= len(words) else ""


@cache
def _names() -> dict[str, Mention]:
    alone, inside = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    for region in table().values():
        short = _short_pinyin(region)
        inside[short].append(region.code)
        inside[region.pinyin.lower()].append(region.code)
        if region.level != "district":
            alone[short].append(region.code)
    for row in rows("region_aliases.csv"):
        if row["kind"] == "english":
            alone[row["alias"]].append(row["code"])
            inside[row["alias"]].append(row["code"])
    return {name: Mention(tuple(alone[name]), tuple(codes)) for name, codes in inside.items()}


def _short_pinyin(region: Region) -> str:
    short = SUFFIX.sub("", region.name)
    return region.pinyin.lower().removesuffix(_PINYIN_SUFFIX.get(region.name.removeprefix(short), ""))
