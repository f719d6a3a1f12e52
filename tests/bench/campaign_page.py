"""One campaign of a million contacts: its page asked many times, beside its limit, and its counts beside those of independent SQL.

Run by `make scale-campaign` (TOUCHES=, FACTS=, ROUNDS=): pours the ledgers of one campaign once into a data folder of its own, with the triggers
listening as for everybody, then measures with all news folded and with as many unfolded as there ever are. A failing exit when the page is over
its limit or a count differs.
"""

import asyncio
import os
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from statistics import quantiles

import asyncpg
import httpx

from campaigns import channels, figures
from campaigns.planning import arrangements, goals, partners, plans
from campaigns.planning.partners import Partnership
from campaigns.planning.plans import Plan
from crm import database, reference
from crm.database import current, statement, transaction
from crm.origin import LOOPBACK_COOKIE
from crm.settings import settings
from crm.staff import Duty
from tests.bench import pages
from tests.whole import running

LIMIT = 200.0  # milliseconds of server time at p95
ROUNDS = int(os.environ.get("ROUNDS", "200"))
WARM = 5
CODE = "scale-show"
PAGES = ("", "/goals", "/channels", "/checklist", "/arrangement")
CHANNELS = 12
LANDING_SHARE = 0.6  # of the contacts; the others are registrations, a third of them for two brands

# What an independent reader of the ledgers counts; it knows nothing of kept counts.
LEDGERS = """
with told as (
    select 0 as figure, coalesce(brand, 0) as place, observation as subject
    from touchpoint join touchpoint_kind as kind on kind.id = touchpoint.kind and kind.registers
    where campaign = $1 and retracted_at is null and observation is not null
    union all
    select kind, coalesce(brand, 0), lead from milestone where campaign = $1 and retracted_at is null
)
select figure, place, count(distinct subject) from told where place <> 0 group by 1, 2
union all select figure, 0, count(distinct subject) from told group by 1
union all select 10, channel, count(*) from touchpoint
where campaign = $1 and kind = 10 and retracted_at is null and channel is not null group by 2
union all select 11, channel, count(*) from registration where campaign = $1 and channel is not null group by 2
union all select 12, channel, count(lead) from registration where campaign = $1 and channel is not null group by 2
"""
LANDINGS = """
insert into touchpoint (person, at, id, kind, campaign, channel, recorded_at)
select gen_random_uuid(), $3::timestamptz - random() * interval '9 days', gen_random_uuid(), 10, $1, ($4::int[])[(random() * ($5 - 1))::int + 1], $3
from generate_series(1, $2)
"""
# Three rows for every two registrations: each second person is there for two brands.
REGISTERED = """
insert into touchpoint (person, at, id, observation, kind, campaign, brand, recorded_at)
select md5('person' || n / 3 * 2 + n % 3 / 2)::uuid, $3::timestamptz - (n % 777600) * interval '1 second', gen_random_uuid(),
       md5('observation' || (n / 3 * 2 + n % 3 / 2))::uuid, 1 + n % 5, $1, 1 + n % 5, $3
from generate_series(1, $2) as n
"""
# Of the facts each lead tells two to five, the later ones ever rarer.
TOLD = """
insert into milestone (person, at, id, lead, interest, kind, campaign, brand, recorded_at)
select md5('person' || lead)::uuid, $3::timestamptz - (lead % 777600) * interval '1 second', gen_random_uuid(),
       md5('lead' || lead)::uuid, md5('interest' || lead)::uuid, kind, $1, 1 + lead % 5, $3
from generate_series(1, $2) as lead cross join generate_series(1, 8) as kind
where kind <= 2 or kind = 3 and lead % 10 < 7 or kind = 4 and lead % 10 < 4 or kind = 5 and lead % 10 < 2 or kind >= 6 and lead % (kind * 6) = 0
"""
PER_LEAD = 3.5  # facts, about
GUESTS = """
insert into registration (id, event, campaign, observation, person, source, external_id, body_hash, channel, language, sealed, state,
                          registered_at, lead)
select gen_random_uuid(), $2, $1, md5('observation' || n)::uuid, md5('person' || n)::uuid, 1, 'S' || n, '', ($4::int[])[n % $5 + 1], 'zh', '',
       'confirmed', $6, case when n % 3 > 0 then md5('lead' || n)::uuid end
from generate_series(1, $3) as n
"""


