"""Observations taken back, as if nobody had ever sent them: for an import that is undone.

Promises that what others said stays as it is, that a person of whom nothing is left is gone with everything that asked about them, and that
one who remains is told to higher apps, because less stands on their word now. Consents and the sharing log are ledgers: their rows stay and
count no more (`crm.consent` reads only what an observation still says). Refuses nothing; the caller has taken the leads away before.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from crm import history, people
from crm.database import current, lock_stripes, statement
from crm.identity import IDENTITY_LOCKS
from crm.people import merging

CHANGE = "taken_back"


async def hold_still(observations: Collection[UUID]) -> None:
    """Keep newcomers from being linked to what these observations said until the transaction ends; the first lock of all."""
    rows = await current().fetch(_STRONG_KEYS, list(observations))
    await lock_stripes(IDENTITY_LOCKS, (row["match_key"].hex() for row in rows))


async def part_merges(import_id: UUID, *, kept: Collection[UUID], actor: str, at: datetime, limit: int) -> int:
    """Undo the merges that the machine made because of this import, the latest first; says how many.

    Left alone are those of `kept` persons, and those beneath a later merge.
    """
    rows = await current().fetch(statement("crm", "merges_by_import"), import_id, people.MACHINE, sorted(kept), limit)
    await people.hold_still({row["survivor"] for row in rows} | {row["loser"] for row in rows})
    for row in rows:
        # Not `people.unmerge`: nobody found the two to be different people.
        await merging.part(dict(row), actor=actor, at=at)
    return len(rows)


async def take_back(observations: Sequence[UUID], *, at: datetime) -> None:
    """Delete what these observations said: keys, links, decisions, questions, and persons who are nobody without them."""
    persons = {row["person"] for row in await current().fetch(_PERSONS, observations)}
    await people.hold_still(persons)
    hubs = [row["match_key"] for row in await current().fetch(_HUBS, observations)]
    for deletion in _OF_OBSERVATIONS:
        await current().execute(deletion, observations)
    await _recount(hubs)
    gone = {row["id"] for row in await current().fetch(statement("crm", "persons_left_empty"), sorted(persons))}
    for deletion in _OF_PERSONS:
        await current().execute(deletion, sorted(gone))
    if persons - gone:
        await history.tell(CHANGE, persons - gone, at=at)


async def _recount(hubs: Sequence[bytes]) -> None:
    """A value cannot have more names than observations; with one left, it is no hub."""
    await current().execute(statement("crm", "recount_hubs"), hubs)
    await current().execute("delete from hub_value where match_key = any($1::bytea[]) and distinct_names < 2", hubs)


_STRONG_KEYS = """
select distinct match_key from identity_key
where observation = any($1::uuid[]) and kind in ('phone', 'email_canonical', 'phone_in_email', 'wechat_unionid')
"""
_PERSONS = "select distinct person from link where observation = any($1::uuid[])"
_HUBS = """
select distinct match_key from identity_key join hub_value using (match_key) where observation = any($1::uuid[])
"""

# Both in the order that foreign keys want.
_OF_OBSERVATIONS = (
    "delete from search_key where observation = any($1::uuid[])",
    "delete from identity_key where observation = any($1::uuid[])",
    """
    delete from review_task
    where observation = any($1::uuid[]) or decision in (select id from decision where observation = any($1::uuid[]))
    """,
    """
    delete from merged_link using link
    where link.observation = any($1::uuid[]) and link.id in (merged_link.closed, merged_link.opened)
    """,
    "delete from link where observation = any($1::uuid[])",
    "delete from decision where observation = any($1::uuid[])",
    """
    with lost as (delete from ownership where observation = any($1::uuid[]) returning id, vehicle)
    delete from vehicle using lost
    where vehicle.id = lost.vehicle
          and not exists (select from ownership where ownership.vehicle = lost.vehicle and ownership.id not in (select id from lost))
    """,
    "delete from observation where id = any($1::uuid[])",
)
_OF_PERSONS = (
    """
    delete from review_task
    where person = any($1::uuid[]) or other = any($1::uuid[])
          or decision in (select id from decision where person = any($1::uuid[]))
    """,
    "delete from no_merge where person = any($1::uuid[]) or other = any($1::uuid[])",
    # What another observation said of a car goes along to whom that one belongs today.
    """
    insert into ownership (vehicle, person, observation, source, valid_from_on, valid_until_on)
    select told.vehicle, link.person, told.observation, told.source, told.valid_from_on, told.valid_until_on
    from ownership as told
    join link on link.observation = told.observation and link.closed_at is null
    where told.person = any($1::uuid[])
    on conflict (vehicle, person, source) do nothing
    """,
    """
    with lost as (delete from ownership where person = any($1::uuid[]) returning id, vehicle)
    delete from vehicle using lost
    where vehicle.id = lost.vehicle
          and not exists (select from ownership where ownership.vehicle = lost.vehicle and ownership.id not in (select id from lost))
    """,
    "delete from change where person = any($1::uuid[])",
    """
    delete from merged_link using merge
    where merge.id = merged_link.merge and (merge.survivor = any($1::uuid[]) or merge.loser = any($1::uuid[]))
    """,
    "delete from merge where survivor = any($1::uuid[]) or loser = any($1::uuid[])",
    "delete from link where person = any($1::uuid[])",
    "delete from decision where person = any($1::uuid[])",
    "update decision set runner_up = null where runner_up = any($1::uuid[])",
    "delete from person where id = any($1::uuid[])",
)
