"""Names of regions in a typed Chinese text, one after another, and how much each weighs where it stands.

Promises that the name of a road, a hotel or a bank is not taken for a place, except where people mean the place by it. Refuses nothing: a
text without names has no mentions.
"""

import re
from collections.abc import Iterator

from crm.places.gazetteer import EVERYDAY, SHARED, Meaning, Mention, meanings, name_at

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
_SHORTEST = 2


def mentions(text: str) -> Iterator[Mention]:
    """What a text names, in its order."""
    known = meanings()
    at, last_end = 0, -1
    while at < len(text):
        name = name_at(text, at)
        if name is None:
            at += 1
            continue
        end = at + len(name)
        is_behind = last_end >= 0 and not _HANZI.search(text, last_end, at)
        is_edge = is_behind or at == 0 or not _HANZI.match(text[at - 1])
        if name.endswith("市") and text.startswith(("中区", "南区", "北区"), end):
            end -= 1  # 济南市中区: the last character of the city's name belongs to its district 市中区.
        road = None if known[name].is_full else _road_at(text, end)
        if road and _names_its_city(name, road):
            yield Mention(known[name].alone, (), "likely")
        mention = None if road else _judge(known[name], name, text, end, is_behind=is_behind, is_edge=is_edge)
        if mention:
            yield mention
            last_end = end
        # A road is passed as a whole (in 上海南路 there is no 海南), a name that was none gives up one character.
        at = road.end() if road else end if mention else at + 1


def _road_at(text: str, at: int) -> re.Match[str] | None:
    # 郑州上街区 is a district, not an upper street of 郑州.
    road = _ROAD.match(text, at)
    following = name_at(text, at) if road else None
    return None if following and meanings()[following].is_full else road


def _names_its_city(name: str, road: re.Match[str]) -> bool:
    # 31 of 18,000 real addresses name such an avenue beside their city, 30 of them its own one: 广州大道 lies in 广州.
    # A road (路) lies in the city of its name hardly ever: 4 of 385 (measured 2026-11-22).
    return road[0] == "大道" and meanings()[name].rank == "city" and name not in EVERYDAY and name not in SHARED


def _judge(meaning: Meaning, name: str, text: str, end: int, *, is_behind: bool, is_edge: bool) -> Mention | None:
    named_after = _NAMESAKE.match(text, end) is not None
    if name in _ONLY_INSIDE:
        return Mention((), meaning.inside) if is_behind else None
    if meaning.rank == "full":
        # Two characters (和县) and 城市 turn up inside other words, so they must begin a word.
        is_doubtful = len(name) == _SHORTEST or name.endswith("城市")
        return Mention(meaning.alone, meaning.inside) if is_edge or not is_doubtful else None
    if meaning.rank in {"area", "province", "city"} and name not in EVERYDAY:
        return Mention(meaning.alone, meaning.inside, weight="weak" if named_after else "firm")
    return _judge_short(meaning, name, text, end, is_behind=is_behind, is_edge=is_edge)


def _judge_short(meaning: Meaning, name: str, text: str, end: int, *, is_behind: bool, is_edge: bool) -> Mention | None:
    if name == text:
        # 徐汇 alone is the district; 平和 alone may be a county, a company or a school.
        return Mention(meaning.alone, meaning.inside, weight="weak" if meaning.rank == "county" else "firm")
    if _SIGHT.match(text, end) or not is_edge:
        return None
    if is_behind:
        return Mention((), meaning.inside)
    is_settled = meaning.rank not in {"district", "county"} and _SETTLEMENT.match(text, end) is not None
    stands = meaning.rank == "county city" and name not in EVERYDAY
    return Mention(meaning.alone, meaning.inside) if stands or is_settled else None
