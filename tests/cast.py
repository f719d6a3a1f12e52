"""The cast: people, stores, dealers, a desk and a notice, known by name at noon of the first show day in Chengdu.

A story begins with `open_chengdu`; then `send` brings leads in and `work` lets the house do everything that is due.
"""

import asyncio
import functools
import re
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import msgspec

from crm import access, origin
from crm.access import Principal
from crm.database import current, transaction
from crm.network import dealers
from crm.roles import Actor, Role
from crm.staff import sessions
from crm.work import until_idle
from leads import capture, jobs, kinds
from leads.capture import Incoming, Mode, Outcome, Sender
from leads.routing import policies
from leads.submission import LeadBody

STORES = Path(__file__).parents[1] / "crm" / "data" / "stores.csv"
OPENING = datetime(2025, 8, 1, tzinfo=UTC)
# Noon in Chengdu on the first day of the show.
NOON = datetime(2025, 8, 29, 4, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)

# Two neighbours of the show sell AITO, one dealer each; the third store is of the first dealer and sells Luxeed alone.
CHENGDU = """store_code,name_zh,dealer_code,kind,brands,region_code,longitude,latitude,daily_capacity,weight,opens,closes,services
S1,成都一号店,D1,user_centre,aito,510107,104.0650,30.5700,50,1,09:00,18:00,sales;delivery
S2,成都二号店,D2,user_centre,aito,510107,104.0670,30.5750,50,1,09:00,18:00,sales
S3,成都三号店,D1,experience_centre,luxeed,510107,104.0660,30.5720,50,1,10:00,22:00,sales
"""
AT_THE_SHOW = {"latitude": 30.5728, "longitude": 104.0662}
NOTICE = {"id": "desk", "version": "1", "language": "zh"}

WANG = {"name": "王建国", "phone": "13788997665"}
LI = {"name": "李娜萌", "phone": "13912345671"}
DU = {"name": "杜泽鹏", "phone": "13512345670"}

_numbers = count(1)


async def open_network(file: Path = STORES) -> None:
    """The closed sets, a policy for every brand and these stores, in the running transaction."""
    await kinds.seed()
    await policies.seed(active_from=OPENING)
    await dealers.import_network(file, at=OPENING, actor="tester")


async def open_chengdu(folder: Path, *, stores: str = CHENGDU) -> None:
    """Three stores of two dealers, the closed sets, and a source."""
    (folder / "stores.csv").write_text(stores, encoding="utf-8")
    async with transaction():
        await open_network(folder / "stores.csv")
        await access.make_source("desk", kind="event_desk")


async def change_network(folder: Path, stores: str, *, at: datetime = NOON) -> None:
    """A newer stores file comes in."""
    (folder / "stores.csv").write_text(stores, encoding="utf-8")
    async with transaction():
        await dealers.import_network(folder / "stores.csv", at=at, actor="tester")


async def source(code: str = "desk", *, test: bool = False) -> Sender:
    """A source by its code, made when it is new."""
    async with transaction():
        made = await access.make_source(code, kind="event_desk")
        await current().execute("update source set test = $2 where id = $1", made, test)
        return await capture.sender(made)


async def dealer(code: str) -> Principal:
    """A dealer company as its key would let it in."""
    return Principal(
        "dealer", await value("select id from dealer where code = $1", code), code, access.SCOPES["dealer"]
    )


def another_phone(number: int) -> str:
    """Numbers so unlike that nobody takes one for another mistyped."""
    return f"139{(number + 1) * 76543211 % 10**8:08}"


def says(given: bool, *brands: str, purpose: str = "share_with_dealer", **facts: Any) -> dict[str, Any]:  # noqa: FBT001
    """An answer to the notice of the desk."""
    return {"purpose": purpose, "given": given, "brands": list(brands), "notice": NOTICE} | facts


def wants(brand: str | None = "aito", kind: str = "buy", **facts: Any) -> dict[str, Any]:
    """A wish as a form sends it."""
    return {"kind": kind} | ({"brand": brand} if brand else {}) | facts


def registration(**facts: Any) -> dict[str, Any]:
    """What the desk writes down: 王建国 stands at the show, wants to buy an AITO, and agrees to hear from its dealers."""
    said = {
        "external_id": f"W{next(_numbers)}",
        "captured_at": NOON.isoformat(),
        "source": {"kind": "event_desk", "campaign": "chengdu-2025"},
        "person": WANG,
        "place": AT_THE_SHOW,
        "interests": [wants()],
        "consents": [says(True, "aito")],
    } | facts
    return {name: part for name, part in said.items() if part is not None}


def incoming(said: dict[str, Any]) -> Incoming:
    """A registration as it comes through a door."""
    return Incoming(msgspec.convert(said, LeadBody, strict=False), msgspec.json.encode(said))


async def send(*said: dict[str, Any], by: str = "desk", at: datetime = NOON, mode: Mode = "offer") -> list[Outcome]:
    """These registrations come in together."""
    async with transaction():
        sender = await capture.sender(await access.make_source(by, kind="event_desk"))
        return await capture.accept_many([incoming(one) for one in said], source=sender, at=at, mode=mode)


