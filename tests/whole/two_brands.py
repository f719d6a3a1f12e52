"""A house in which two brands work: 王建国 wants an AITO, somebody whom nobody could mistake wants a Luxeed, and a third wants both.

Everything that only Luxeed was told carries a word of `SECRETS`: wherever one of them stands, Luxeed was there. `ours` and `theirs` are the
same things on either side, by the name that the table of routes gives them.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import msgspec

from campaigns import channels, events, guest_links, occasions, registering, scheduling
from campaigns.planning import arrangements, plans
from campaigns.planning.plans import Plan
from campaigns.registering import GuestSaid, RegistrationBody, WishSaid
from campaigns.scheduling import EventSaid, SlotSaid
from crm import access, people
from crm.database import transaction
from crm.network import local_day
from crm.roles import MAY
from crm.sources import sender
from crm.staff import sessions, views
from crm.staff.notifications import notify_staff
from crm.wire import ConsentSaid
from tests.cast import browser, colleague, fetch, open_chengdu, registration, says, send, signed_in, value, wants, work
from tests.leads.imports.sheets import line, sheet
from tests.leads.pages.test_imports import chosen

STORES = """store_code,name_zh,dealer_code,kind,brands,region_code,longitude,latitude,daily_capacity,weight,opens,closes,services
S1,成都一号店,D1,user_centre,aito,510107,104.0650,30.5700,5000,1,09:00,18:00,sales;delivery
S2,成都二号店,D2,user_centre,aito,510107,104.0670,30.5750,5000,1,09:00,18:00,sales
S9,隐翳谷独家店,D9,experience_centre,luxeed,510107,104.0660,30.5720,5000,1,10:00,22:00,sales
"""
OUR_NAME, OUR_PHONE, OUR_EMAIL = "王建国", "13788997665", "wang.jianguo@qq.com"
THEIR_NAME, THEIR_PHONE, THEIR_EMAIL = "独孤翳谷", "15984210653", "veiled.gorge@qq.com"
OUR_OTHER_PHONE, THEIR_OTHER_PHONE = "13788990011", "15984217788"
# Both brands met her; only Luxeed was told this e-mail and this way to write her name.
SHARED_PHONE, SHARED_NAME, SHARED_ALIAS, SHARED_EMAIL = "13300741826", "诸葛宁远", "宁远·夙", "veiled.second@qq.com"

# Each stands in something else that only Luxeed was told; no word of them is said in the pages themselves.
SECRETS = (
    "独孤", "翳谷", "dugu", "15984210653", "159****0653", "159 8421 0653", THEIR_OTHER_PHONE, "159****7788", "veiled", "夙",
    "VEILREMARK", "VEILADDRESS", "VEILTRADE", "VEILCAMPAIGN", "VEILEVENT", "VEILBOOTH", "VEIL-EXT", "VEILREACH", "VEILDESK",
    "VEILNOTE", "VEILTASK", "VEILPERSONNOTE", "VEILREFUSAL", "VEILCALL", "VEILSELLER", "VEILVIEW", "VEILDRAFT", "VEILHAND",
    "隐翳谷独家店", "S9", "D9", "VEILPLAN", "veil-show", "VEILPOSTER", "VEILWORDING",
)  # fmt: skip
NOBODY = "018f0000-0000-7000-8000-0000000000aa"
MISSING = 2_000_000_000


@dataclass
class World:
    """What stands on our side and on theirs, by name; `offers` of D1 and of another dealer."""

    ours: dict[str, str] = field(default_factory=dict)
    theirs: dict[str, str] = field(default_factory=dict)


async def open_house(folder: Path) -> World:
    """Both sides, worked on by their own people a little while ago."""
    at = datetime.now(UTC) - timedelta(minutes=3)
    await open_chengdu(folder, stores=STORES)
    ours = await _ours(at)
    theirs = await _theirs(at)
    await _both(at)
    world = World(await _side(ours, "aito"), await _side(theirs, "luxeed"))
    world.ours |= await _event("chengdu-2025", "our-day", "aito", {"name": OUR_NAME, "phone": OUR_PHONE})
    world.theirs |= await _event("VEILCAMPAIGN", "VEILEVENT-2", "luxeed", {"name": THEIR_NAME, "phone": THEIR_PHONE})
    world.ours["guest"] = await _a_guest("our-day")
    await _whole_house(world)
    await _campaigns(world)
    await _lists(world)
    await work(datetime.now(UTC))
    return world


async def be(world: World, role: Any) -> httpx.AsyncClient:
    """Somebody of this role for whom our side is in sight, with things of their own."""
    who = await colleague(role)
    client = await signed_in_as(who.id)
    now = datetime.now(UTC)
    async with transaction() as connection:
        if role == "event_desk":
            await connection.execute("update lead set entered_by = $2 where id = $1", UUID(world.ours["lead"]), who.id)
        if "leads.see" in MAY[role]:
            world.ours["view"] = str(
                await views.save(who, "/leads", name="mine", query="stage=offered", shared="private", at=now)
            )
        await notify_staff([who.id], "task_due", href="/account", at=now)
        world.ours["notification"] = str(
            await connection.fetchval("select max(id) from notification where staff = $1", who.id)
        )
        world.ours["session"] = str(
            await connection.fetchval("select id from staff_session where staff = $1 and ended_at is null", who.id)
        )
    if "leads.work" in MAY[role]:
        lead, person = UUID(world.ours["lead"]), UUID(world.ours["person"])
        before = await signed_in_as(who.id)
        await _done(before, f"/leads/{lead}/notes", text="mine")
        await _done(before, f"/people/{person}/notes", text="mine")
        world.ours |= await _notes(lead, person) | {"job": await _a_job(before, str(lead), "OUR")}
    return client


async def signed_in_as(staff: int) -> httpx.AsyncClient:
    """Another browser of somebody who works here."""
    at = datetime.now(UTC)
    async with transaction():
        token = await sessions.start(staff, step="full", browser="tester", at=at)
    actor = await sessions.find(token, at=at)
    assert actor is not None
    return browser(token, csrf=sessions.csrf_token(actor.session))


async def _ours(at: datetime) -> UUID:
    return await _lead(
        at=at,
        external_id="OURS-1",
        person={"name": OUR_NAME, "phone": OUR_PHONE, "email": OUR_EMAIL},
        interests=[wants("aito", "test_drive", preferred_store="S1")],
        consents=[says(True, "aito"), says(True, "aito", purpose="share_with_brand")],
        remark="周末下午有空",
    )


async def _theirs(at: datetime) -> UUID:
    return await _lead(
        at=at,
        desk="VEILDESK",
        external_id="VEIL-EXT-1",
        source={"kind": "event_desk", "campaign": "VEILCAMPAIGN", "event": "VEILEVENT", "booth": "VEILBOOTH"},
        person={"name": THEIR_NAME, "phone": THEIR_PHONE, "email": THEIR_EMAIL},
        place={"address": "成都市武侯区VEILADDRESS", "latitude": 30.5720, "longitude": 104.0660},
        interests=[wants("luxeed", "test_drive", preferred_store="S9")],
        trade_in={"make": "VEILTRADE", "model": "A6", "year": 2018},
        contact_preference={"channel": "phone", "note": "VEILREACH"},
        consents=[says(True, "luxeed"), says(True, "luxeed", purpose="share_with_brand")],
        remark="VEILREMARK",
    )


async def _both(at: datetime) -> None:
    await _lead(
        at=at,
        person={"name": SHARED_NAME, "phone": SHARED_PHONE},
        interests=[wants("aito", "buy", preferred_store="S2")],
        consents=[says(True, "aito"), says(True, "aito", purpose="share_with_brand")],
    )
    await _lead(
        at=at + timedelta(seconds=30),
        desk="VEILDESK",
        external_id="VEIL-EXT-2",
        source={"kind": "event_desk", "campaign": "VEILCAMPAIGN"},
        person={"name": SHARED_ALIAS, "phone": SHARED_PHONE, "email": SHARED_EMAIL},
        interests=[wants("luxeed", "buy", preferred_store="S9")],
        consents=[says(True, "luxeed"), says(True, "luxeed", purpose="share_with_brand")],
        remark="VEILREMARK",
    )


async def _lead(at: datetime, *, desk: str = "desk", **facts: Any) -> UUID:
    [outcome] = await send(registration(**{"captured_at": at.isoformat()} | facts), by=desk, at=at)
    assert outcome.lead_id, [fault["path"] for fault in outcome.errors]
    await work(at)
    return outcome.lead_id


async def _event(campaign: str, code: str, brand: str, person: dict[str, str]) -> dict[str, str]:
    """An event of a campaign in which this brand alone is a partner, a slot in it, and somebody who booked that; only ours is open."""
    at = datetime.now(UTC)
    starts = at + timedelta(days=30)
    async with transaction() as connection:
        number = await occasions.campaign_of(campaign, at=at)
        await connection.execute(
            "insert into partner (campaign, brand) select $1, id from brand where code = $2", number, brand
        )
        said = EventSaid(name=code, starts_at=starts, ends_at=starts + timedelta(hours=4), city="成都市武侯区")
        event = await scheduling.add_event(code, said, campaign=number, actor="tester", at=at)
        model = {"aito": "M9", "luxeed": "R7"}[brand]
        drive = SlotSaid(kind="test_drive", starts_at=starts, minutes=40, places=5, model=model)
        slot = await scheduling.add_slot(event, drive, actor="tester", at=at)
        source = await sender(await access.make_source("tent", kind="web_form"))
        body = RegistrationBody(
            external_id=code,
            person=GuestSaid(**person),
            wishes=[WishSaid(model=model)],
            consents=[msgspec.convert(says(True, brand, purpose="share_with_brand"), ConsentSaid)],
        )
        came = await registering.register(body, event=event, source=source, at=at, raw=b"{}", slot=slot.id, by="staff")
        booking = await connection.fetchval("select id from booking where registration = $1", came.id)
        if brand == "aito":
            await scheduling.open_event(event, actor="tester", at=at)
    return {
        "campaign": campaign, "event": code, "slot": str(slot.id), "registration": str(came.id), "booking": str(booking),
        "booked_as": f"with:{came.id}",
    }  # fmt: skip


async def _a_guest(event: str) -> str:
    """What stands in the address of somebody's own page, who said no name: whoever has it may read what stands there."""
    at = datetime.now(UTC)
    async with transaction():
        source = await sender(await access.make_source("tent", kind="web_form"))
        body = RegistrationBody(external_id="guest", person=GuestSaid(phone="13612349999"))
        came = await registering.register(body, event=await events.known(event), source=source, at=at, raw=b"{}")
    return guest_links.token(came.link)


