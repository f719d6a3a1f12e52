"""The wordings that people are shown when they are asked: notices with their versions by language and day.

Promises that a wording never changes under its version, so that a consent can always be read beside what was asked, and that in every
language one version holds on a day. Refuses versions that are there already or begin before the one they follow.
"""

import hashlib
from datetime import date, datetime

import msgspec

from crm import history, reference
from crm.database import current
from crm.errors import Fault, Invalid, NotThere
from crm.languages import say

CODE_CHARACTERS, VERSION_CHARACTERS, TEXT_CHARACTERS = 40, 20, 8000
# The tags that forms send.
LANGUAGES = ("zh", "en")


class Wording(msgspec.Struct, frozen=True):
    """One version in one language; `valid_until_on` is exclusive, None while nothing follows."""

    notice: str
    version: str
    language: str
    text: str
    valid_from_on: date
    valid_until_on: date | None
    answers: int

    def state_on(self, day: date) -> str:
        """active, planned or past."""
        if day < self.valid_from_on:
            return "planned"
        return "past" if self.valid_until_on is not None and self.valid_until_on <= day else "active"


async def every_wording() -> list[Wording]:
    """All notices, each with its newest version first, with how many answers stand on it."""
    rows = await current().fetch(
        """
        select notice.code, version, language, text, valid_from_on, valid_until_on,
               (select count(*) from (select from consent where notice_version = notice_version.id limit 10000) as answers)
        from notice_version join notice on notice.id = notice
        order by notice.code, valid_from_on desc, notice_version.id desc
        """
    )
    return [Wording(*row) for row in rows]


async def add(
    notice: str, *, version: str, language: str, text: str, valid_from_on: date, actor: str, at: datetime
) -> None:
    """A new version from a day on; the one in force until then ends the evening before. A new code is a new notice."""
    _refuse_unusable(notice=notice, version=version, language=language, text=text)
    number = await _notice(notice)
    await _refuse_known(number, version=version, language=language)
    await _close_former(number, language=language, valid_from_on=valid_from_on)
    await current().execute(
        "insert into notice_version (notice, version, language, text, hash, valid_from_on) values ($1, $2, $3, $4, $5, $6)",
        number,
        version,
        language,
        text,
        hashlib.sha256(text.encode()).hexdigest(),
        valid_from_on,
    )
    await history.note(
        actor,
        "notice_added",
        "notice",
        notice,
        at=at,
        version=version,
        language=language,
        valid_from=str(valid_from_on),
    )


async def show(notice: str, *, version: str, language: str) -> Wording:
    """One wording; refuses what is not there."""
    found = [it for it in await every_wording() if (it.notice, it.version, it.language) == (notice, version, language)]
    if not found:
        raise NotThere
    return found[0]


def forget() -> None:
    """Let this process read the notices anew, once the transaction that added one has committed."""
    reference.forget()


def _refuse_unusable(*, notice: str, version: str, language: str, text: str) -> None:
    faults = []
    if not notice or len(notice) > CODE_CHARACTERS or not notice.replace("-", "").replace("_", "").isalnum():
        faults.append(Fault(path="notice", message=say("A code is 1 to 40 letters, digits or dashes.")))
    if not version or len(version) > VERSION_CHARACTERS or not version.isprintable():
        faults.append(Fault(path="version", message=say("A version is 1 to 20 characters.")))
    if language not in LANGUAGES:
        faults.append(Fault(path="language", message=say("Please choose one of the list.")))
    if not 1 <= len(text) <= TEXT_CHARACTERS:
        faults.append(Fault(path="text", message=say("The wording has 1 to 8,000 characters.")))
    if faults:
        raise Invalid(errors=faults)


async def _notice(code: str) -> int:
    await current().execute("insert into notice (code) values ($1) on conflict (code) do nothing", code)
    # Two who add versions of one notice come one after the other.
    number: int = await current().fetchval("select id from notice where code = $1 for update", code)
    return number


async def _refuse_known(notice: int, *, version: str, language: str) -> None:
    known = "select exists (select from notice_version where notice = $1 and version = $2 and language = $3)"
    if await current().fetchval(known, notice, version, language):
        why = say("This version is there already, and its wording never changes: name another one.")
        raise Invalid(errors=[Fault(path="version", message=why)])


async def _close_former(notice: int, *, language: str, valid_from_on: date) -> None:
    latest: date | None = await current().fetchval(
        "select max(valid_from_on) from notice_version where notice = $1 and language = $2", notice, language
    )
    if latest is not None and valid_from_on <= latest:
        why = say("The version before this one holds from %(day)s on: choose a later day.") % {"day": latest}
        raise Invalid(errors=[Fault(path="valid_from_on", message=why)])
    await current().execute(
        "update notice_version set valid_until_on = $3 where notice = $1 and language = $2 and valid_until_on is null",
        notice,
        language,
        valid_from_on,
    )
