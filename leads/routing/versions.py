"""The versions of a brand's policy: which one is followed since when, a new one that takes over, the way back.

Promises that a version never changes and never goes: going back makes a new one that says what an older one said, and one that was undone
before it routed anything stays in the list, followed at no moment. Every change has a reason and stands in the history. What waits for a
store is looked at again when another version takes over.
"""

from datetime import datetime, timedelta

import msgspec
from asyncpg import Record

from crm import history
from crm.database import current, statement, transaction
from crm.errors import NotThere, Refused
from crm.work import Job
from leads.routing.policies import DECIDING_LOCK, Policy

READER = "leads.policies"
FARTHEST = timedelta(days=366)


class AnotherIsFollowed(Refused):
    sentence = "Meanwhile version {version} took the place of the one you compared with. Look at the differences again."


class AnotherIsPlanned(Refused):
    sentence = "Version {version} is to take over soon. Undo it first, then plan another one."


class NothingNew(Refused):
    status = 422
    sentence = "This says the same as version {version}, which is followed already."


class NotAFutureMoment(Refused):
    status = 422
    sentence = "A policy takes over now or within a year: what was routed before stays as it was."


class HasRouted(Refused):
    sentence = "Version {version} has routed leads already ({count}) and cannot be undone. Go back to an older version instead."


class NothingToUndo(Refused):
    sentence = "Only the newest version can be undone, and only when there is one before it."


class Version(msgspec.Struct, frozen=True):
    """A version; `standing` is active, planned, past or undone, `routed` counts its decisions (at most a thousand)."""

    id: int
    brand: int
    version: int
    rules: Policy
    active_from: datetime
    active_until: datetime | None
    author: str | None
    note: str | None
    standing: str
    routed: int


async def of_brand(brand: int, *, at: datetime) -> list[Version]:
    """All versions of a brand, the newest first."""
    rows = await current().fetch(f"{_READ} where brand = $2 order by version desc", at, brand)
    return [_version(row) for row in rows]


async def followed(brand: int, *, at: datetime) -> Version:
    """The version that the brand follows at a moment."""
    row = await current().fetchrow(f"{_READ} where brand = $2 and {_IS_ACTIVE}", at, brand)
    if row is None:
        raise NotThere
    return _version(row)


async def find(version: int, *, brand: int, at: datetime) -> Version:
    """A version of a brand by its number."""
    row = await current().fetchrow(f"{_READ} where brand = $2 and version = $3", at, brand, version)
    if row is None:
        raise NotThere
    return _version(row)


async def activate(
    rules: Policy, *, brand: int, compared_with: int, moment: datetime | None, reason: str, staff: int, at: datetime
) -> int:
    """Let a new version say this and take over at a moment (now for None); answers its number.

    Refuses when another version is followed than the one that was compared with (an id), and when another one is planned already.
    """
    newest = await _lock_newest(brand, at=at)
    if newest.standing == "planned":
        raise AnotherIsPlanned(version=newest.version)
    if newest.id != compared_with:
        raise AnotherIsFollowed(version=newest.version)
    if newest.rules == rules:
        raise NothingNew(version=newest.version)
    begins = max(moment or at, newest.active_from)
    if not at <= begins <= at + FARTHEST:
        raise NotAFutureMoment
    return await _take_over(newest, rules, begins=begins, reason=reason, staff=staff, at=at)


async def roll_back(version: int, *, brand: int, reason: str, staff: int, at: datetime) -> int:
    """Let a new version say what an older one said, from now on; answers its number."""
    older = await find(version, brand=brand, at=at)
    newest = await _lock_newest(brand, at=at)
    return await activate(
        older.rules, brand=brand, compared_with=newest.id, moment=None, reason=reason, staff=staff, at=at
    )


