"""What a typed name tells: its class, its parts, and the sounds by which other spellings of it are found.

Promises: a pure function that never refuses; a salutation, a nickname and a placeholder are told from a name, and a
phone number or e-mail in the name column is set aside for whoever can use it.
"""

import os
import re
import unicodedata
from functools import lru_cache
from itertools import chain
from typing import Literal

import msgspec

# Names are sounded character by character: pypinyin's 40,000 phrases are never asked, but cost every process 0.2 s and 45 MB
# (measured 2026-11-29). It looks at this once, when it is imported.
os.environ.setdefault("PYPINYIN_NO_PHRASES", "1")

from pypinyin import lazy_pinyin


class Name(msgspec.Struct, frozen=True):
    """What a typed name tells. Parts are in the script they were typed in; sounds are toneless and surname first.

    `spellings` lists every joined spelling the name may have (`pinyin` is the likeliest of them). A latin name with
    empty `syllables` is not pinyin: that it differs from a Chinese name proves little. `misplaced` is a phone number
    or e-mail found in the name column.
    """

    kind: Literal["full", "latin", "salutation", "nickname", "placeholder", "none"]
    text: str = ""
    surname: str | None = None
    given: str | None = None
    title: str | None = None
    surname_sound: str | None = None
    given_sound: str | None = None
    syllables: tuple[str, ...] = ()
    pinyin: str = ""
    spellings: tuple[str, ...] = ()
    misplaced: str | None = None


def read(typed: str) -> Name:
    """Class a typed name and take it apart; never refuses, because a lead without a usable name is still a lead."""
    text, misplaced = _without_contacts(plain(typed))
    found = _read_name(re.sub(r"[(\[【].*?[)\]】]", " ", text).strip())
    if misplaced is None:
        return found
    return msgspec.structs.replace(
        found, kind="placeholder" if found.kind == "none" else found.kind, misplaced=misplaced
    )


def plain(typed: str) -> str:
    """The text without what only looks: full-width forms folded, invisible characters and outer spaces gone."""
    # Full-width forms, ligatures and compatibility ideographs fold; invisible characters come from chat apps.
    text = typed if typed.isascii() else _INVISIBLE.sub("", unicodedata.normalize("NFKC", typed))
    return text.strip()


_INVISIBLE = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff]")

