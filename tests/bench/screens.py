"""The staff pages that are measured: every list with its usual filters, searches as people type them, queues and records drawn at random.

Promises that what a search looks for is read from the database itself and never printed, and that each screen is asked by a role whose
screen it is.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple

from crm import reference
from crm.database import current, transaction
from crm.identity import observations
from crm.staff import Duty
from leads.routing import policies, simulation

ROLES: dict[str, Duty] = {
    "alliance": Duty("alliance_marketer"),
    "brand": Duty("brand_marketer", brand="aito"),
    "region": Duty("regional_manager", brand="aito", region="510000"),
    "auditor": Duty("auditor"),
}
DRAWN = 40
TRIED = timedelta(hours=12)


class Screen(NamedTuple):
    """A screen: who asks, and its addresses, one after the other; with `typed` each is a form that is sent, and followed."""

    name: str
    role: str
    paths: Sequence[str]
    typed: Sequence[str] = ()


FILTERS = {
    "": "", "by brand": "?brand=luxeed", "by stage": "?stage=lost", "by rare stage": "?stage=offered", "by hold": "?hold=no_place",
    "by brand and stage": "?brand=aito&stage=contacted", "by campaign": "?campaign={campaign}",
    "by campaign, brand, stage": "?campaign={campaign}&brand=stelato&stage=order", "by campaign and city": "?campaign={campaign}&region=510100",
    "by source": "?source=crowd", "by city": "?region=510100", "by city and stage": "?region=510100&stage=lost",
    "by far city": "?region=540100", "by province, brand": "?region=440000&brand=aito", "by store": "?store={store}", "late": "?late=1",
    "oldest first": "?sort=captured", "by clock": "?sort=clock", "nothing there": "?stage=delivered&hold=no_place",
}  # fmt: skip
OF_ROLES = ("", "by stage", "by hold", "by city and stage", "late", "by clock")


async def roles() -> dict[str, Duty]:
    """Who asks: besides ours a store's own colleague, of the dealer with the most offers."""
    code: str = await current().fetchval(
        "select dealer.code from dealer join offer on offer.dealer = dealer.id group by dealer.code order by count(*) desc limit 1"
    )
    return ROLES | {"store": Duty("store", dealer=code)}


async def screens() -> list[Screen]:
    """All of them, in the order of the table."""
    campaign = await current().fetchval("select code from campaign order by id limit 1")
    store = await current().fetchval(
        "select code from store join offer on offer.store = store.id group by code order by count(*) desc limit 1"
    )
    filters = {name: query.format(campaign=campaign, store=store) for name, query in FILTERS.items()}
    return [
        *(Screen(f"leads {name}".strip(), "alliance", [f"/leads{query}"]) for name, query in filters.items()),
        Screen("leads of a month", "alliance", [f"/leads?since=2025-{it:02}-01&until=2025-{it:02}-28" for it in range(6, 13)]),
        *(
            Screen(f"{role}: leads {name}".strip(), role, [f"/leads{filters[name]}"])
            for role in ("brand", "region") for name in OF_ROLES
        ),
        *await _searches(),
        *await _records(),
        *(Screen(f"queue {name}", "alliance", [f"/queues/{name}"]) for name in ("late", "held", "alliance", "lost")),
        *(Screen(f"{role}: queue {name}", role, [f"/queues/{name}"]) for role in ("brand", "region") for name in ("late", "held", "alliance")),
        *(Screen(name, "alliance", [path]) for name, path in _ROOMS.items()),
        *(Screen(f"{role}: {name}", role, [_ROOMS[name]]) for role in ("brand", "region") for name in ("home", "people", "stores")),
        *(Screen(f"audit {name}".strip(), "auditor", [f"/audit{query}"]) for name, query in _AUDIT.items()),
        Screen("my store", "store", ["/my-store"]),
    ]  # fmt: skip