async def undo(version: int, *, brand: int, staff: int, at: datetime) -> int:
    """Take back that a version took over, as long as it has routed nothing; answers the number of the one before, followed again."""
    # Whoever decides now may be about to follow it: wait, so that its receipts are there to be counted.
    await current().execute("select pg_advisory_xact_lock($1, 0)", DECIDING_LOCK)
    newest = await _lock_newest(brand, at=at)
    before = await current().fetchrow(
        "select id, version from routing_policy where brand = $1 and active_until = $2 and active_from < active_until",
        brand,
        newest.active_from,
    )
    if newest.version != version or before is None:
        raise NothingToUndo
    if newest.routed:
        raise HasRouted(version=version, count=newest.routed)
    await current().execute("update routing_policy set active_until = active_from where id = $1", newest.id)
    await current().execute("update routing_policy set active_until = null where id = $1", before["id"])
    await history.note(f"staff:{staff}", "undid", "policy", newest.id, at=at, brand=brand, version=version)
    followed_again: int = before["version"]
    return followed_again


async def notice(at: datetime) -> int:
    """When another version has taken over, look again at what waited for a store."""
    async with transaction():
        latest = await current().fetchval(_LATEST, at)
        known = await current().fetchval("select change from change_reader where name = $1", READER)
        if latest is None or known == latest:
            return 0
        # Whoever decides now follows the version before: wait, so that what they held is there to be released.
        await current().execute("select pg_advisory_xact_lock($1, 0)", DECIDING_LOCK)
        await current().execute(_REMEMBER, READER, latest)
        if known is None:
            return 0
        released = await current().fetch(statement("leads", "release_holds_of_policies"), at, known)
    return len(released)


JOB = Job("notice_policies", notice)


async def _lock_newest(brand: int, *, at: datetime) -> Version:
    # One after the other: this row is the end of the brand's line, and whoever has it may add to the line.
    newest = await current().fetchval(
        "select id from routing_policy where brand = $1 and active_until is null for update", brand
    )
    row = await current().fetchrow(f"{_READ} where id = $2", at, newest)
    if row is None:
        raise NotThere
    return _version(row)


async def _take_over(newest: Version, rules: Policy, *, begins: datetime, reason: str, staff: int, at: datetime) -> int:
    await current().execute("update routing_policy set active_until = $2 where id = $1", newest.id, begins)
    [row] = await current().fetch(
        """
        insert into routing_policy (brand, version, data, active_from, author, note)
        select $1, max(version) + 1, $2, $3, $4, $5 from routing_policy where brand = $1
        returning id, version
        """,
        newest.brand,
        msgspec.json.encode(rules).decode(),
        begins,
        staff,
        reason,
    )
    told = {"brand": newest.brand, "version": row["version"], "begins": begins, "reason": reason}
    await history.note(f"staff:{staff}", "activated", "policy", row["id"], at=at, **told)
    number: int = row["version"]
    return number


def _version(row: Record) -> Version:
    return Version(**{**row, "rules": msgspec.json.decode(row["rules"], type=Policy)})


_IS_ACTIVE = "active_from <= $1 and (active_until is null or active_until > $1)"
_READ = f"""
select policy.id, policy.brand, policy.version, policy.data as rules, active_from, active_until,
       (select name from staff where staff.id = policy.author) as author, policy.note,
       case when active_until <= active_from then 'undone' when {_IS_ACTIVE} then 'active'
            when active_from > $1 then 'planned' else 'past' end as standing,
       (select count(*) from (select from receipt where receipt.policy = policy.id limit 1000) as few) as routed
from routing_policy as policy
"""  # noqa: S608 - our own names
# As microseconds, which is what a reader's place is kept in.
_LATEST = """
select (extract(epoch from max(active_from)) * 1000000)::bigint from routing_policy
where active_from <= $1 and (active_until is null or active_until > active_from)
"""
_REMEMBER = """
insert into change_reader (name, xid, change) values ($1, 0, $2) on conflict (name) do update set change = excluded.change
"""
