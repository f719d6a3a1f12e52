"""What single cells of a sheet mean: times, yes and no, what somebody wants, contacts in a neighbour's column.

Promises pure functions that read the many ways in which people write one thing. Refuses (None) what can be read in two
ways: 9/1/2025 is no day, and a word that is neither yes nor no is neither.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any

from crm import normalise
from leads.sources.sheets import plain
from leads.submission import InterestKind

# One zone for the whole country and no summer time since 1991.
LOCAL = timezone(timedelta(hours=8), "Asia/Shanghai")
NOTHING_SAID = frozenset(
    {"n/a", "#n/a", "na", "nan", "null", "none", "-", "--", "—", "——", "/", "\\", "无", "没有", "未填"}
)


def said(typed: str) -> str:
    """The cell, or nothing where it only says that nothing is known."""
    return "" if typed.casefold() in NOTHING_SAID else typed


def local_time(typed: str, *, zone: tzinfo = LOCAL) -> datetime | None:
    """The UTC moment of a desk's local day and time; a day alone is its midnight, serials count from 1899-12-30."""
    text = unicodedata.normalize("NFKC", typed).strip()
    if serial := _SERIAL.fullmatch(text):
        return _serial_day(float(serial[0]), zone=zone)
    found = _COMPACT.fullmatch(text) or _WRITTEN.fullmatch(text)
    return _moment(found.groupdict(), zone=zone) if found else None


def joined(day: str, moment: str) -> str:
    """One text of a day and a time from two columns; either may be a serial, or carry an empty other half."""
    if _DECIMAL.fullmatch(day) and _DECIMAL.fullmatch(moment or "0"):
        return str(int(float(day)) + float(moment or 0) % 1)
    return f"{day.partition(' ')[0]} {moment}".strip()


def yes_or_no(typed: str) -> bool | None:
    """True, False, or None for a word that is neither."""
    word = typed.strip().casefold()
    return True if word in _YES else False if word in _NO else None


def intents(typed: str) -> tuple[list[InterestKind], bool]:
    """The kinds of interest in a cell, and whether there is a car to trade in; words we do not know mean other."""
    words = [word for part in split_list(typed) if (word := plain(part))]
    read = [_INTENTS.get(word, "other") for word in words] or ["other"]
    kinds = ["buy" if kind == "trade_in" else kind for kind in read]
    return list(dict.fromkeys(kinds)), "trade_in" in read  # type: ignore[arg-type]


def split_list(typed: str) -> list[str]:
    """The parts of a cell that lists several things."""
    parts = re.split(r"[;,、/|+&\n]|和|或", unicodedata.normalize("NFKC", typed))
    return [text for part in parts if (text := part.strip())]


def reads(reader: Callable[[str], Any], typed: str) -> bool:
    """Whether a reader of `crm.normalise` makes something of the text."""
    try:
        reader(typed)
    except normalise.Unreadable:
        return False
    return True


def is_number(typed: str) -> bool:
    """Whether somebody can be called on it: hidden digits are no number."""
    try:
        return normalise.phone(typed).e164 is not None
    except normalise.Unreadable:
        return False


def rescued(name: str, phone: str, email: str) -> tuple[str, str, str, list[str]]:
    """Name, phone and e-mail, each in its place, and further numbers; what a column says well is never replaced."""
    is_tidy = (not phone or _is_bare_number(phone)) and (not email or reads(normalise.email, email))
    if is_tidy and not _HAS_CONTACT.search(name):
        return name, phone, email, []
    numbers = _first_found(_numbers, phone, name, email)
    mails = _first_found(_mails, email, phone, name)
    # What no column can make sense of stays where it was typed: capture keeps it, its fault names it.
    own_phone = "" if "@" in phone or _name_among(phone) else phone
    own_email = email if "@" in email else ""
    right_name = _name_without_contacts(name) or _name_among(phone)
    return right_name, numbers[0] if numbers else own_phone, mails[0] if mails else own_email, numbers[1:]


# --- times -----------------------------------------------------------------------------------------------------------

_DECIMAL = re.compile(r"\d+(\.\d+)?", re.ASCII)
_SERIAL = re.compile(r"\d{5}(?:\.\d+)?", re.ASCII)
_SERIAL_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 - on whichever clock is asked for
_FIRST_YEAR = 2000  # before it lie empty date cells (1900), not shows
_COMPACT = re.compile(r"(?P<y>20\d\d)(?P<m>\d\d)(?P<d>\d\d)[T ]?(?:(?P<H>\d\d):?(?P<M>\d\d):?(?P<S>\d\d)?)?", re.ASCII)
_WRITTEN = re.compile(
    r"(?P<y>\d{4})\s*[-/.年]\s*(?P<m>\d{1,2})\s*[-/.月]\s*(?P<d>\d{1,2})\s*日?"
    r"(?:\s*(?:星期|周)[一二三四五六日天])?"
    r"(?:[T\s]*(?P<half>上午|下午|中午|晚上|AM|PM)?\s*(?P<H>\d{1,2})\s*[:时点]\s*(?P<M>\d{1,2})?\s*分?"
    r"(?::?\s*(?P<S>\d{1,2})(?:[.,]\d+)?秒?)?\s*(?P<half2>AM|PM)?)?"
    r"\s*(?P<zone>Z|UTC|[+-]\d{2}:?\d{2})?",
    re.ASCII | re.IGNORECASE,
)


