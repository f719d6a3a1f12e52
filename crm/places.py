"""From a typed address to the deepest region that is certain, by GB/T 2260 code.

Promises: a region is certain only when the text leaves no other, and likely only by a rule that is written down; what
several regions could be stays a list of candidates. Refuses nothing: an address without a place is an answer too.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from typing import Literal

import msgspec

from crm.regions import Level, Region, city_of, outnumbering, province_of, rows, table


class Place(msgspec.Struct, frozen=True):
    """What an address says. `region` is the deepest one that is certain, or else likely, or None.

    certain: the region is the deepest one named. likely: of the `candidates` far the most people live in this one, or
    it is the city that the avenue is named after. partial: a deeper one was named but could be any of `candidates`,
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


Weight = Literal["weak", "likely", "firm"]
_WEIGHTS: tuple[Weight, ...] = ("weak", "likely", "firm")


class Mention(msgspec.Struct, frozen=True):
    """A name found in an address: the codes it means by itself, and those it may mean inside a known parent.

    By itself a likely mention (the city in the name of an avenue) makes a region no more than likely, and a weak one
    (the city in the name of a hotel) not even that.
    """

    alone: tuple[str, ...]
    inside: tuple[str, ...]
    weight: Weight = "firm"


def resolve(address: str) -> Place:
    """The deepest region that the address lies in; a name that follows a certain parent is read inside it."""
    text = address.strip() if address.isascii() else unicodedata.normalize("NFKC", address).strip()
    text = _SIGNS.get(text, text)
    mentions = [*_mentions(text), *_latin_mentions(text)]
    codes, weight = _fold(mentions)
    if not codes:
        return _UNKNOWN
    if len(codes) == 1 and weight != "weak":
        return Place(codes[0], table()[codes[0]].level, "certain" if weight == "firm" else "likely")
    if weight == "firm" and (common := _common_parent(codes)):
        return Place(common, table()[common].level, "partial", codes)
    if weight == "firm" and (likely := outnumbering(codes)) and not _is_contradicted(likely, mentions):
        return Place(likely, table()[likely].level, "likely", codes)
    return Place(None, None, "ambiguous", codes)


_HANZI = re.compile(r"[\u3400-\u9fff]")
_ROAD = re.compile(
    "(?:[东西南北中上下内外前后环]|(?!五一|五四|八一|六一|三八)[一二三四五六七八九十0-9]|第){0,4}支?"
    "(?:路|街(?!口)|道(?![\u3400-\u9fff])|大道|大街|公路|马路|高速|高架|巷|弄|胡同|里弄|立交|隧道)"
)
# Houses named after a city stand in any city; banks and insurers carry the name of their seat.
_NAMESAKE = re.compile("(?:国际|商务|科技|金融|贸易)*(?:大厦|大楼|宾馆|饭店|大?酒店|会馆|银行|证券(?!交易)|保险|人寿)")
_SIGHT = re.compile(
    "(?:国际|商务|商业|金融|科技|世纪|中央|文化)*(?:大厦|大楼|广场|大?酒店|宾馆|饭店|花园|公寓|银行|证券|保险|公园|医院|机场|"
    "大学|学院|中学|小学|小区|新村|家园|名都|名城|商城|中心|门|寺|祠|庙|塔|湖|江|河|山|岛|桥|站|苑|阁)"
)
_SETTLEMENT = re.compile(r"[\u3400-\u9fff]{1,5}?(?:区|县|镇|乡|街道|村)")
# Quarters that every city may have: these names mean something only directly behind their city.
_ONLY_INSIDE = {"城区", "郊区", "矿区", "东区", "西区", "老城区", "新城区", "市中区", "城中区"}
# Cities named like everyday words or sights: without their suffix they need a parent, a settlement, or to stand alone.
_EVERYDAY_NAMES = (
    "中山 朝阳 东方 永安 永康 兴平 安宁 文昌 新民 长乐 福安 安国 新乐 东兴 东港 海林 临江 金昌 白银 安康 日照 海东 "
    "来宾 三明 松原 黄山 山南 海城 丰城 高安 五常 华亭 瑞金 大同 阿里 三河 双河 新星 昆玉"
)
_EVERYDAY = frozenset(_EVERYDAY_NAMES.split())
# Short names that people use for more than one region alike.
_SHARED = {"朝阳", "吉林"}


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
        elif mention.alone and (not known or _WEIGHTS.index(mention.weight) > _WEIGHTS.index(weight)):
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


