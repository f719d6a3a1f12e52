"""Typed contact details in one canonical form, so that two spellings of one fact become equal.

Promises: pure functions, the same answer for the same text as long as VERSION stands, typed text is read and never
improved beyond the tables below. Refuses with a sentence that says what to do and never repeats what was typed.
"""

import re
from decimal import Decimal
from typing import Literal

import msgspec
import phonenumbers

from crm.names import Name, plain
from crm.names import read as name

__all__ = ["Email", "Name", "Phone", "email", "name", "phone", "vin", "wechat"]

VERSION = 1


class Unreadable(ValueError):
    """A typed value that is not what its column says; `reason` tells a person what to do about it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotAPhone(Unreadable):
    """No telephone number that a person could be called on."""


class NotAnEmail(Unreadable):
    """No e-mail address that could receive anything."""


class NotAVin(Unreadable):
    """No vehicle identification number."""


class NotAWechatId(Unreadable):
    """No identifier as WeChat gives them out."""


class Phone(msgspec.Struct, frozen=True):
    """`e164` is None when stars hide digits; `masked` (138****8000) is there for mainland mobiles only."""

    kind: Literal["mobile", "landline", "masked"]
    e164: str | None
    masked: str | None
    last4: str


class Email(msgspec.Struct, frozen=True):
    """`address` is what to write to (lower case, known typos mended); `canonical` is what to compare by."""

    canonical: str
    address: str
    typed_clean: str


def phone(typed: str) -> Phone:
    """Read a telephone number; mainland unless it starts with + or 00. Refuses short, service and privacy numbers."""
    text = plain(typed).lstrip("'`").strip()
    digits = _compact(text)
    if mobile := _MOBILE.fullmatch(digits):
        return _mainland_mobile(mobile[1])
    if masked := _MASKED.fullmatch(digits):
        return Phone("masked", None, f"{masked[1]}****{masked[2]}", masked[2])
    return _other_phone(text, digits)


def email(typed: str) -> Email:
    """Read an e-mail address, mending the domain typos of the table and no others."""
    clean = re.sub(r"\s*([@.])\s*", r"\1", plain(typed).replace("。", ".")).removeprefix("mailto:").rstrip(".,;")
    local, at, domain = clean.lower().rpartition("@")
    if (
        not at
        or len(clean) > _LONGEST_EMAIL
        or not _EMAIL_LOCAL.fullmatch(local)
        or not _EMAIL_DOMAIN.fullmatch(domain)
    ):
        raise NotAnEmail("This is not an e-mail address; write it like name@example.com.")
    domain = _DOMAIN_TYPOS.get(domain, domain)
    is_gmail = domain in {"gmail.com", "googlemail.com"}
    # Gmail alone ignores dots and everything after a plus; elsewhere they can name another mailbox.
    canonical = f"{local.split('+')[0].replace('.', '')}@gmail.com" if is_gmail else f"{local}@{domain}"
    return Email(canonical, f"{local}@{domain}", clean)


def vin(typed: str) -> str:
    """Read a vehicle identification number: 17 characters, upper case.

    The check digit is not enforced: makers outside China and North America do not fill it, and a lead is worth more
    than a car's number that somebody typed from memory. A VIN never identifies a person anyway.
    """
    text = re.sub(r"[\s-]", "", plain(typed)).upper()
    if len(text) != _VIN_LENGTH:
        raise NotAVin("A vehicle identification number has 17 characters.")
    if set(text) & set("IOQ"):
        raise NotAVin("A vehicle identification number never holds the letters I, O or Q; look for 1 or 0.")
    if not _VIN.fullmatch(text) or len(set(text)) == 1:
        raise NotAVin("A vehicle identification number holds only latin letters and digits.")
    return text


def wechat(typed: str) -> str:
    """Read a unionid or openid: trimmed, otherwise untouched, because WeChat tells upper and lower case apart."""
    text = typed.strip()
    if not text or len(text) > _LONGEST_WECHAT_ID or not text.isprintable() or any(map(str.isspace, text)):
        raise NotAWechatId("A WeChat identifier has 1 to 128 characters and no spaces.")
    return text


# --- telephone numbers ---------------------------------------------------------------------------------------------

_SEPARATORS = re.compile(r"[\s.\-()\[\]_/·\u2010-\u2015\u2212]")
_MOBILE = re.compile(r"(?:(?:\+|00)?86)?(?:17951|17911|12593)?0?(1[3-9]\d{9})", re.ASCII)
_MASKED = re.compile(r"(?:(?:\+|00)?86)?0?(1[3-9]\d)(?:[*x•●]+|(?=\d*[*x•●])[\d*x•●]{4})(\d{4})", re.ASCII)
_MOBILE_EXPONENT = 10
_EXPONENT = re.compile(r"(\d)(?:\.(\d+))?e\+?(\d{1,2})", re.ASCII)
_EXTENSION = re.compile(r"\s*(?:转|轉|,|;|#|ext\.?)\s*\d{1,6}$|(?<=\d{4})\s*[-x]\s*\d{1,5}$", re.ASCII)


def _compact(text: str) -> str:
    digits = _SEPARATORS.sub("", text.lower())
    if text.endswith(".0") and text[:-2].lstrip("+").isdecimal():
        return digits[:-1]
    return digits


def _mainland_mobile(digits: str) -> Phone:
    return Phone("mobile", f"+86{digits}", f"{digits[:3]}****{digits[-4:]}", digits[-4:])


def _other_phone(text: str, digits: str) -> Phone:
    if rounded := _EXPONENT.fullmatch(text.lower()):
        return _unrounded(rounded)
    if set(digits) & set("*•●"):
        raise NotAPhone("Too many digits are hidden; give the whole number, or at least its first three and last four.")
    without_extension = _EXTENSION.sub("", text.lower())
    if without_extension != text.lower() and _MOBILE.fullmatch(_compact(without_extension)):
        raise NotAPhone("This is a privacy number with an extension, which expires; ask for the person's own number.")
    try:
        return _by_numbering_plan(text)
    except NotAPhone:
        if without_extension == text.lower():
            raise
    return _by_numbering_plan(without_extension)


def _unrounded(rounded: re.Match[str]) -> Phone:
    # A spreadsheet shows 1.38E+10 for a column of numbers; only a mantissa with every digit still says which one.
    mantissa, exponent = rounded[1] + (rounded[2] or ""), int(rounded[3])
    if len(mantissa) < exponent + 1 or exponent < _MOBILE_EXPONENT:
        raise NotAPhone("The spreadsheet rounded this number; format the column as text.")
    return phone(str(int(Decimal(mantissa).scaleb(exponent + 1 - len(mantissa)))))


def _by_numbering_plan(text: str) -> Phone:
    try:
        number = phonenumbers.parse(re.sub(r"^00(?=[1-9])", "+", text), "CN")
    except phonenumbers.NumberParseException as unreadable:
        raise NotAPhone("This is not a telephone number; give 11 digits, or + and the country code.") from unreadable
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if mobile := _MOBILE.fullmatch(e164):
        return _mainland_mobile(mobile[1])
    if not phonenumbers.is_valid_number(number):
        raise NotAPhone("This is not a complete telephone number; give 11 digits, or area code and number.")
    return Phone(_kind_of(number), e164, None, e164[-4:])


def _kind_of(number: phonenumbers.PhoneNumber) -> Literal["mobile", "landline"]:
    kinds = phonenumbers.PhoneNumberType
    kind = phonenumbers.number_type(number)
    if kind == kinds.MOBILE:
        return "mobile"
    if kind in {kinds.FIXED_LINE, kinds.FIXED_LINE_OR_MOBILE, kinds.VOIP, kinds.PERSONAL_NUMBER}:
        return "landline"
    raise NotAPhone("This is a service number; give a number on which the person can be called.")


# --- vehicles, WeChat -------------------------------------------------------------------------------------------

_VIN_LENGTH = 17
_VIN = re.compile(r"[A-HJ-NPR-Z0-9]+")
_LONGEST_WECHAT_ID = 128

# --- e-mail --------------------------------------------------------------------------------------------------------

_LONGEST_EMAIL = 254
_EMAIL_LOCAL = re.compile(r"(?=.{1,64}$)[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_EMAIL_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z]")
_TYPOS = {
    "gmail.com": "gmial.com gmai.com gmail.con gmail.cm gmail.co gmal.com gmali.com gamil.com gnail.com gmaill.com",
    "qq.com": "qq.con qq.cm qq.co qq.comm qq.vom qq.xom qq.cpm qqq.com",
    "163.com": "163.con 163.cm 163.co 163.comm 163.vom",
    "126.com": "126.con 126.cm 126.co 126.comm",
    "139.com": "139.con 139.cm 139.co",
    "hotmail.com": "hotmial.com hotmail.con hotmal.com hotmai.com hotamil.com homail.com",
    "outlook.com": "outlok.com outlook.con outloo.com outllook.com oulook.com outlook.cm",
    "foxmail.com": "foxmial.com foxmail.con foxmai.com foxmail.cm",
    "icloud.com": "iclod.com icloud.con icoud.com iclould.com icloud.cm",
    "sina.com": "sina.con sina.cm",
    "yahoo.com": "yaho.com yahoo.con yhaoo.com",
}
_DOMAIN_TYPOS = {typo: domain for domain, typos in _TYPOS.items() for typo in typos.split()}