async def _side(lead: UUID, brand: str) -> dict[str, str]:
    """One side's people leave what people leave."""
    mark = "VEIL" if brand == "luxeed" else "OUR"
    author = await signed_in("brand_marketer", brand=brand)
    other_phone = {"luxeed": THEIR_OTHER_PHONE, "aito": OUR_OTHER_PHONE}[brand]
    ids = dict(
        (
            await fetch(
                """
                select lead.id::text as lead, interest.id::text as interest, offer.id::text as offer, link.person::text as person,
                       lead.observation::text as observation, store.code as store, dealer.code as dealer
                from lead join interest on interest.lead = lead.id join offer on offer.interest = interest.id
                join link on link.observation = lead.observation and link.closed_at is null
                join store on store.id = offer.store join dealer on dealer.id = offer.dealer
                where lead.id = $1
                """,
                lead,
            )
        )[0]
    )
    person = ids["person"]
    await _done(author, f"/leads/{lead}/notes", text=f"{mark}NOTE")
    await _done(author, f"/leads/{lead}/tasks", task=f"{mark}TASK")
    await _done(author, f"/people/{person}/notes", text=f"{mark}PERSONNOTE")
    version = await value("select version from person where id = $1", UUID(person))
    heard = {"field": "phone", "value": other_phone, "heard": "id_seen", "version": version}
    await _done(author, f"/people/{person}/corrections", **heard)
    await _done(author, "/views", name=f"{mark}VIEW", query="stage=offered", shared="private")
    owner = await value("select staff from saved_view order by id desc limit 1")
    async with transaction():
        await notify_staff([owner], "note_for_you", href=f"/leads/{lead}", at=datetime.now(UTC), by=f"{mark}SELLER")
    async with transaction() as connection:
        alliance_task, recheck = [
            await connection.fetchval(query, UUID(ids["interest"]), datetime.now(UTC)) for query in (_TASK, _RECHECK)
        ]
    return {
        **ids,
        "alliance_task": str(alliance_task),
        "recheck": str(recheck),
        "job": await _a_job(author, ids["lead"], mark),
        **await _notes(lead, UUID(person)),
        "correction": str(
            await value("select observation from link where person = $1 order by opened_at desc limit 1", UUID(person))
        ),
        "task": str(await value("select id from staff_task where subject = $1", lead)),
        "view": str(await value("select id from saved_view order by id desc limit 1")),
        "notification": str(await value("select id from notification order by id desc limit 1")),
        "session": str(await value("select id from staff_session where staff = $1", owner)),
        "brand": brand,
    }