# By frequency. The first hundred carry about 85 % of all people, so they decide when a latin name has two readings.
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆"
    "汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
    "常温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷"
    "盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米"
    "柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝官封谈匡鞠惠荆乐冀郁胥南班储原"
    "栗燕楚鄢劳谌奚皮粟冼蔺楼盘满闻位厉伊仝区郜海阚花权强帅屠豆朴盖练廉禹井祖漆巴丰支卿国狄平计索宣晋相初门云容敬来扈"
    "晁芮都普阙浦戈伏鹿薄邸雍辜羊阿母乌裘亓修邰赫杭洪况那宿鲜印隆茹诺战慕危玉银亢嵇公哈撒展竺逯萧阎傅昝郗么宦邴隗訾逄"
)
_TRADITIONAL = (
    "張劉陳楊黃趙吳孫馬羅鄭謝許韓馮鄧蔣葉蘇魏呂盧鍾譚陸範賈韋鄒龍顧龔萬錢嚴湯賴齊喬莊聶歐關蘭紀畢單藍駱連蕭閻樂賀"
)
_COMPOUND = (
    "欧阳 上官 司马 诸葛 皇甫 慕容 东方 令狐 尉迟 公孙 长孙 宇文 夏侯 司徒 司空 端木 轩辕 百里 呼延 东郭 南宫 独孤 "
    "澹台 万俟 闻人 赫连 钟离 淳于 申屠 太史 拓跋 西门 第五 濮阳 公冶 完颜 歐陽 司馬 諸葛 東方"
)
_RANK = {surname: rank for rank, surname in enumerate(chain(_SURNAMES, "赖洪", _TRADITIONAL, _COMPOUND.split()))}
_COMMON = 110
# Characters whose reading as a surname is not their everyday one.
_SURNAME_SOUNDS = {
    "单": "shan", "單": "shan", "曾": "zeng", "查": "zha", "仇": "qiu", "解": "xie", "区": "ou", "盖": "ge",
    "朴": "piao", "翟": "zhai", "覃": "qin", "乐": "yue", "樂": "yue", "缪": "miao", "冼": "xian", "隗": "wei",
    "郗": "xi", "宁": "ning", "呂": "lv", "吕": "lv", "么": "yao", "车": "che", "訾": "zi", "阚": "kan", "俞": "yu",
    "长孙": "zhang sun", "尉迟": "yu chi", "万俟": "mo qi", "澹台": "tan tai", "钟离": "zhong li", "令狐": "ling hu",
}  # fmt: skip
# How people and machines misspell surnames in latin letters; no other surname of note has these sounds.
_LATIN_SOUNDS = {"ceng": "zeng", "dan": "shan", "cha": "zha", "chou": "qiu", "gai": "ge"}
_TITLES = (
    "先生 女士 小姐 老师 太太 夫人 经理 总监 师傅 医生 教授 同学 老板 阿姨 大哥 大姐 叔叔 律师 主任 校长 院长 "
    "局长 处长 科长 厂长 董事长 总经理 店长 队长 工程师 博士 警官 總 总 哥 姐 叔 姨 工 董 局 处 太 嫂 爷"
)
_TITLES_BY_LENGTH = sorted(_TITLES.split(), key=len, reverse=True)
_LATIN_TITLES = {"mr", "mrs", "ms", "miss", "mister", "madam", "dr", "prof", "sir", "xiansheng", "nvshi", "xiaojie"}
_PLACEHOLDER_WORDS = (
    "测试 测试用户 匿名 匿名用户 无 無 没有 暂无 空 未知 未填 不详 不愿透露 保密 客户 顾客 用户 微信用户 新用户 "
    "游客 访客 散客 路人 本人 某某 姓名 名字 联系人 张三 李四 王五 合计 总计 小计 "
    "test tester testing na none null nil nan unknown guest anonymous user customer client noname name "
    "total xx xxx xxxx asdf abc aaa demo wechat"
)
_PLACEHOLDERS = frozenset(_PLACEHOLDER_WORDS.split())
# Surnames that hardly ever stand inside a given name, so that 小王 is 王 and not somebody called 王.
_PLAIN_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁沈姚卢姜崔钟谭陆汪范"
)
_HANZI = re.compile(r"[\u3400-\u9fff\U00020000-\U000323af]")
_MIDDLE_DOT = re.compile(r"(?<=[\u3400-\u9fff])[·•・‧.](?=[\u3400-\u9fff])")
_CONTACT = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?:\+?86[- ]?)?1[3-9]\d(?:[ -]?\d{4}){2}(?!\d)|\+?\d[\d ()-]{5,}\d", re.ASCII
)


def _without_contacts(text: str) -> tuple[str, str | None]:
    if not any(character in text for character in "@0123456789"):
        return text, None
    found = _CONTACT.search(text)
    if found is None:
        return text, None
    return (text[: found.start()] + " " + text[found.end() :]).strip(), found[0]


def _read_name(text: str) -> Name:
    if not text:
        return Name("none")
    bare = re.sub(r"[\W\d_]+", "", text).lower()
    if bare in _PLACEHOLDERS or bare in _TITLES_BY_LENGTH or bare in _LATIN_TITLES or not bare:
        return Name("placeholder", text)
    hanzi = "".join(_HANZI.findall(text))
    if not hanzi:
        return _latin_name(text)
    if "*" in text or "某" in hanzi:
        return _surname_only(text, surname=_surname_of(text))
    if _MIDDLE_DOT.search(text):
        return _sounded("full", hanzi, surname=None, given=None)
    return _chinese_name(hanzi)