def _serial_day(days: float, *, zone: tzinfo) -> datetime | None:
    moment = (_SERIAL_ZERO + timedelta(seconds=round(days * 86_400))).replace(tzinfo=zone)
    return moment.astimezone(UTC) if moment.year >= _FIRST_YEAR else None


def _moment(part: dict[str, str | None], *, zone: tzinfo) -> datetime | None:
    year, month, day, hour, minute, second = (int(part.get(name) or 0) for name in "ymdHMS")
    half = (part.get("half") or part.get("half2") or "").upper()
    noon = 12
    if half in {"下午", "晚上", "PM", "中午"} and 1 <= hour < noon and not (half == "中午" and hour > noon - 2):
        hour += noon
    elif half in {"上午", "AM"} and hour == noon:
        hour = 0
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=_zone(part.get("zone"), usual=zone))
    except ValueError:
        return None
    return moment.astimezone(UTC) if year >= _FIRST_YEAR else None


def _zone(written: str | None, *, usual: tzinfo) -> tzinfo:
    if written is None:
        return usual
    if not written[1:2].isdigit():
        return UTC
    offset = timedelta(hours=int(written[1:3]), minutes=int(written[-2:]))
    return timezone(-offset if written[0] == "-" else offset)


# --- words -----------------------------------------------------------------------------------------------------------

_YES_WORDS = "是 y yes true t 1 1.0 √ ✓ ✔ ☑ 同意 愿意 已同意 是的 对 勾选 agree agreed ok"
_NO_WORDS = "否 n no false f 0 0.0 × ✗ ✘ x ☐ 不同意 不愿意 未同意 不 不是 拒绝 disagree refused"
_YES, _NO = frozenset(_YES_WORDS.split()), frozenset(_NO_WORDS.split())
_KINDS = {
    "buy": "购车 买车 购买 订车 订购 想买 购新车 buy purchase buying order",
    "test_drive": "试驾 试乘 试乘试驾 预约试驾 test_drive testdrive test-driving drive",
    "trade_in": "置换 换购 旧车置换 以旧换新 置换购车 trade_in tradein exchange",
    "lease": "租赁 租车 融资租赁 长租 lease leasing rent",
    "call_back": "回电 回访 电话回访 请回电 电话联系 call_back callback call",
}
_INTENTS = {plain(word): kind for kind, words in _KINDS.items() for word in words.split()}

# --- contact details -------------------------------------------------------------------------------------------------

_HAS_CONTACT = re.compile(r"[@\d*]")
_WORDS = re.compile(r"[\u3400-\u9fff]|[^\W\d_]{2}")
_SEVERAL = re.compile(r"[/;,、|\n]|或|和")
_MOBILE_WITHIN = re.compile(r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d(?:[ -]?\d{4}){2}(?!\d)", re.ASCII)
_MAIL_WITHIN = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)
_AROUND = " ,;:/-|()[]+电话手机号:"


def _first_found(find: Callable[[str], list[str]], *cells: str) -> list[str]:
    return next((found for cell in cells if cell and (found := find(cell))), [])


def _is_bare_number(cell: str) -> bool:
    # The numbering plans read past words, so that 李娜13800138000 is a number to them.
    return not _WORDS.search(cell) and is_number(cell)


def _numbers(cell: str) -> list[str]:
    if _is_bare_number(cell):
        return [cell]
    text = _MAIL_WITHIN.sub(" ", unicodedata.normalize("NFKC", cell))
    pieces = [piece for part in _SEVERAL.split(text) if _is_bare_number(piece := part.strip())]
    return list(dict.fromkeys(pieces or _MOBILE_WITHIN.findall(text) or ([cell] if is_number(cell) else [])))


def _mails(cell: str) -> list[str]:
    if reads(normalise.email, cell):
        return [cell]
    return [
        piece for piece in _MAIL_WITHIN.findall(unicodedata.normalize("NFKC", cell)) if reads(normalise.email, piece)
    ]


def _name_without_contacts(name: str) -> str:
    if not _HAS_CONTACT.search(name):
        return name
    text = _MAIL_WITHIN.sub(" ", unicodedata.normalize("NFKC", name))
    text = _MOBILE_WITHIN.sub(" ", text).strip(_AROUND)
    return "" if is_number(text) or not any(map(str.isalpha, text)) else text


def _name_among(phone: str) -> str:
    text = _name_without_contacts(phone)
    return text if normalise.name(text).kind in {"full", "salutation", "latin"} else ""