async def _a_job(author: httpx.AsyncClient, lead: str, mark: str) -> str:
    answer = await author.post("/bulk/jobs", data={"lead": lead, "kind": "note", "text": f"{mark}BULKNOTE"})
    assert answer.status_code == 303, answer.status_code
    return answer.headers["location"].rpartition("/")[2]


async def _notes(lead: UUID, person: UUID) -> dict[str, str]:
    """The notes that were left last."""
    last = "select id from staff_note where subject_kind = $1 and subject = $2 order by at desc limit 1"
    return {"lead_note": str(await value(last, "lead", lead)), "person_note": str(await value(last, "person", person))}


async def _whole_house(world: World) -> None:
    """What belongs to the alliance, and what stores said."""
    admin = await signed_in("alliance_admin")
    at = datetime.now(UTC)
    today = local_day(at)
    for side in (world.ours, world.theirs):
        await _done(admin, f"/policies/{side['brand']}/drafts")
        side["draft"] = str(await value("select id from policy_draft order by id desc limit 1"))
        await _done(
            admin,
            f"/policies/{side['brand']}/drafts/{side['draft']}/simulations",
            since=today - timedelta(days=7),
            until=today,
        )
        side["simulation"] = str(await value("select id from simulation order by created_at desc limit 1"))
        side["version"] = "1"
    answer = await admin.post(
        "/imports",
        data={"subject": "leads", "source": "desk"},
        files={"file": ("a.csv", sheet(line(1), line(2, phone="1.38E+10")))},
    )
    assert answer.status_code == 303, answer.text
    world.ours["import"] = answer.headers["location"].rpartition("/")[2]
    fields = chosen((await admin.get(answer.headers["location"])).text)
    columns = {"field": fields, "source": "desk", "mode": "offer"}
    await _done(admin, f"{answer.headers['location']}/columns", **columns)
    await _done(admin, "/keys", kind="source", code="another", scopes=["leads"])
    world.ours["key"] = str(await value("select max(id) from api_key"))
    other = await colleague("auditor")
    world.ours["staff"] = str(other.id)
    person, their = UUID(world.ours["person"]), UUID(world.theirs["person"])
    async with transaction() as connection:
        world.ours["review"] = str(
            await connection.fetchval(
                "insert into review_task (id, kind, person, other, opened_at) values (gen_random_uuid(), 'possible_same', $1, $2, $3) returning id",
                max(person, their),
                min(person, their),
                at,
            )
        )
    world.ours["merge"] = await _a_merge()
    world.ours["file"] = "app.css"
    await _invitations(world)