async def a_lead(*, at: datetime = NOON, **facts: Any) -> UUID:
    """A registration that came in and went as far as it could."""
    [outcome] = await send(registration(**{"captured_at": at.isoformat()} | facts), at=at)
    assert outcome.lead_id, [fault["path"] for fault in outcome.errors]
    await work(at)
    return outcome.lead_id


async def work(at: datetime = NOON) -> None:
    """Everything that is due is done. Changes wait for all writers on the server, those of other tests too."""
    while True:
        await _until_changes_can_be_read()
        await until_idle(jobs.JOBS, at=at)
        if not await value(_UNREAD):
            return


async def _until_changes_can_be_read() -> None:
    # Before anything moves: else an offer could expire while the news that takes it back still waits for another test's transaction.
    for _ in range(200):
        if not await value(
            "select exists (select from change where xid >= pg_snapshot_xmin(pg_current_snapshot())::text::bigint)"
        ):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("somebody's transaction on this server never ended")


async def fetch(query: str, *facts: object) -> list[asyncpg.Record]:
    """The rows of a query in a transaction of its own."""
    async with transaction():
        rows: list[asyncpg.Record] = await current().fetch(query, *facts)
        return rows


async def value(query: str, *facts: object) -> Any:
    """The one value of a query."""
    return (await fetch(query, *facts))[0][0]


async def person_of(lead: UUID | None) -> UUID:
    """Who sent a lead, as known today."""
    person: UUID = await value(
        "select coalesce(merged_into, person.id) from lead join person on person.id = person where lead.id = $1", lead
    )
    return person


async def stands(lead: UUID | None) -> list[tuple[str, str | None]]:
    """Stage and hold of every interest of a lead, in the order of its wishes."""
    rows = await fetch("select stage, hold from interest where lead = $1 order by rank", lead)
    return [(row["stage"], row["hold"]) for row in rows]


async def offers_of(lead: UUID | None) -> list[tuple[str, str]]:
    """Store and state of every offer of a lead, oldest first."""
    rows = await fetch(
        """
        select store.code, offer.state from offer
        join store on store.id = offer.store join interest on interest.id = offer.interest
        where interest.lead = $1 order by offered_at, offer.id
        """,
        lead,
    )
    return [(row["code"], row["state"]) for row in rows]


async def colleague(
    role: Role, *, brand: str | None = None, region: str | None = None, dealer: str | None = None
) -> Actor:
    """One of us with a live session. Brand, region and dealer are codes; a role that needs one has AITO, Sichuan or D1 when none is said."""
    return await _found(await _signed_in(role, brand=brand, region=region, dealer=dealer))


async def signed_in(
    role: Role, *, brand: str | None = None, region: str | None = None, dealer: str | None = None
) -> httpx.AsyncClient:
    """A browser in which one of us is signed in, on a page of ours: cookie, CSRF token and all."""
    token = await _signed_in(role, brand=brand, region=region, dealer=dealer)
    return browser(token, csrf=sessions.csrf_token((await _found(token)).session))


def browser(token: str | None = None, *, csrf: str | None = None, **headers: str) -> httpx.AsyncClient:
    """A browser on one of our pages by https; with a session's cookie, and the CSRF token that its page carries."""
    said = {"accept": "text/html", "sec-fetch-site": "same-origin"} | ({"x-csrf-token": csrf} if csrf else {})
    jar = httpx.Cookies()
    if token:
        # Named by its host, so that a renewed one takes its place.
        jar.set(origin.SECURE_COOKIE, token, domain="marquee.test")
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=_application(), raise_app_exceptions=False),
        base_url="https://marquee.test",
        headers=said | headers,
        cookies=jar,
    )


def on_page(pattern: str, page: str) -> str:
    """What stands in a page where the pattern has its group."""
    match = re.search(pattern, page)
    assert match, f"nothing like {pattern} on the page"
    return match[1]


async def _signed_in(role: Role, *, brand: str | None, region: str | None, dealer: str | None) -> str:
    at = datetime.now(UTC)
    if role in ("brand_marketer", "regional_manager"):
        brand = brand or "aito"
    async with transaction() as connection:
        staff = await connection.fetchval(
            """
            insert into staff (login, name, role, brand, region, dealer, time_zone, shortcuts, totp_step,
                               created_at, created_by, version)
            select $1, $1, $2, (select id from brand where code = $3), $4, (select id from dealer where code = $5),
                   'Asia/Shanghai', true, 0, $6, 'tester', 1
            returning id
            """,
            f"{role}{next(_numbers)}@marquee.test",
            role,
            brand,
            (region or "510000") if role == "regional_manager" else region,
            (dealer or "D1") if role == "store" else dealer,
            at,
        )
        return await sessions.start(staff, step="full", browser="tester", at=at)


async def _found(token: str) -> Actor:
    actor = await sessions.find(token, at=datetime.now(UTC))
    assert actor is not None
    return actor


@functools.cache
def _application() -> Any:
    # Read late: tests of verbs do not wait for the whole house.
    from app import create_app

    return create_app()


_UNREAD = """
select exists (
    select from change
    where (xid, id) > (coalesce((select xid from change_reader where name = 'leads'), 0),
                       coalesce((select change from change_reader where name = 'leads'), 0))
)
"""
