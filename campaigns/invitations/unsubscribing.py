"""The way out: a link in every marketing message, and an answer to an SMS, by which somebody stops what is written to them.

Promises that it needs no session, that consent is withdrawn in the same moment, and that what was queued for them stops with it. Refuses links that
we did not write exactly as links of messages that never were.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record

from campaigns.invitations import outcomes, tokens
from campaigns.invitations.knowing import address_key
from crm import consent, history
from crm.database import current
from crm.errors import NotThere

STOPS = frozenset({"r", "t", "td", "退订", "退", "拒收", "stop", "unsubscribe", "取消订阅", "取消"})


class Stopping(NamedTuple):
    """What a link is about: the message, whom it was written to, the brands it spoke for, and all that write to them."""

    message: UUID
    person: UUID
    channel: str
    language: str
    brands: tuple[int, ...]
    every_brand: tuple[int, ...]


async def find(token: str) -> Stopping:
    """What the link of a message stops; NotThere for one that we did not write."""
    message = tokens.read("unsubscribe", token)
    row = await current().fetchrow(_MESSAGE, message) if message else None
    if row is None:
        raise NotThere
    every = [one["id"] for one in await current().fetch("select id from brand order by id")]
    # One that was not sent yet names no brands: whoever has its link means all.
    spoke_for = row["brands"] or every
    return Stopping(row["id"], row["person"], row["channel"], row["language"], tuple(spoke_for), tuple(every))


async def stop(stopping: Stopping, *, brands: Sequence[int], at: datetime) -> int:
    """Withdraw marketing for these brands by every channel, and let nothing that is queued for them go; says how many messages that stopped."""
    actor = f"link:{stopping.message}"
    await consent.withdraw(stopping.person, purpose="alliance_marketing", brands=sorted(brands), at=at, actor=actor)
    stopped = await _stop_queued(stopping.person, brands, at=at)
    await history.note(actor, "unsubscribed", "person", stopping.person, at=at, brands=sorted(brands), stopped=stopped)
    return stopped


async def stop_number(phone: str, *, at: datetime) -> int:
    """Somebody at this number answered stop: no SMS of ours goes there any more, and whoever it was sent to withdrew; says how many those are."""
    key = address_key("sms", phone)
    await outcomes.stop_address("sms", [key], reason="stopped", at=at)
    persons = await current().fetch(_AT_NUMBER, key)
    every = [one["id"] for one in await current().fetch("select id from brand order by id")]
    for row in persons:
        answers = [consent.Answer("alliance_marketing", brand, "withdrawn", channel="sms") for brand in every]
        await consent.record(
            answers, person=row["person"], captured_at=at, at=at, actor="sms:stop", evidence=b"sms stop"
        )
        await _stop_queued(row["person"], every, at=at, channel="sms")
    return len(persons)


def means_stop(text: str) -> bool:
    """Whether an answer to an SMS says that no more is wanted, and nothing else."""
    return text.strip().strip("。.!！ ").lower() in STOPS


async def _stop_queued(person: UUID, brands: Sequence[int], *, at: datetime, channel: str | None = None) -> int:
    """Those that wait are over; one that is just being sent is marked, and its sender looks before it leaves."""
    rows: list[Record] = await current().fetch(_QUEUED, person, list(brands), channel)
    await current().execute(_STOP, [row["id"] for row in rows], at)
    # One that is just being sent gives its place back itself, when it is stopped.
    await outcomes.give_back([row["id"] for row in rows if row["state"] == "queued"])
    return len(rows)


_MESSAGE = """
select message.id, coalesce(person.merged_into, person.id) as person, message.channel, message.language, message.brands
from message join person on person.id = message.person
where message.id = $1 and message.mailing is not null
"""
# What waits for somebody, under every id that they had, and speaks for no brand but these. In the order of ids, as everybody locks messages.
_QUEUED = """
select message.id, message.state from message
where message.person in (select $1::uuid union all select id from person where merged_into = $1)
      and message.mailing is not null and message.state in ('queued', 'sending') and ($3::text is null or message.channel = $3)
      and (message.sender = any($2::int[])
           or (message.sender = 0 and not exists (
               select from partner where partner.campaign = message.campaign and not partner.brand = any($2::int[]))))
order by message.id for update
"""
_STOP = """
update message set state = case when state = 'queued' then 'suppressed' else state end, reason = 'unsubscribed',
       ended_at = case when state = 'queued' then $2::timestamptz end
where id = any($1::uuid[])
"""
_AT_NUMBER = """
select distinct coalesce(person.merged_into, person.id) as person
from message join person on person.id = message.person
where message.address_key = $1
"""