async def _invitations(world: World) -> None:
    """One campaign of both brands in which each prepared a mailing, and one of Luxeed alone."""
    async with transaction() as connection:
        await connection.execute(_PARTNERS)
    for side, campaign, mark in ((world.ours, "chengdu-2025", "OUR"), (world.theirs, "VEILCAMPAIGN", "VEIL")):
        side["campaign"] = campaign
        author, base = await signed_in("brand_marketer", brand=side["brand"]), "/campaigns/chengdu-2025/invitations"
        sender = {"name": f"{mark}VIEW", "sender": side["brand"]}
        side["audience"] = await _made(author, f"{base}/audiences", **sender)
        side["template"] = await _made(
            author, f"{base}/templates", **sender, subject_zh=f"{mark}NOTE", text_zh=f"{mark}NOTE {{link}}"
        )
        made = await _made(author, f"{base}/new", **sender, channel="email", audience=side["audience"])
        side["mailing"] = made
        await _done(author, f"{base}/{made}/message", template=side["template"])
    world.ours["token"] = "nothing"


async def _lists(world: World) -> None:
    """Either brand's people brought a list of guests to their event."""
    for side, mark in ((world.ours, "OUR"), (world.theirs, "VEIL")):
        author = await signed_in("brand_marketer", brand=side["brand"])
        answer = await author.post(
            f"/campaigns/{side['campaign']}/guests/imports",
            data={"event": side["event"]},
            files={"file": (f"{mark}POSTER.csv", f"name,phone,{mark}NOTE\n{mark}SELLER,13612344444,\n".encode())},
        )
        assert answer.status_code == 303, answer.text
        side["guest_list"] = answer.headers["location"].rpartition("/")[2]
        fields = chosen((await author.get(answer.headers["location"])).text)
        await _done(author, f"{answer.headers['location']}/columns", field=fields)


