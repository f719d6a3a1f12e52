"""Message templates: words in both languages, with the gateway's word on those of SMS.

Promises that changed words of an SMS are a draft again, and that what cannot be sent is refused while it is written: placeholders nobody fills,
mails without a subject, SMS that would cost more segments than the rules allow.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec
from asyncpg import Record

from campaigns.audiences import InUse, may_change, of_sender
from campaigns.invitations import rules, writing
from campaigns.invitations.writing import LANGUAGES, Wording
from campaigns.tables import MessageTemplate
from crm import history
from crm.database import current
from crm.errors import Fault, Invalid, NotThere, Refused
from crm.languages import later, say
from crm.roles import Actor, Scope, numbered

LONGEST, LONGEST_HTML = 10_000, 60_000
UNKNOWN_PLACE = later("Nobody can fill {%(name)s}. There are %(known)s.")
TOO_LONG = later("This takes %(count)s segments; the rules allow %(most)s.")
NO_SUBJECT = later("A mail needs a subject.")
ONE_LANGUAGE = later("Write it in at least one language.")
# From which state of approval which follows.
APPROVAL: Mapping[str, tuple[str, ...]] = {
    "submitted": ("draft", "refused"),
    "approved": ("submitted",),
    "refused": ("submitted",),
    "draft": ("submitted", "refused"),
}


class TemplateIsNewer(Refused):
    sentence = "Somebody changed this template meanwhile; look at it again."


class OutOfOrder(Refused):
    sentence = "These words moved on meanwhile, and that step does not follow. Reload the page."


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A template as a page shows it."""

    id: int
    brand: int | None
    name: str
    channel: str
    texts: dict[str, Wording]
    approval: str
    approval_reference: str | None
    approval_reason: str | None
    updated_at: datetime
    version: int
    staff_name: str


async def every(scope: Scope) -> list[Known]:
    """The templates that may be seen, the newest first."""
    text, values = numbered(
        f"{_SELECT} where {{}} and template.closed_at is null order by template.updated_at desc",
        [of_sender(scope, "template.brand")],
    )
    return [_known(row) for row in await current().fetch(text, *values)]


async def find(number: int, scope: Scope) -> Known:
    """One template; NotThere for one beyond the scope."""
    text, values = numbered(
        f"{_SELECT} where template.id = $1 and template.closed_at is null and {{}}",
        [of_sender(scope, "template.brand")],
        number,
    )
    row = await current().fetchrow(text, *values)
    if row is None:
        raise NotThere
    return _known(row)


async def create(
    name: str, channel: str, texts: Mapping[str, Wording], *, brand: int | None, actor: Actor, at: datetime
) -> int:
    """New words of this brand, or of the alliance; an SMS begins as a draft."""
    kept = await _checked(channel, texts)
    row = MessageTemplate(
        brand=brand, name=name, channel=channel, texts=kept, created_by=actor.id, created_at=at, updated_at=at
    )
    await row.save()
    await history.note(actor.actor, "template_created", "message_template", row.id, at=at, channel=channel)
    return int(row.id)


async def change(
    known: Known, name: str, texts: Mapping[str, Wording], *, version: int, actor: Actor, at: datetime
) -> None:
    """Other words: those of an SMS have to be approved again."""
    kept = await _checked(known.channel, texts)
    is_same = msgspec.json.decode(kept, type=dict[str, Wording]) == known.texts
    approval = known.approval if is_same else "draft"
    if not await current().fetchval(_CHANGE, known.id, name, kept, approval, version, at):
        raise TemplateIsNewer
    await history.note(actor.actor, "template_changed", "message_template", known.id, at=at)


async def approve(
    known: Known, approval: str, *, reference: str | None, reason: str | None, actor: Actor, at: datetime
) -> None:
    """Write down how far the gateway is with an SMS: submitted, approved (under its name), refused (why), or taken back."""
    if known.channel != "sms" or known.approval not in APPROVAL.get(approval, ()):
        raise OutOfOrder(approval=known.approval)
    await current().execute(_APPROVE, known.id, approval, reference, reason, at)
    await history.note(actor.actor, f"template_{approval}", "message_template", known.id, at=at)


async def close(known: Known, *, actor: Actor, at: datetime) -> None:
    """Take a template off the lists; refuses one that a mailing still needs."""
    if await current().fetchval(_USED, known.id):
        raise InUse
    await current().execute("update message_template set closed_at = $2 where id = $1", known.id, at)
    await history.note(actor.actor, "template_closed", "message_template", known.id, at=at)


async def reopen(number: int, *, scope: Scope, at: datetime) -> None:
    """Put a closed template back, an open one stays; NotThere where it may not be changed."""
    row = await current().fetchrow("select brand from message_template where id = $1", number)
    if row is None or not may_change(row["brand"], scope):
        raise NotThere
    await current().execute("update message_template set closed_at = null where id = $1", number)
    await history.note(scope.actor.actor, "template_reopened", "message_template", number, at=at)


def faults(channel: str, texts: Mapping[str, Wording], house: rules.Rules) -> Iterator[Fault]:
    """What is wrong with words, at fields named like `text_zh`."""
    written = {language: one for language, one in texts.items() if one.text.strip()}
    if not written:
        yield Fault(path="text_zh", message=say(ONE_LANGUAGE))
    for language, one in written.items():
        short = field_of(language)
        for part in ("subject", "text", "html"):
            for name in writing.unknown_places(getattr(one, part)):
                known = ", ".join(f"{{{place}}}" for place in writing.PLACEHOLDERS)
                yield Fault(path=f"{part}_{short}", message=say(UNKNOWN_PLACE) % {"name": name, "known": known})
        if channel == "email" and not one.subject.strip():
            yield Fault(path=f"subject_{short}", message=say(NO_SUBJECT))
        if channel == "sms" and (count := writing.longest_sms(one, language, house).segments) > house.segments:
            yield Fault(path=f"text_{short}", message=say(TOO_LONG) % {"count": count, "most": house.segments})


def field_of(language: str) -> str:
    """How the fields of a form call a language."""
    return language.partition("-")[0]


async def _checked(channel: str, texts: Mapping[str, Wording]) -> str:
    found = list(faults(channel, texts, await rules.load()))
    if found:
        raise Invalid(errors=found)
    return msgspec.json.encode({it: texts[it] for it in LANGUAGES if it in texts and texts[it].text.strip()}).decode()


def _known(row: Record) -> Known:
    texts = msgspec.json.decode(row["texts"], type=dict[str, Wording])
    return Known(**{**row, "texts": {language: texts[language] for language in LANGUAGES if language in texts}})


_SELECT = """
select template.id, template.brand, template.name, template.channel, template.texts, template.approval, template.approval_reference,
       template.approval_reason, template.updated_at, template.version, staff.name as staff_name
from message_template as template join staff on staff.id = template.created_by
"""
_CHANGE = """
update message_template set name = $2, texts = $3, approval = $4, version = version + 1, updated_at = $6
where id = $1 and version = $5 returning version
"""
_APPROVE = """
update message_template set approval = $2, approval_reference = coalesce($3, approval_reference), approval_reason = $4,
       version = version + 1, updated_at = $5
where id = $1
"""
_USED = """
select exists (select from mailing where template = $1 and state in ('draft', 'planned', 'running', 'paused', 'held'))
"""
