"""The invented people who work in the demo: one of each role, to be anybody of them with one click.

Promises that nobody is somebody else without a password outside the demo: only the demo's own application asks here, and the answer is no
from the moment on that anybody else works here. Safe to repeat, also on the database of an older demo.
"""

from datetime import datetime
from typing import NamedTuple

from crm import staff
from crm.database import current, transaction
from crm.staff import Duty
from leads.demo.joint import FOR_THEIR_BRANDS
from leads.demo.showcase import STAGED

ACTOR = "demo"
BRAND, REGION = "aito", "510000"

# The company of Chengdu (its stores are there and hardly anywhere else) that runs most stores of the brand.
DEALER = """
select dealer.code from dealer
join store_operator on store_operator.dealer = dealer.id and valid_until_on is null
join store on store.id = store
left join lateral (
    select store.id from franchise join brand on brand.id = brand
    where franchise.store = store.id and brand.code = $1 and franchise.valid_until_on is null
) as sells on store.region like '5101%'
group by dealer.code having count(sells) > 0
order by count(sells)::float / count(*) desc, count(sells) desc, dealer.code limit 1
"""

# A company that came in by its code alone is called after its store in Chengdu, so that visitors know whose desk they sit at.
CALLED = """
update party set legal_name = coalesce((
    select name_zh from store join store_operator on store_operator.store = store.id
    where store_operator.dealer = dealer.id and valid_until_on is null and store.region like '5101%'
    order by store.code limit 1
), legal_name)
from dealer where dealer.party = party.id and dealer.code = $1 and party.legal_name = dealer.code
"""


# What its visitor brings in, as one of its people, is the visitor's own; colleagues that somebody added are not.
_A_STORY_OF_OURS = """
select exists (select from history_entry where action = $1) and not exists (select from staff where created_by <> all($2))
"""


class Person(NamedTuple):
    """Somebody invented, and what they do here."""

    login: str
    name: str
    duty: Duty


async def seat(*, at: datetime) -> None:
    """Have everybody there, in the caller's transaction; whoever is there already stays as they are."""
    known = {row["login"] for row in await current().fetch("select login from staff")}
    for person in await _people():
        if person.login not in known:
            await staff.add(person.login, name=person.name, duty=person.duty, password_hash=None, actor=ACTOR, at=at)


async def dealer() -> str | None:
    """The code of the company whose offers are answered by whoever sits at its desk, not by the demo; None without its people."""
    found: str | None = await current().fetchval(
        "select dealer.code from staff join dealer on dealer.id = dealer where created_by = $1", ACTOR
    )
    return found


async def may_be_anybody() -> bool:
    """Whether this is a told story in which nobody but its own people works, so that a visitor may be any of them: the demo's answer."""
    async with transaction():
        allowed: bool = await current().fetchval(_A_STORY_OF_OURS, STAGED, (ACTOR, FOR_THEIR_BRANDS))
        return allowed


async def may_be_nobody() -> bool:
    """The answer of every other house."""
    return False


async def _people() -> list[Person]:
    people = [
        Person("zhou.lan", "周岚", Duty("alliance_marketer")),
        Person("gu.mingyuan", "顾明远", Duty("alliance_admin")),
        Person("lin.xiaofan", "林晓帆", Duty("brand_marketer", brand=BRAND)),
        Person("luo.chuan", "罗川", Duty("regional_manager", brand=BRAND, region=REGION)),
        Person("he.xiaoman", "何小满", Duty("event_desk")),
        Person("xu.heng", "许衡", Duty("analyst")),
        Person("yan.min", "严敏", Duty("auditor")),
    ]
    code = await current().fetchval(DEALER, BRAND)
    if code is None:
        return people
    await current().execute(CALLED, code)
    return [*people, Person("tang.li", "唐立", Duty("store", dealer=code))]