def _mentions(text: str) -> Iterator[Mention]:
    names = _names()
    at, last_end = 0, -1
    while at < len(text):
        name = _name_at(text, at)
        if name is None:
            at += 1
            continue
        end = at + len(name)
        is_behind = last_end >= 0 and not _HANZI.search(text, last_end, at)
        is_edge = is_behind or at == 0 or not _HANZI.match(text[at - 1])
        if name.endswith("市") and text.startswith(("中区", "南区", "北区"), end):
            end -= 1  # 济南市中区: the last character of the city's name belongs to its district 市中区.
        road = None if names[name].is_full else _road_at(text, end)
        if road and _names_its_city(name, road):
            yield Mention(names[name].alone, (), "likely")
        mention = None if road else _judge(names[name], name, text, end, is_behind=is_behind, is_edge=is_edge)
        if mention:
            yield mention
            last_end = end
        # A road is passed as a whole (in 上海南路 there is no 海南), a name that was none gives up one character.
        at = road.end() if road else end if mention else at + 1


def _name_at(text: str, at: int) -> str | None:
    names = _names()
    return next((text[at : at + n] for n in _lengths().get(text[at], ()) if text[at : at + n] in names), None)


def _road_at(text: str, at: int) -> re.Match[str] | None:
    # 郑州上街区 is a district, not an upper street of 郑州.
    road = _ROAD.match(text, at)
    following = _name_at(text, at) if road else None
    return None if following and _names()[following].is_full else road


def _names_its_city(name: str, road: re.Match[str]) -> bool:
    # 31 of 18,000 real addresses name such an avenue beside their city, 30 of them its own one: 广州大道 lies in 广州.
    # A road (路) lies in the city of its name hardly ever: 4 of 385 (measured 2026-11-22).
    return road[0] == "大道" and _names()[name].rank == "city" and name not in _EVERYDAY and name not in _SHARED


def _judge(meaning: "Meaning", name: str, text: str, end: int, *, is_behind: bool, is_edge: bool) -> Mention | None:
    named_after = _NAMESAKE.match(text, end) is not None
    if name in _ONLY_INSIDE:
        return Mention((), meaning.inside) if is_behind else None
    if meaning.rank == "full":
        # Two characters (和县) and 城市 turn up inside other words, so they must begin a word.
        is_doubtful = len(name) == _SHORTEST or name.endswith("城市")
        return Mention(meaning.alone, meaning.inside) if is_edge or not is_doubtful else None
    if meaning.rank in {"area", "province", "city"} and name not in _EVERYDAY:
        return Mention(meaning.alone, meaning.inside, weight="weak" if named_after else "firm")
    return _judge_short(meaning, name, text, end, is_behind=is_behind, is_edge=is_edge)


def _judge_short(
    meaning: "Meaning", name: str, text: str, end: int, *, is_behind: bool, is_edge: bool
) -> Mention | None:
    if name == text:
        # 徐汇 alone is the district; 平和 alone may be a county, a company or a school.
        return Mention(meaning.alone, meaning.inside, weight="weak" if meaning.rank == "county" else "firm")
    if _SIGHT.match(text, end) or not is_edge:
        return None
    if is_behind:
        return Mention((), meaning.inside)
    is_settled = meaning.rank not in {"district", "county"} and _SETTLEMENT.match(text, end) is not None
    stands = meaning.rank == "county city" and name not in _EVERYDAY
    return Mention(meaning.alone, meaning.inside) if stands or is_settled else None


# --- the names -----------------------------------------------------------------------------------------------------


Rank = Literal["full", "area", "province", "city", "county city", "district", "county"]
_RANKS: tuple[Rank, ...] = ("full", "area", "province", "city", "county city", "district", "county")
_RANK_BY_SUFFIX: dict[str, Rank] = {"市": "county city", "区": "district"}
_SHORTEST = 2


