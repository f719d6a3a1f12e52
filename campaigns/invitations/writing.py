"""From a template to the letter that one person gets: placeholders filled, the way out added, links that name the message alone.

Promises that a value never becomes markup in the HTML of a mail, that every marketing message says how to stop it, and that an SMS carries
its signature. Refuses a template with a placeholder that nobody can fill.
"""

import re
import unicodedata
from collections.abc import Mapping
from uuid import UUID

import msgspec
from markupsafe import Markup, escape

from campaigns.invitations import segments, tokens
from campaigns.invitations.rules import Rules
from campaigns.senders.letters import Letter
from crm import names
from crm.settings import settings

# What a template may ask for.
PLACEHOLDERS = ("name", "brands", "event", "date", "venue", "link", "opt_out")
LANGUAGES = ("zh-Hans", "en")
OPT_OUT = {"zh-Hans": "拒收请回复R", "en": "Reply R to opt out"}
FOOTER = {
    "zh-Hans": ("不想再收到此类邮件？", "退订"),
    "en": ("You do not want these messages any more?", "Unsubscribe"),
}
NOBODY = {"zh-Hans": "您好", "en": "Hello"}
LONGEST_NAME = 30
# Digits, signs of addresses, and a full stop before a letter, which mail programs read as one.
_NOT_IN_NAMES = re.compile(r"[\d:/@]|[.。]\w")
_PLACE = re.compile(r"\{(\w*)\}")


class Wording(msgspec.Struct, frozen=True):
    """A template in one language: subject, text and, for a mail that shall look like something, HTML."""

    text: str = ""
    subject: str = ""
    html: str = ""


class Occasion(msgspec.Struct, frozen=True):
    """What a message invites to, in one language."""

    event: str = ""
    date: str = ""
    venue: str = ""
    brands: str = ""


class Recipient(msgspec.Struct, frozen=True):
    """Whom a message goes to; personal, so never to be logged."""

    address: str
    name: str | None = None

    def __repr__(self) -> str:
        return "Recipient(...)"


def unknown_places(text: str) -> list[str]:
    """Placeholders in a text that nobody can fill, in order."""
    return sorted({found for found in _PLACE.findall(text) if found not in PLACEHOLDERS})


def salutation(name: str | None, language: str) -> str:
    """How a person is greeted: by the name they gave, 王先生 as it is; a neutral word for nobody in particular, or for what is no name."""
    given = (name or "").strip()
    if names.read(given).kind in ("none", "placeholder") or not _reads_as_name(given):
        return NOBODY[language]
    return given


def mail(wording: Wording, *, message: UUID, to: Recipient, language: str, occasion: Occasion, sender: str) -> Letter:
    """The mail as it goes out, with its way out and its tracked link."""
    link, out = link_of(message), way_out_of(message)
    values = _values(to, language, occasion) | {"link": link, "opt_out": out}
    text, html = wording.text, wording.html or as_html(wording.text)
    question, stop = FOOTER[language]
    if "{opt_out}" not in text:
        text = f"{text.rstrip()}\n\n-- \n{question} {stop}: {{opt_out}}"
    if "{opt_out}" not in html:
        html = f'{html}\n<p><small>{question} <a href="{{opt_out}}">{stop}</a></small></p>'
    return Letter(
        message=message,
        channel="email",
        to=to.address,
        language=language,
        subject=filled(wording.subject, values),
        text=filled(text, values),
        html=str(filled_html(html, values)) + f'\n<img src="{link}/open.gif" width="1" height="1" alt="">',
        unsubscribe=out,
        sender=sender,
    )


def sms(
    wording: Wording, *, message: UUID, to: Recipient, language: str, occasion: Occasion, rules: Rules,
    template: str | None = None,
) -> Letter:  # fmt: skip
    """The SMS as it goes out: signature, text, and how to stop it."""
    values = _values(to, language, occasion) | {"link": link_of(message), "opt_out": OPT_OUT[language]}
    text = signed(filled(wording.text, values), language, rules, has_way_out="{opt_out}" in wording.text)
    return Letter(message=message, channel="sms", to=to.address, language=language, text=text, template=template)


def signed(text: str, language: str, rules: Rules, *, has_way_out: bool) -> str:
    """An SMS with what gateways demand around its text."""
    out = "" if has_way_out else OPT_OUT[language]
    if language == "en":
        return f"[{rules.signature_en}] {text}{' ' if out else ''}{out}"
    return f"【{rules.signature_zh}】{text}{'，' if out and text[-1:].isalnum() else ''}{out}"


def longest_sms(wording: Wording, language: str, rules: Rules) -> segments.Count:
    """What the SMS takes for somebody with a long name: the figure that the limit is about."""
    example = Recipient("", {"zh-Hans": "欧阳慕容女士", "en": "Ms Alexandra Featherstonehaugh"}[language])
    occasion = Occasion(event="智慧出行联合品鉴会", date="12月10日 14:00", venue="成都世纪城", brands="问界、智界")
    if language == "en":
        occasion = Occasion(event="Joint preview evening", date="10 December 14:00", venue="Chengdu", brands="AITO")
    letter = sms(wording, message=UUID(int=0), to=example, language=language, occasion=occasion, rules=rules)
    return segments.count(letter.text)


def link_of(message: UUID) -> str:
    """The address by which a click on this message is known."""
    return f"{settings().public_url}/i/{tokens.made('link', message)}"


def way_out_of(message: UUID) -> str:
    """The address at which whoever got this message stops the next ones."""
    return f"{settings().public_url}/u/{tokens.made('unsubscribe', message)}"


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders filled; an unknown one stays as it is written."""
    return _PLACE.sub(lambda found: values.get(found[1], found[0]), text)


def filled_html(html: str, values: Mapping[str, str]) -> Markup:
    """The same for HTML: what fills a placeholder is escaped, so that a name is a name and never markup."""
    return Markup(_PLACE.sub(lambda found: str(escape(values.get(found[1], found[0]))), html))  # noqa: S704 - written by staff, values escaped


def as_html(text: str) -> str:
    """A plain text as plain HTML, paragraph by paragraph, its link a link."""
    paragraphs = (str(escape(part)).replace("\n", "<br>") for part in re.split(r"\n{2,}", text.strip()))
    return "\n".join(f"<p>{part}</p>" for part in paragraphs).replace("{link}", '<a href="{link}">{link}</a>')


def _reads_as_name(given: str) -> bool:
    """Whether it is one short line without anything to dial, to open or to write to: somebody else may have typed it for the receiver to read."""
    folded = unicodedata.normalize("NFKC", given)
    return len(given) <= LONGEST_NAME and folded.isprintable() and _NOT_IN_NAMES.search(folded) is None


def _values(to: Recipient, language: str, occasion: Occasion) -> dict[str, str]:
    return {"name": salutation(to.name, language), **msgspec.structs.asdict(occasion)}
