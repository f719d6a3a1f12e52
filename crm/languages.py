"""The two languages of the house: which one a page speaks, and how that one writes words, numbers and times.

Promises that a language asked for in the URL wins over the browser's, and that a text nobody translated is shown in
English. Times are told in the reader's own time zone, else in the alliance's, whatever the clock of the server.
"""

import ast
import contextlib
import functools
import re
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from crm.network import LOCAL

Language: TypeAlias = Literal["zh-Hans", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
SMALLEST_SHARE = 0.005  # what rounds to 1%
CATALOGUES = Path(__file__).parent.parent / "locale" / "zh_Hans" / "LC_MESSAGES"

# A gettext entry as we write them, without plurals: a context where one word has two meanings, msgid and msgstr, each in one or more quoted lines.
_ENTRY = re.compile(r'^(?:msgctxt (".*")\n)?msgid ((?:".*"\n)+)msgstr ((?:".*"\n?)+)', re.MULTILINE)
_APART = "\x04"  # between a context and its text, as gettext has it
_speaking: ContextVar[Language] = ContextVar("language", default="en")
_reckoning: ContextVar[tzinfo] = ContextVar("zone", default=LOCAL)


def speak(language: Language) -> None:
    """Let everything this request still says be in this language."""
    _speaking.set(language)


def spoken() -> Language:
    """The language of this request."""
    return _speaking.get()


@contextlib.contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Speak this language inside, for somebody who does not ask themselves: a letter, say."""
    before = spoken()
    speak(language)
    try:
        yield
    finally:
        speak(before)


def reckon(zone: tzinfo = LOCAL) -> None:
    """Let every time that this request still tells be in this zone."""
    _reckoning.set(zone)


def choose(*, asked: str | None, accepted: str) -> Language:
    """The language for a request: `asked` (of the URL), else the best known one of `accepted` (its Accept-Language)."""
    wanted = [asked] if asked else _by_preference(accepted)
    known = (_KNOWN[short] for tag in wanted if (short := tag.split("-")[0].lower()) in _KNOWN)
    return next(known, "en")


def say(text: str) -> str:
    """The text in the language of this request; English is the language in which texts are written."""
    return text if spoken() == "en" else catalogue().get(text) or text


def say_in(context: str, text: str) -> str:
    """The same for a word that has several meanings: `pgettext("verb", "Open")` in a template, msgctxt in the catalogue."""
    return text if spoken() == "en" else catalogue().get(f"{context}{_APART}{text}") or say(text)


def say_count(one: str, several: str, count: int) -> str:
    """The form of a text that fits the count; Chinese has one form, that of several."""
    return one if spoken() == "en" and count == 1 else say(several)


def later(text: str) -> str:
    """The text as it is: marks what is said later, when it is known in which language."""
    return text


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
    """9 December, 12月9日, on the reader's calendar."""
    local = _local(at) if isinstance(at, datetime) else at
    return f"{local.month}月{local.day}日" if spoken() == "zh-Hans" else f"{local.day} {_MONTHS[local.month - 1]}"


def weekday(at: datetime | date) -> str:
    """Wednesday 10 December, 12月10日 周三."""
    local = _local(at) if isinstance(at, datetime) else at
    named = _WEEKDAYS[local.weekday()]
    return f"{day(at)} 周{named[1]}" if spoken() == "zh-Hans" else f"{named[0]} {day(at)}"


def iso_day(at: datetime | date) -> str:
    """2025-12-10, on the reader's calendar."""
    return f"{_local(at) if isinstance(at, datetime) else at:%Y-%m-%d}"


def time(at: datetime) -> str:
    """13:41, on the reader's clock."""
    return f"{_local(at):%H:%M}"


def stamp(at: datetime) -> str:
    """12-09 13:41, for lists; the zone is told once beside the list."""
    return f"{_local(at):%m-%d %H:%M}"


def moment(at: datetime) -> str:
    """The whole of it with its zone, for titles: 2025-12-09 13:41:07 UTC+8."""
    return f"{_local(at):%Y-%m-%d %H:%M:%S} {zone(at)}"


def zone(at: datetime | None = None) -> str:
    """The reader's zone at that moment: UTC+8, UTC−3:30."""
    return offset(_local(at or datetime.now(UTC)))


def offset(at: datetime) -> str:
    """The zone that a moment is told in: UTC+8, UTC−3:30."""
    minutes = round((at.utcoffset() or timedelta()).total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{signed(hours if minutes >= 0 else -hours, 0)}{f':{rest:02}' if rest else ''}" if minutes else "UTC"


def span(length: timedelta | float) -> str:
    """How long, in one unit: 9 min, 3 h, 2 days; a number is seconds."""
    seconds = abs(length.total_seconds() if isinstance(length, timedelta) else length)
    if seconds < MINUTE:
        return say(SPANS[0])
    if seconds < HOUR:
        return say(SPANS[1]) % {"count": int(seconds // MINUTE)}
    if seconds < 2 * DAY:
        return say(SPANS[2]) % {"count": int(seconds // HOUR)}
    return say(SPANS[3]) % {"count": number(int(seconds // DAY))}


def ago(at: datetime, now: datetime | None = None) -> str:
    """4 min ago, or in 4 min."""
    passed = (now or datetime.now(UTC)) - at
    return say(SPANS[4] if passed >= timedelta() else SPANS[5]) % {"span": span(passed)}


@functools.cache
def catalogue() -> dict[str, str]:
    """The Chinese texts by their English ones, of every room's file, read as people edit them: no compiled file can be stale."""
    return {english: chinese for path in sorted(CATALOGUES.glob("*.po")) for english, chinese in entries(path)}


def entries(path: Path) -> list[tuple[str, str]]:
    """The (English, Chinese) pairs of one file, a context before its English; the header's English is empty."""
    found = _ENTRY.findall(path.read_text(encoding="utf-8"))
    return [
        ((_joined(context) + _APART if context else "") + _joined(english), _joined(chinese))
        for context, english, chinese in found
    ]


def _local(at: datetime) -> datetime:
    return at.astimezone(_reckoning.get())


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
_WEEKDAYS = (
    ("Monday", "一"),
    ("Tuesday", "二"),
    ("Wednesday", "三"),
    ("Thursday", "四"),
    ("Friday", "五"),
    ("Saturday", "六"),
    ("Sunday", "日"),
)
MINUTE, HOUR, DAY = 60, 3600, 86400
# Lengths of time, then a moment by its length; the script that keeps times fresh says the same.
SPANS = (
    later("under 1 min"),
    later("%(count)s min"),
    later("%(count)s h"),
    later("%(count)s days"),
    later("%(span)s ago"),
    later("in %(span)s"),
)