async def _made(client: httpx.AsyncClient, path: str, **said: Any) -> str:
    answer = await client.post(path, data=said)
    assert answer.status_code == 303, f"{path}: {answer.status_code}"
    return str(answer.headers["location"]).partition("?")[0].rpartition("/")[2]


async def _campaigns(world: World) -> None:
    """Both campaigns that leads had named are claimed and planned, with a wording to answer to and a channel."""
    at, day = datetime.now(UTC), local_day(datetime.now(UTC))
    for side, mark in ((world.ours, "OUR"), (world.theirs, "VEIL")):
        show = Plan(name=f"{mark}PLAN", starts_on=day, ends_on=day + timedelta(days=9), region="510100", budget_fen=100)
        wording: Any = {"zh": f"{mark}WORDING", "en": f"{mark}WORDING"}
        poster: Any = {"code": f"{mark}POSTER", "name": f"{mark}POSTER", "medium": "poster"}
        async with transaction():
            campaign = await occasions.campaign_of(side["campaign"], at=at)
            known = await plans.find(campaign)
            await plans.claim(campaign, show, version=known.version, actor="tester", at=at)
            version = (await plans.find(campaign)).version
            await arrangements.publish(campaign, **wording, version=version, actor="tester", at=at)
            slug = await channels.add(campaign, **poster, actor="tester", at=at)
        side["channel"] = poster["code"]
        # A link is for everybody who has it: whose it is, is no secret of the house.
        world.ours.setdefault("slug", slug)


async def _a_merge() -> str:
    now = datetime.now(UTC)
    pair = [
        await value(
            "select link.person from lead join link on link.observation = lead.observation and closed_at is null where lead.id = $1",
            await _lead(at=now - timedelta(minutes=2), person={"name": name, "phone": phone}),
        )
        for name, phone in (("上官飞燕", "13612340987"), ("司徒静", "13598760123"))
    ]
    async with transaction():
        await people.merge(*pair, actor="staff:1", reason="one card", at=now)
    return str(await value("select id from merge order by at desc limit 1"))


async def _done(client: httpx.AsyncClient, path: str, **said: Any) -> None:
    answer = await client.post(path, data=said)
    assert answer.status_code in (200, 303), f"{path}: {answer.status_code}"


_TASK = """
insert into alliance_task (id, interest, reason, refusals, opened_at) values (gen_random_uuid(), $1, 'no_store', 1, $2) returning id
"""
_RECHECK = """
insert into recheck (id, interest, brand, drawn_on, drawn_at)
select gen_random_uuid(), id, brand, $2::date, $2 from interest where id = $1 returning id
"""
_PARTNERS = """
insert into partner (campaign, brand)
select campaign.id, brand.id from campaign, brand
where (campaign.code, brand.code) in (('chengdu-2025', 'aito'), ('chengdu-2025', 'luxeed'), ('VEILCAMPAIGN', 'luxeed'))
on conflict (campaign, brand) do nothing
"""