def _chinese_name(text: str) -> Name:
    title = next((title for title in _TITLES_BY_LENGTH if text.endswith(title)), None)
    if title and text[: -len(title)] in _RANK:
        return _surname_only(text, surname=text[: -len(title)], title=title)
    if title and len(title) > 1 and len(text) - len(title) > 1:
        return msgspec.structs.replace(_chinese_name(text[: -len(title)]), title=title)
    return _familiar_name(text) or _plain_chinese_name(text)


def _familiar_name(text: str) -> Name | None:
    before, rest = text[0], text[1:]
    if before in "老大小" and (rest in _PLAIN_SURNAMES or (before == "老" and rest in _RANK)):
        return _surname_only(text, surname=rest)
    if before in "小阿大老" and len(rest) in {1, 2}:
        return _sounded("nickname", text, surname=None, given=rest[:1] if len(set(rest)) == 1 else rest)
    if before == rest:
        return _sounded("nickname", text, surname=None, given=before)
    return None


def _plain_chinese_name(text: str) -> Name:
    surname = _surname_of(text)
    if surname == text:
        return _surname_only(text, surname=surname)
    if surname is None or len(text) > len(surname) + 3:
        return _sounded("nickname", text, surname=None, given=text)
    return _sounded("full", text, surname=surname, given=text[len(surname) :])


def _surname_of(text: str) -> str | None:
    return next((text[:length] for length in (2, 1) if text[:length] in _RANK), None)


def _surname_only(text: str, *, surname: str | None, title: str | None = None) -> Name:
    read = _sounded("salutation" if surname else "nickname", text, surname=surname, given=None)
    return msgspec.structs.replace(read, title=title)


def _sounded(
    kind: Literal["full", "salutation", "nickname"], text: str, *, surname: str | None, given: str | None
) -> Name:
    # Names with neither part (a foreign name in hanzi) sound as a whole.
    before = _surname_syllables(surname) if surname else ()
    after = tuple(map(_sound, given or ("" if surname else text)))
    pinyin = "".join(before + after)
    # Keyboards have no u with dots: passports write LYU, people write LU.
    spellings = (pinyin, pinyin.replace("lv", "lu").replace("nv", "nu")) if "v" in pinyin else (pinyin,)
    sounds = ("".join(before) or None, "".join(after) or None)
    return Name(kind, text, surname, given, None, *sounds, before + after, pinyin, spellings)


def _surname_syllables(surname: str) -> tuple[str, ...]:
    known = _SURNAME_SOUNDS.get(surname)
    return tuple(known.split()) if known else tuple(map(_sound, surname))


@lru_cache(maxsize=8192)
def _sound(character: str) -> str:
    return lazy_pinyin(character)[0]


# Mandarin syllables without tones, by initials that go alike; the interjections (o, ei, eng) are no part of names.
_FINALS = {
    "b p m f": "a ai an ang ao e ei en eng i ian iao ie in ing iu o ou u",
    "d t n l": "a ai an ang ao e ei en eng i ia ian iang iao ie in ing iu ong ou u uan ui un uo v ve",
    "g k h": "a ai an ang ao e ei en eng ong ou u ua uai uan uang ui un uo",
    "j q x": "i ia ian iang iao ie in ing iong iu u uan ue un",
    "zh ch sh": "a ai an ang ao e ei en eng i ong ou u ua uai uan uang ui un uo",
    "z c s r": "a ai an ang ao e ei en eng i ong ou u uan ui un uo",
    "y": "a an ang ao e i in ing o ong ou u uan ue un",
    "w": "a ai an ang ei en eng o u",
}
_SYLLABLES = {"a", "ai", "an", "ang", "ao", "e", "en", "er", "ou"}
_SYLLABLES |= {i + final for group, finals in _FINALS.items() for i in group.split() for final in finals.split()}
_SURNAME_RANK: dict[str, int] = {}
for _surname, _rank in sorted(_RANK.items(), key=lambda pair: -pair[1]):
    _SURNAME_RANK["".join(_surname_syllables(_surname))] = _rank