_ROOMS = {
    "home": "/", "home: figures": "/today/figures", "home: campaigns": "/today/campaigns", "home: wall": "/today/wall", "people": "/people",
    "review": "/review", "stores": "/stores", "stores map": "/stores?view=map", "imports": "/imports", "new import": "/imports/new",
    "bulk": "/bulk", "new lead": "/leads/new", "policies": "/policies", "policy": "/policies/aito", "notifications": "/notifications",
}  # fmt: skip
_AUDIT = {
    "": "", "by action": "?action=exported", "by kind": "?kind=lead", "by person": "?who=crowd", "of a month": "?since=2026-03-01&until=2026-03-31",
    "by rare action": "?action=signed_in",
}  # fmt: skip


async def _searches() -> list[Screen]:
    said = [
        observations.opened(row["particulars"], observation=row["id"])
        for row in await current().fetch("select id, particulars from observation tablesample system (0.05) limit 60")
    ]
    numbers = await current().fetch("select id from lead tablesample system (0.05) limit 60")
    typed: dict[str, list[str]] = {
        "by name": [one.name for one in said if one.name],
        "by phone": [one.phone for one in said if one.phone],
        "by last four": [one.phone[-4:] for one in said if one.phone],
        "by e-mail": [one.email for one in said if one.email] or ["nobody@example.com"],
        "by lead number": [f"L-{row['id'].hex[-6:].upper()}" for row in numbers],
        "for nothing": ["没有这个人"],
    }
    people = ("by name", "by phone", "by last four")
    return [
        *(Screen(f"search {what}", "alliance", ["/search"], texts) for what, texts in typed.items()),
        *(Screen(f"brand: search {what}", "brand", ["/search"], typed[what]) for what in people),
        *(
            Screen(f"leads search {what}", "alliance", ["/leads/search"], typed[what])
            for what in (*people, "by lead number")
        ),
        *(Screen(f"people search {what}", "alliance", ["/people/search"], typed[what]) for what in people),
        *(Screen(f"brand: people search {what}", "brand", ["/people/search"], typed[what]) for what in people),
    ]


async def _records() -> list[Screen]:
    rows = await current().fetch("select id, person from lead tablesample system (0.05) limit $1", DRAWN)
    many = await current().fetch("select person from lead group by person order by count(*) desc limit $1", DRAWN)
    leads, persons = [f"/leads/{row['id']}" for row in rows], [f"/people/{row['person']}" for row in rows]
    Random(1).shuffle(leads)
    return [
        Screen("lead", "alliance", leads),
        Screen("brand: lead", "brand", await _paths("/leads/{}", "select lead from interest where brand = 1 order by captured_at desc limit $1")),
        Screen("person", "alliance", persons),
        Screen("person of many leads", "alliance", [f"/people/{row['person']}" for row in many]),
        Screen("leads of a person", "alliance", [f"{path}/leads" for path in persons]),
        Screen("review pair", "alliance", await _paths("/review/{}", "select id from review_task where closed_at is null limit $1")),
        Screen("store", "alliance", await _paths("/stores/{}", "select code from store order by code limit $1")),
        Screen("load of a store", "alliance", await _paths("/stores/{}/load", "select code from store order by code limit $1")),
        Screen("import", "alliance", await _paths("/imports/{}", "select id from import order by started_at desc limit $1")),
        Screen("simulation", "alliance", await _paths("/simulations/{}", "select id from simulation where state = 'done' limit $1")),
    ]  # fmt: skip


async def _paths(path: str, query: str) -> list[str]:
    return [path.format(row[0]) for row in await current().fetch(query, DRAWN)]


async def simulated() -> None:
    """Have one policy tried on the last hours of the crowd, unless that was done before; opens transactions of its own."""
    async with transaction():
        last = await current().fetchval("select max(decided_at) from receipt")
        if await current().fetchval("select exists (select from simulation where state = 'done')"):
            return
        brand = (await reference.load()).brands["aito"].id
        rules = (await policies.active([brand], at=last))[brand].rules
        question = simulation.Question(brand=brand, rules=rules, since=last - TRIED, until=last)
        staff = await current().fetchval("select min(id) from staff")
        await simulation.start(question, staff=staff, at=last)
    while await simulation.work_on(datetime.now(UTC)):
        pass
