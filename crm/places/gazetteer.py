"""The names that people use for regions and what each stands for: full names, those without their suffix, old ones and short ones.

Promises that a name which several regions share keeps them all. Refuses nothing: what is no name of a region is not in it.
"""

import re
from collections import defaultdict
from functools import cache
from typing import Literal

import msgspec

from crm.regions import rows, table

# Cities named like everyday words or sights: without their suffix they need a parent, a settlement, or to stand alone.
_EVERYDAY_NAMES = (
    "中山 朝阳 东方 永安 永康 兴平 安宁 文昌 新民 长乐 福安 安国 新乐 东兴 东港 海林 临江 金昌 白银 安康 日照 海东 "
    "来宾 三明 松原 黄山 山南 海城 丰城 高安 五常 华亭 瑞金 大同 阿里 三河 双河 新星 昆玉"
)
EVERYDAY = frozenset(_EVERYDAY_NAMES.split())
# Short names that people use for more than one region alike.
SHARED = {"朝阳", "吉林"}
_PEOPLES = (
    "蒙古|哈萨克|柯尔克孜|塔吉克|锡伯|达斡尔|鄂伦春|鄂温克|回|藏|维吾尔|苗|彝|壮|布依|朝鲜|满|侗|瑶|白|土家|哈尼|傣|黎|"
    "傈僳|佤|畲|拉祜|水|东乡|纳西|景颇|土|仫佬|羌|布朗|撒拉|毛南|仡佬|普米|怒|保安|裕固|独龙|各"
)
_AUTONOMOUS = f"(?:(?:{_PEOPLES})族|蒙古|哈萨克|柯尔克孜|塔吉克|锡伯|维吾尔)*自治[区州县旗]"
SUFFIX = re.compile(f"(?:{_AUTONOMOUS}|特别行政区|地区|新区|林区|[省市区县盟旗])$")

Rank = Literal["full", "area", "province", "city", "county city", "district", "county"]
_RANKS: tuple[Rank, ...] = ("full", "area", "province", "city", "county city", "district", "county")
_RANK_BY_SUFFIX: dict[str, Rank] = {"市": "county city", "区": "district"}
Weight = Literal["weak", "likely", "firm"]
WEIGHTS: tuple[Weight, ...] = ("weak", "likely", "firm")


class Meaning(msgspec.Struct, frozen=True):
    """What one name stands for; `rank` is the best of its readings: full name, city or county without its suffix."""

    rank: Rank
    alone: tuple[str, ...]
    inside: tuple[str, ...]

    @property
    def is_full(self) -> bool:
        return self.rank in {"full", "area"}


class Mention(msgspec.Struct, frozen=True):
    """A name found in an address: the codes it means by itself, and those it may mean inside a known parent.

    By itself a likely mention (the city in the name of an avenue) makes a region no more than likely, and a weak one
    (the city in the name of a hotel) not even that.
    """

    alone: tuple[str, ...]
    inside: tuple[str, ...]
    weight: Weight = "firm"


@cache
def meanings() -> dict[str, Meaning]:
    """What each name may stand for; read once."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for region in table().values():
        if not region.name.endswith("行政区划"):
            _add_name(found, region.name, region.code, upper=region.level if region.level != "district" else None)
    for row in rows("region_aliases.csv"):
        if row["kind"] == "old name":
            _add_name(found, row["alias"], row["code"], upper=None)
        elif row["kind"] in {"area", "short name"}:
            found[row["alias"]]["area" if row["kind"] == "area" else "county city"].append(row["code"])
    return {name: _meaning(name, ranks) for name, ranks in found.items()}


def name_at(text: str, at: int) -> str | None:
    """The longest name that begins there."""
    known = meanings()
    return next((text[at : at + n] for n in _lengths().get(text[at], ()) if text[at : at + n] in known), None)


def _add_name(
    found: dict[str, dict[str, list[str]]], name: str, code: str, *, upper: Literal["province", "city"] | None
) -> None:
    found[name]["full"].append(code)
    short = SUFFIX.sub("", name)
    if len(short) > 1 and short != name:
        found[short][upper or _RANK_BY_SUFFIX.get(name[-1], "county")].append(code)


def _meaning(name: str, ranks: dict[str, list[str]]) -> Meaning:
    rank = next(rank for rank in _RANKS if rank in ranks)
    inside = tuple(dict.fromkeys(code for rank in _RANKS for code in ranks.get(rank, ())))
    return Meaning(rank, inside if name in SHARED else tuple(dict.fromkeys(ranks[rank])), inside)


@cache
def _lengths() -> dict[str, tuple[int, ...]]:
    lengths: dict[str, set[int]] = defaultdict(set)
    for name in meanings():
        lengths[name[0]].add(len(name))
    return {first: tuple(sorted(found, reverse=True)) for first, found in lengths.items()}
