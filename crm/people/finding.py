"""How staff find people: by a whole name in either script, a phone, its last four digits, or an e-mail, as keyed digests.

Promises that an index of these digests tells nothing without our key, and that what is found says nothing about identity: a name alone
leads to everybody who bears it. Those keys are `crm.identity.digests`; these are for looking, newest first.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from uuid import UUID

from crm import normalise, vault
from crm.database import current
from crm.identity import likeness
from crm.identity.observations import Particulars

LAST = 4
_DIGITS = re.compile(r"[\d\s+()./-]+")


async def remember(said: Iterable[tuple[UUID, datetime, Particulars]]) -> None:
    """Make observations findable, in the transaction that writes them: id, when it was captured, what it said."""
    records = [(key, at, observation) for observation, at, one in said for key in keys_of(one)]
    await current().copy_records_to_table(
        "search_key", records=records, columns=("match_key", "captured_at", "observation")
    )


async def observations(text: str, *, limit: int) -> Sequence[UUID]:
    """What a typed text may mean, newest first; whoever asks still has to ask the scope which of it may be seen."""
    rows = await current().fetch(
        """
        select observation from search_key where match_key = any($1::bytea[])
        group by observation, captured_at order by captured_at desc, observation limit $2
        """,
        digests_for(text),
        limit,
    )
    return [row["observation"] for row in rows]


def keys_of(said: Particulars) -> set[bytes]:
    """The digests under which one observation is found."""
    return {vault.match_key(kind, value) for kind, value in _facts(said)}


def digests_for(text: str) -> list[bytes]:
    """The digests of all that a typed text may mean; none for an empty one."""
    return sorted({vault.match_key(kind, value) for kind, value in _meanings(text.strip())})


def _facts(said: Particulars) -> Iterator[tuple[str, str]]:
    yield from _of_name(said.name)
    number = said.phone or said.phone_masked
    if number:
        yield "find_phone", number
        yield "find_last", number[-LAST:]
    for address in {said.email, said.email_canonical} - {None}:
        yield "find_email", str(address)


def _of_name(typed: str | None) -> Iterator[tuple[str, str]]:
    name = normalise.name(typed or "")
    if name.kind in ("none", "placeholder"):
        return
    yield "find_name", name.text.casefold()
    if sound := min(likeness.spellings(name), default=None):
        yield "find_sound", sound


def _meanings(text: str) -> Iterator[tuple[str, str]]:
    if "@" in text:
        yield from _addresses(text)
    elif _DIGITS.fullmatch(text) or "*" in text:
        yield from _numbers(text)
    elif text:
        name = normalise.name(text)
        yield "find_name", (name.text or text).casefold()
        # Every way to read the spelling: the record was kept under one of them.
        yield from (("find_sound", sound) for sound in likeness.spellings(name))


def _addresses(text: str) -> Iterator[tuple[str, str]]:
    yield "find_email", text.casefold()
    try:
        read = normalise.email(text)
    except normalise.Unreadable:
        return
    yield "find_email", read.address
    yield "find_email", read.canonical


def _numbers(text: str) -> Iterator[tuple[str, str]]:
    digits = re.sub(r"\D", "", text)
    if len(digits) == LAST:
        yield "find_last", digits
    try:
        read = normalise.phone(text)
    except normalise.Unreadable:
        return
    if number := read.e164 or read.masked:
        yield "find_phone", number