async def make(touches: int, facts: int) -> None:
    """Pour one campaign: its plan by the verbs, its ledgers in bulk."""
    import app

    database.start()
    await database.migrate()
    await database.open_pool()
    await app.write_reference_data()
    at = datetime.now(UTC)
    async with transaction():
        campaign, event, ways = await _plan(at)
    landings = round(touches * LANDING_SHARE)
    began = time.monotonic()
    async with transaction() as connection:
        await connection.execute(LANDINGS, campaign, landings, at, ways, len(ways))
        await connection.execute(REGISTERED, campaign, touches - landings, at)
        await connection.execute(TOLD, campaign, round(facts / PER_LEAD), at)
    _say(f"poured with the triggers listening in {time.monotonic() - began:.0f} s")
    async with transaction() as connection:
        # What guests are to the rest of the house is not measured here: their observations stay away.
        await connection.execute("alter table registration disable trigger all")
        for moment in ("insert", "update", "delete"):
            await connection.execute(f"alter table registration enable trigger registration_{moment}_news")
        await connection.execute(GUESTS, campaign, event, touches // 5, ways, len(ways), at)
        await connection.execute("alter table registration enable trigger all")
    await _settle("analyze")
    began = time.monotonic()
    async with transaction():
        await figures.fold(campaign)
    _say(f"folded {touches + facts:,} contacts and facts in {time.monotonic() - began:.1f} s")
    await _settle("vacuum (analyze)")
    await database.close_pool()
    _mark().touch()


async def measure() -> int:
    """Print what the page took and whether the counts are those of the ledgers; 1 when not, or when it took too long."""
    database.start()
    await database.open_pool()
    async with transaction():
        campaign = await current().fetchval("select id from campaign where code = $1", CODE)
        sizes = [
            await current().fetchval(f"select count(*) from {table}")
            for table in ("touchpoint", "milestone", "registration")
        ]
        tokens = {
            name: (await pages.session(name, duty))[0]
            for name, duty in (("alliance", Duty("alliance_marketer")), ("brand", Duty("brand_marketer", brand="aito")))
        }
    _say("{:,} contacts, {:,} facts, {:,} registrations".format(*sizes))
    async with transaction():
        await figures.fold(campaign)
    over = not await _are_equal(campaign)
    with tempfile.TemporaryDirectory() as folder, running.serving(dict(os.environ), log=Path(folder) / "log") as house:
        over |= await _asked(house.url, tokens, "all folded")
        await _leave_news(campaign)
        over |= await _asked(house.url, tokens, "news unfolded")
    over |= not await _are_equal(campaign)
    await _explain(campaign)
    await database.close_pool()
    return int(over)


async def _asked(url: str, tokens: dict[str, str], how: str) -> bool:
    async with transaction():
        news = await current().fetchval("select count(*) from campaign_news")
    _say(f"{how}: {news} news; load {os.getloadavg()[0]:.1f}; {ROUNDS} requests each; limit {LIMIT:.0f} ms at p95")
    over = False
    for role, token in tokens.items():
        with httpx.Client(base_url=url, cookies={LOOPBACK_COOKIE: token}, timeout=30) as client:
            for part in PAGES:
                took = [_took(client, f"/campaigns/{CODE}{part}") for _ in range(WARM + ROUNDS)][WARM:]
                p95 = quantiles(took, n=20)[-1]
                over |= p95 > LIMIT
                _say(
                    f"  {role:9} {part or '/':13} p50 {quantiles(took, n=2)[0]:6.1f} ms   p95 {p95:6.1f} ms{'   OVER' if p95 > LIMIT else ''}"
                )
    return over


def _took(client: httpx.Client, path: str) -> float:
    began = time.perf_counter()
    answer = client.get(path)
    if answer.status_code != httpx.codes.OK:
        raise RuntimeError(f"{path}: {answer.status_code}")
    return (time.perf_counter() - began) * 1000


async def _are_equal(campaign: int) -> bool:
    async with transaction():
        began = time.perf_counter()
        kept = {tuple(row) for row in await current().fetch(statement("campaigns", "campaign_counts"), campaign)}
        read = (time.perf_counter() - began) * 1000
        began = time.perf_counter()
        counted = {tuple(row) for row in await current().fetch(LEDGERS, campaign) if row["count"]}
        direct = (time.perf_counter() - began) * 1000
    _say(
        f"{len(kept)} counts read in {read:.1f} ms, counted from the ledgers in {direct:.0f} ms: {'equal' if kept == counted else 'DIFFERENT'}"
    )
    return kept == counted


async def _leave_news(campaign: int) -> None:
    """As many news as a worker leaves unfolded, of every kind."""
    at = datetime.now(UTC)
    async with transaction() as connection:
        ways = [row["id"] for row in await connection.fetch("select id from channel where campaign = $1", campaign)]
        await connection.execute(LANDINGS, campaign, 20, at, ways, len(ways))
        for ledger, which, number in (("milestone", "true", 90), ("touchpoint", "kind < 6", 80)):
            some = f"select id from {ledger} where campaign = $1 and {which} and retracted_at is null limit {number}"
            await connection.execute(f"update {ledger} set retracted_at = $2 where id in ({some})", campaign, at)


async def _explain(campaign: int) -> None:
    async with transaction():
        query = f"explain (analyze, buffers, costs off) {statement('campaigns', 'campaign_counts')}"
        _say("\n".join(row[0] for row in await current().fetch(query, campaign)))


async def _plan(at: datetime) -> tuple[int, int, list[int]]:
    brands = sorted((await reference.load()).brands.values(), key=lambda brand: brand.rank)
    today = at.date()
    show = Plan(
        name="大规模联合展",
        starts_on=today - timedelta(days=9),
        ends_on=today + timedelta(days=9),
        region="510100",
        budget_fen=480_000_000,
    )
    campaign = await plans.make(CODE, show, actor="bench", at=at)
    await partners.add(campaign, [Partnership(brand.id, share=Fraction(1, len(brands))) for brand in brands])
    version = (await plans.find(campaign)).version
    await arrangements.publish(campaign, zh="共享", en="We share.", version=version, actor="bench", at=at)
    aims = {brand.id: dict.fromkeys(figures.GOALS, 10_000) for brand in brands}
    await goals.put(campaign, aims, version=version + 1, actor="bench", at=at)
    for number in range(CHANNELS):
        await channels.add(campaign, code=f"CH-{number}", name=f"渠道 {number}", medium="social", actor="bench", at=at)
    ways = [channel.id for channel in await channels.of_campaign(campaign)]
    event = await current().fetchval(
        "insert into event (campaign, code, name, starts_on, ends_on) values ($1, $2, $2, $3, $3) returning id",
        campaign,
        CODE,
        today,
    )
    return campaign, event, ways


async def _settle(how: str) -> None:
    # What the database would do by itself within a minute.
    alone = await asyncpg.connect(database.url())
    await alone.execute(f"{how} touchpoint, milestone, registration, campaign_count, campaign_news")
    await alone.close()


def _mark() -> Path:
    # Made at the end: what was broken off half-way is not measured.
    return settings().data / "poured"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(words: list[str]) -> int:
    """`make TOUCHES FACTS` unless it was made, or `measure`."""
    match words:
        case ["make", touches, facts]:
            if not _mark().exists():
                asyncio.run(make(int(touches), int(facts)))
            return 0
        case ["measure"]:
            return asyncio.run(measure())
        case _:
            _say("usage: python -m tests.bench.campaign_page make TOUCHES FACTS | measure")
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
