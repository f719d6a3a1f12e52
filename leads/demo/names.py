"""Invented names, and how people and desks write them: in full, as Mr or Ms, in pinyin, with another character of the same sound.

Promises that every name is put together by chance from common surnames and characters; whoever bears one is not meant.
"""

from random import Random
from typing import NamedTuple

from crm import normalise

SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡"
    "余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯"
    "龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
RARE_SURNAMES = ("欧阳", "司马", "上官", "诸葛", "令狐", "尉迟", "东方", "皇甫")
MEN = "伟强磊军洋勇杰涛超明刚平辉鹏华飞鑫波斌宇浩凯健俊帆帅旭宁龙林峰博毅晨阳志文建国海天子轩泽睿"
WOMEN = "芳娜敏静丽艳娟霞秀玲桂英梅莉燕玉婷红雪琳慧洁颖倩云蕾薇晶莹欣怡佳雨萱梦思悦涵诗琪"

# Characters that sound alike and are taken for each other at a desk.
SOUND_ALIKE = {
    "伟": "炜玮", "杰": "捷", "丽": "莉", "莉": "丽", "健": "建", "建": "健", "婷": "亭", "静": "婧", "俊": "骏",
    "颖": "影", "辉": "晖", "明": "铭", "浩": "皓", "宇": "羽", "轩": "萱", "文": "雯", "志": "智", "斌": "彬",
    "琳": "林", "燕": "艳", "英": "瑛", "佳": "嘉", "泽": "则", "博": "勃", "洁": "杰", "欣": "新", "思": "斯",
}  # fmt: skip


class FullName(NamedTuple):
    """A name in its two parts, and whether its bearer is called 先生 or 女士."""

    surname: str
    given: str
    title: str

    @property
    def written(self) -> str:
        """The name in full."""
        return self.surname + self.given

    @property
    def sound(self) -> tuple[str, str]:
        """Surname and given name in pinyin without tones."""
        heard = normalise.name(self.written)
        return heard.surname_sound or "", heard.given_sound or ""


def invent(chance: Random) -> FullName:
    """A new name."""
    title = chance.choice(("先生", "女士"))
    characters = MEN if title == "先生" else WOMEN
    surname = chance.choice(RARE_SURNAMES) if chance.random() < 0.01 else _common_surname(chance)
    given = "".join(chance.sample(characters, 1 if chance.random() < 0.22 else 2))
    return FullName(surname, given, title)


def relative(of: FullName, chance: Random) -> FullName:
    """Somebody of the same household; half of them share the surname."""
    other = invent(chance)
    return other._replace(surname=of.surname) if chance.random() < 0.5 else other


def written_by_a_desk(name: FullName, chance: Random) -> str | None:
    """The name as one desk wrote it; mostly right."""
    ways = (_in_full, _with_title, _in_pinyin, _sounding_alike, _misread, _familiar, _not_at_all)
    return chance.choices(ways, (80, 8, 4, 3, 1, 2, 2))[0](name, chance)


def _common_surname(chance: Random) -> str:
    # The first few bear a third of all people.
    return SURNAMES[min(int(chance.expovariate(1 / 22)), len(SURNAMES) - 1)]


def _in_full(name: FullName, chance: Random) -> str:
    return f"{name.surname} {name.given}" if chance.random() < 0.03 else name.written


def _with_title(name: FullName, _: Random) -> str:
    return name.surname + name.title


def _in_pinyin(name: FullName, chance: Random) -> str:
    surname, given = name.sound
    return chance.choice(
        (f"{surname}{given}", f"{surname.title()} {given.title()}", f"{given.title()} {surname.title()}")
    )


def _sounding_alike(name: FullName, _: Random) -> str:
    heard = (SOUND_ALIKE.get(character, character)[0] for character in name.given)
    return name.surname + "".join(heard)


def _misread(name: FullName, chance: Random) -> str:
    return name.surname + name.given[:-1] + chance.choice(MEN + WOMEN)


def _familiar(name: FullName, _: Random) -> str:
    return "小" + name.given[-1]


def _not_at_all(_name: FullName, _chance: Random) -> None:
    return None
