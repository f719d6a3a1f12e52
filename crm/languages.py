"""The two languages of the house: which one a page speaks, and how that one writes words, numbers and times.

Promises that a language asked for in the URL wins over the browser's, and that a text nobody translated is shown in
English. Event times are told in the alliance's own time zone, whatever the clock of the server.
"""

import ast
import functools
import re
from contextvars import ContextVar
from datetime import date, datetime
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from crm.network import LOCAL

Language: TypeAlias = Literal["zh-Hans", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
SMALLEST_SHARE = 0.005  # what rounds to 1%
CATALOGUE = Path(__file__).parent.parent / "locale" / "zh_Hans" / "LC_MESSAGES" / "marquee.po"

# A gettext entry as we write them, without plurals and contexts: msgid and msgstr, each in one or more quoted lines.
_ENTRY = re.compile(r'^msgid ((?:".*"\n)+)msgstr ((?:".*"\n?)+)', re.MULTILINE)
_speaking: ContextVar[Language] = ContextVar("language", default="en")


def speak(language: Language) -> None:
    """Let everything this request still says be in this language."""
    _speaking.set(language)


def spoken() -> Language:
    """The language of this request."""
    return _speaking.get()


def choose(*, asked: str | None, accepted: str) -> Language:
    """The language for a request: `asked` (of the URL), else the best known one of `accepted` (its Accept-Language)."""
    wanted = [asked] if asked else _by_preference(accepted)
    known = (_KNOWN[short] for tag in wanted if (short := tag.split("-")[0].lower()) in _KNOWN)
    return next(known, "en")


def say(text: str) -> str:
    """The text in the language of this request; English is the language in which texts are written."""
    return text if spoken() == "en" else catalogue().get(text) or text


def say_count(one: str, several: str, count: int) -> str:
    """The form of a text that fits the count; Chinese has one form, that of several."""
    return one if spoken() == "en" and count == 1 else say(several)


def number(value: float, decimals: int = 0) -> str:
    """1,240 or 0.50, with a real minus sign in front of what is below nothing."""
    return f"{value:,.{decimals}f}".replace("-", "\N{MINUS SIGN}")


def signed(value: float, decimals: int = 1) -> str:
    """+1.5, −1.5 or 0.0."""
    shown = number(value, decimals)
    return f"+{shown}" if float(f"{value:.{decimals}f}") > 0 else shown


def percent(part: float, whole: float) -> str:
    """How much of the whole a part is, without decimals; a dash when there is no whole."""
    if not whole:
        return "–"
    return "<1%" if 0 < part / whole < SMALLEST_SHARE else f"{100 * part / whole:.0f}%"


def day(at: datetime | date) -> str:
    """9 December, 12月9日, on the alliance's calendar."""
    local = at.astimezone(LOCAL) if isinstance(at, datetime) else at
    return f"{local.month}月{local.day}日" if spoken() == "zh-Hans" else f"{local.day} {_MONTHS[local.month - 1]}"


def time(at: datetime) -> str:
    """13:41, on the alliance's clocks."""
    return f"{at.astimezone(LOCAL):%H:%M}"


def moment(at: datetime) -> str:
    """The whole of it with its zone, for titles: 2025-12-09 13:41:07 UTC+8."""
    return f"{at.astimezone(LOCAL):%Y-%m-%d %H:%M:%S} UTC+8"


@functools.cache
def catalogue() -> dict[str, str]:
    """The Chinese texts by their English ones, read as people edit them: no compiled file can be stale."""
    entries = _ENTRY.findall(CATALOGUE.read_text(encoding="utf-8"))
    return {_joined(english): _joined(chinese) for english, chinese in entries}


def _joined(lines: str) -> str:
    return "".join(ast.literal_eval(line) for line in lines.splitlines())


def _by_preference(accepted: str) -> list[str]:
    weighed = [(tag.strip(), _weight(rest)) for tag, _, rest in (it.partition(";") for it in accepted.split(","))]
    return [tag for tag, weight in sorted(weighed, key=lambda it: -it[1]) if tag and weight > 0]


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    try:
        return float(value) if name == "q" else 1.0
    except ValueError:
        return 0.0


# All Chinese is answered in the one written form we have.
_KNOWN: dict[str, Language] = {"zh": "zh-Hans", "en": "en"}
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