def _latin_name(text: str) -> Name:
    text = re.sub("['’]", "", re.sub("ü|(?<=[Ll])yu", "v", text.replace("Ü", "V")))
    words = re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text))
    titles = [word.lower() for word in words if word.lower() in _LATIN_TITLES]
    words = [word.replace("-", "") for word in words if word.lower() not in _LATIN_TITLES]
    read = _latin_word(words[0].lower()) if len(words) == 1 else _latin_words(words, comma="," in text)
    return msgspec.structs.replace(read, text=" ".join(words).lower(), title=titles[0] if titles else None)


def _latin_word(word: str) -> Name:
    splits = _surname_splits(word)
    if _latin_surname(word) in _SURNAME_RANK:
        return _spelled("salutation", surname=word, given=None)
    if len(splits) == 1:
        return _spelled("latin", surname=splits[0], given=word[len(splits[0]) :])
    if splits:
        # fangan is fang an or fan gan: the joined spelling is the same either way, the surname stays open.
        spellings = tuple(dict.fromkeys(_latin_surname(split) + word[len(split) :] for split in splits))
        return Name("latin", word, syllables=_syllables(word), pinyin=spellings[0], spellings=spellings)
    sounds = _syllables(word)
    return Name("nickname", word, given=word, given_sound=word, syllables=sounds, pinyin=word, spellings=(word,))


def _surname_splits(word: str) -> list[str]:
    found = [
        word[:at]
        for at in range(1, len(word))
        if _latin_surname(word[:at]) in _SURNAME_RANK and len(_syllables(word[at:])) in {1, 2}
    ]
    common = [surname for surname in found if _is_common(surname)]
    compound = [surname for surname in found if len(_syllables(surname)) > 1]
    return compound or common or found


def _latin_words(words: list[str], *, comma: bool) -> Name:
    first, last = (words[0], "".join(words[1:])), (words[-1], "".join(words[:-1]))
    capitals = [order for order in (first, last) if order[0].isupper() and len(order[0]) > 1 and not order[1].isupper()]
    known = [order for order in (first, last) if _latin_surname(order[0].lower()) in _SURNAME_RANK]
    common = [order for order in known if _is_common(order[0].lower())]
    chosen = next((orders for orders in ([first] if comma else [], capitals, common, known) if orders), [first, last])
    spellings = tuple(dict.fromkeys(_latin_surname(a.lower()) + b.lower() for a, b in [*chosen, *known] or chosen))
    if len(chosen) == 1:
        read = _spelled("latin", surname=chosen[0][0].lower(), given=chosen[0][1].lower())
        return msgspec.structs.replace(read, spellings=spellings)
    return Name("latin", "", syllables=_syllables("".join(first).lower()), pinyin=spellings[0], spellings=spellings)


def _spelled(kind: Literal["latin", "salutation"], *, surname: str, given: str | None) -> Name:
    sound, after = _latin_surname(surname), _syllables(given or "")
    syllables = _syllables(sound) + after if given is None or after else ()
    pinyin = sound + (given or "")
    return Name(kind, "", sound, given, None, sound, given, syllables, pinyin, (pinyin,))


def _latin_surname(word: str) -> str:
    return _LATIN_SOUNDS.get(word, word)


def _is_common(surname: str) -> bool:
    return _SURNAME_RANK.get(_latin_surname(surname), _COMMON) < _COMMON or len(_syllables(surname)) > 1


def _syllables(word: str) -> tuple[str, ...]:
    """The reading with the fewest syllables, longer ones first; empty when the word is not pinyin."""
    best: dict[int, tuple[str, ...]] = {len(word): ()}
    for start in range(len(word) - 1, -1, -1):
        ends = [end for end in range(start + 6, start, -1) if end in best and word[start:end] in _SYLLABLES]
        ways = [(word[start:end], *best[end]) for end in ends]
        if ways:
            best[start] = min(ways, key=len)
    return best.get(0, ())