class Meaning(msgspec.Struct, frozen=True):
    """What one name stands for; `rank` is the best of its readings: full name, city or county without its suffix."""

    rank: Rank
    alone: tuple[str, ...]
    inside: tuple[str, ...]

    @property
    def is_full(self) -> bool:
        return self.rank in {"full", "area"}


_PEOPLES = (
    "蒙古|哈萨克|柯尔克孜|塔吉克|锡伯|达斡尔|鄂伦春|鄂温克|回|藏|维吾尔|苗|彝|壮|布依|朝鲜|满|侗|瑶|白|土家|哈尼|傣|黎|"
    "傈僳|佤|畲|拉祜|水|东乡|纳西|景颇|土|仫佬|羌|布朗|撒拉|毛南|仡佬|普米|怒|保安|裕固|独龙|各"
)
_AUTONOMOUS = f"(?:(?:{_PEOPLES})族|蒙古|哈萨克|柯尔克孜|塔吉克|锡伯|维吾尔)*自治[区州县旗]"
_SUFFIX = re.compile(f"(?:{_AUTONOMOUS}|特别行政区|地区|新区|林区|[省市区县盟旗])$")


@cache
def _names() -> dict[str, Meaning]:
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


def _add_name(
    found: dict[str, dict[str, list[str]]], name: str, code: str, *, upper: Literal["province", "city"] | None
) -> None:
    found[name]["full"].append(code)
    short = _SUFFIX.sub("", name)
    if len(short) > 1 and short != name:
        found[short][upper or _RANK_BY_SUFFIX.get(name[-1], "county")].append(code)


def _meaning(name: str, ranks: dict[str, list[str]]) -> Meaning:
    rank = next(rank for rank in _RANKS if rank in ranks)
    inside = tuple(dict.fromkeys(code for rank in _RANKS for code in ranks.get(rank, ())))
    return Meaning(rank, inside if name in _SHARED else tuple(dict.fromkeys(ranks[rank])), inside)


@cache
def _lengths() -> dict[str, tuple[int, ...]]:
    lengths: dict[str, set[int]] = defaultdict(set)
    for name in _names():
        lengths[name[0]].add(len(name))
    return {first: tuple(sorted(found, reverse=True)) for first, found in lengths.items()}


# --- latin letters -------------------------------------------------------------------------------------------------

_LATIN_NOISE = re.compile(r"\S*(?:www\.|://|@)\S*|\S+\.(?:com|cn|net|org)\S*|['’]")
_LATIN_ROAD = re.compile(
    r"\s+(?:(?:east|west|north|south|middle|central|dong|xi|nan|bei|zhong|[ewsn])\.?\s+)?"
    r"(?:\d+\w*\s+)?(?:road|rd|street|st|avenue|ave|lu|jie|dadao|boulevard|blvd|highway)\b"
)
_PINYIN_SUFFIX = {"省": "sheng", "市": "shi", "区": "qu", "县": "xian", "新区": "xinqu", "旗": "qi"}


def _latin_mentions(text: str) -> list[Mention]:
    """Names in pinyin or English, the large before the small, because such addresses run from small to large."""
    words = list(re.finditer("[a-z]+", _LATIN_NOISE.sub("", text.lower()))) if re.search("[A-Za-z]{2}", text) else []
    found: list[tuple[bool, bool, Mention]] = []
    at = 0
    while at < len(words):
        size = next((n for n in (3, 2, 1) if _latin_name(words, at, n) in _latin_names()), 0)
        if size and not _LATIN_ROAD.match(words[at].string, words[at + size - 1].end()):
            meaning = _latin_names()[_latin_name(words, at, size)]
            # "xian" is 西安, but also the word for a county: any other city goes before it.
            found.append((not meaning.alone, words[at][0] == "xian", meaning))
        at += size or 1
    return [mention for *_, mention in sorted(found, key=lambda item: item[:2])]


def _latin_name(words: list[re.Match[str]], at: int, size: int) -> str:
    return "".join(word[0] for word in words[at : at + size]) if at + size <= len(words) else ""


@cache
def _latin_names() -> dict[str, Mention]:
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
    short = _SUFFIX.sub("", region.name)
    return region.pinyin.lower().removesuffix(_PINYIN_SUFFIX.get(region.name.removeprefix(short), ""))
