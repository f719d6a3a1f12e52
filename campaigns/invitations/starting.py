"""Beginning and end of mailings: a planned one that is due gets its people and its words, one with nothing left is done.

Promises that a mailing whose time passed while nobody worked asks a person before it sends, and that nothing is sent in the name of somebody who
may no longer do so. People are kept by id alone.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from asyncpg import Record

from campaigns.audiences import Filter, asking, counting
from campaigns.invitations.rules import PRIORITIES
from crm import history
from crm.database import current, transaction
from crm.ids import uuid7
from crm.roles import Actor, visible_to
from crm.staff.notifications import notify_staff

LATE = timedelta(hours=1)
AT_ONCE = 10_000


async def advance(at: datetime) -> int:
    """Hold what was slept through, and start one mailing that is due; says how many messages were queued."""
    async with transaction():
        await _look_after_silence(at)
        row = await current().fetchrow(_DUE, at)
        if row is None:
            return 0
        if at - row["due_at"] > LATE:
            return await _hold(row, "late", at=at)
        return await start(row["id"], at=at)


async def start(mailing: UUID, *, at: datetime) -> int:
    """Let a mailing run: queue a message for everybody in its audience now; says how many."""
    [row] = await current().fetch(_STARTS, mailing)
    if row["disabled_at"] is not None or not _actor(row).may("invitations.work"):
        return await _hold(row, "nobody", at=at)
    persons = await _members(row, at=at)
    for begin in range(0, len(persons), AT_ONCE):
        await _queue(row, persons[begin : begin + AT_ONCE], at=at)
    await current().execute(_RUN, mailing, at)
    await history.note(f"staff:{row['created_by']}", "mailing_started", "mailing", mailing, at=at, people=len(persons))
    return max(len(persons), 1)


async def finish(at: datetime) -> int:
    """Say of mailings with nothing left to send that they are done, and tell whoever started them."""
    async with transaction():
        if not await current().fetchval(_ANY_RUNNING):
            return 0
        ended = await current().fetch(_FINISH, at)
        for row in ended:
            [facts] = await current().fetch(_SENT_OF, row["id"])
            href = f"/campaigns/{facts['code']}/invitations/{row['id']}"
            counts = {"done": facts["sent"], "total": facts["total"]}
            # In fives for a brand's people, as on the page of the mailing where something is hidden.
            done = str(counting.in_fives(facts["sent"])) if facts["is_of_brand"] else facts["sent"]
            await notify_staff([row["created_by"]], "mailing_done", href=href, at=at, **counts | {"done": done})
            await history.note("marquee", "mailing_done", "mailing", row["id"], at=at, **counts)
    return len(ended)


async def _look_after_silence(at: datetime) -> None:
    """Running mailings with messages long due, when nobody worked for as long: they ask before they go on."""
    last = await current().fetchval(_PULSE)
    if last is not None and at - last < timedelta(minutes=1):
        return
    await current().execute(_BEAT, at)
    if last is not None and at - last > LATE:
        for row in await current().fetch(_SLEPT, at - LATE):
            await _hold(row, "silence", at=at)


async def _hold(row: Record, why: str, *, at: datetime) -> int:
    await current().execute("update mailing set state = 'held', version = version + 1 where id = $1", row["id"])
    code = await current().fetchval("select code from campaign where id = $1", row["campaign"])
    href = f"/campaigns/{code}/invitations/{row['id']}"
    await notify_staff([row["created_by"]], "mailing_held", href=href, at=at)
    await history.note("marquee", "mailing_held", "mailing", row["id"], at=at, why=why)
    return 1


async def _members(row: Record, *, at: datetime) -> Sequence[UUID]:
    """Who is in the audience, as whoever planned it sees people now."""
    return await asking.members(msgspec.json.decode(row["filter"], type=Filter), visible_to(_actor(row)), at=at)


async def _queue(row: Record, persons: Sequence[UUID], *, at: datetime) -> None:
    kind = "joint" if row["brand"] is None else "brand"
    ids = sorted(uuid7(at) for _ in persons)
    facts = (row["id"], row["campaign"], row["brand"] or 0, row["round"], row["channel"], kind, PRIORITIES[kind])
    await current().execute(_QUEUE, ids, list(persons), *facts, row["language"], at)


def _actor(row: Record) -> Actor:
    names = ("login", "name", "role", "brand", "region", "dealer")
    return Actor(id=row["created_by"], session=row["id"], **{name: row[f"staff_{name}"] for name in names})


_DUE = """
select id, campaign, due_at, created_by from mailing where state = 'planned' and due_at <= $1
order by due_at, id limit 1 for update skip locked
"""
_STARTS = """
select mailing.id, mailing.campaign, mailing.brand, mailing.channel, mailing.round, mailing.language, mailing.filter, mailing.created_by,
       staff.login as staff_login, staff.name as staff_name, staff.role as staff_role, staff.brand as staff_brand,
       staff.region as staff_region, staff.dealer as staff_dealer, staff.disabled_at
from mailing join staff on staff.id = mailing.created_by
where mailing.id = $1
"""
_RUN = (
    "update mailing set state = 'running', started_at = coalesce(started_at, $2), version = version + 1 where id = $1"
)
# A message for each of these persons, in the language in which they registered last; who was invited so before, under whatever id, has theirs.
_QUEUE = """
insert into message (id, kind, priority, mailing, campaign, sender, round, channel, person, language, due_at)
select given.id, $8, $9, $3, $4, $5, $6, $7::text, given.person, coalesce(spoken.language, $10), $11
from unnest($1::uuid[], $2::uuid[]) as given (id, person)
left join lateral (
    select registration.language from registration where registration.person = given.person
    order by registration.registered_at desc limit 1
) as spoken on true
where not exists (
    select from person as once join message on message.person = once.id
    where once.merged_into = given.person and message.campaign = $4 and message.sender = $5 and message.round = $6 and message.channel = $7::text
          and message.mailing is not null and message.state <> 'suppressed'
)
order by given.person
on conflict (campaign, sender, person, channel, round) where mailing is not null do nothing
"""
_ANY_RUNNING = "select exists (select from mailing where state = 'running')"
_FINISH = """
update mailing set state = 'done', ended_at = $1, version = version + 1
where id in (
    select id from mailing
    where state = 'running'
          and not exists (select from message where message.mailing = mailing.id and message.state in ('queued', 'sending'))
    order by id for update skip locked
)
returning id, created_by
"""
_SENT_OF = """
select campaign.code, staff.brand is not null as is_of_brand, count(message.sent_at)::int as sent, count(message.id)::int as total
from mailing join campaign on campaign.id = mailing.campaign join staff on staff.id = mailing.created_by
left join message on message.mailing = mailing.id
where mailing.id = $1 group by campaign.code, staff.brand
"""
_PULSE = "select at from sender_pulse"
_BEAT = "insert into sender_pulse (id, at) values (1, $1) on conflict (id) do update set at = greatest(sender_pulse.at, excluded.at)"
_SLEPT = """
select mailing.id, mailing.campaign, mailing.created_by from mailing
where mailing.state = 'running'
      and exists (select from message where message.mailing = mailing.id and message.state = 'queued' and message.due_at <= $1)
order by mailing.id for update skip locked
"""
