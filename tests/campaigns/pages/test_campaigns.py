"""The pages of campaigns: what a form says comes true, what clashes shows both, and nobody reads what is not theirs."""

from datetime import UTC, datetime, timedelta

import pytest

from campaigns import heads
from campaigns.figures import Figure
from campaigns.planning import goals, partners
from crm.database import current, transaction
from crm.network import local_day
from tests.campaigns.plans import (
    a_channel,
    a_draft,
    a_live_one,
    a_ready_one,
    accept,
    brand,
    publish,
    set_goal,
    status,
    terms,
    version,
)
from tests.cast import browser, fetch, on_page, signed_in, value

PHONE = {"user-agent": "Mozilla/5.0 (iPhone) MicroMessenger/8.0"}


@pytest.fixture
async def marketer(clean_tables):
    return await signed_in("alliance_marketer")


async def opened(campaign):
    async with transaction():
        return await version(campaign)


async def sent(client, path, **fields):
    answer = await client.post(path, data=fields)
    assert answer.status_code == 303, answer.text[-3000:]
    return answer.headers["location"]


async def test_a_campaign_is_planned_from_an_empty_form_to_its_page(marketer):
    said = {"code": "cd-2026", "name": "成都车展 2026", "starts_on": "2026-08-28", "ends_on": "2026-09-06", "region": "510100",
            "budget": "4,800,000.50", "takes_registrations": "true"}  # fmt: skip

    where = await sent(marketer, "/campaigns", **said)

    page = (await marketer.get(where.partition("#")[0])).text
    assert where == "/campaigns/cd-2026/edit#partners"
    assert "4800000.50" in page
    assert "成都车展 2026" in (await marketer.get("/campaigns/cd-2026")).text


async def test_a_plan_with_faults_comes_back_with_what_was_typed(marketer):
    answer = await marketer.post(
        "/campaigns",
        data={"code": "x/", "name": "秋季", "starts_on": "2026-09-06", "ends_on": "2026-09-01", "budget": "much"},
    )

    assert answer.status_code == 422
    assert "秋季" in answer.text
    assert "Please write an amount like" in answer.text


async def test_the_second_editor_of_a_plan_is_shown_both_values(marketer):
    campaign = await a_draft()
    before = await opened(campaign)
    fields = {
        "version": before,
        "starts_on": "2025-08-29",
        "ends_on": "2025-09-07",
        "region": "510100",
        "budget": "100",
        "takes_registrations": "1",
    }
    await sent(marketer, "/campaigns/cd-show/edit", name="theirs", **fields)

    answer = await marketer.post("/campaigns/cd-show/edit", data={"name": "mine", **fields})

    assert answer.status_code == 409
    assert on_page(r"Name</th><td>([^<]*)<", answer.text) == "theirs"
    assert on_page(r"<td><b class=\"mq-strong\">([^<]*)</b>", answer.text) == "mine"
    assert on_page(r'name="version" value="(\d+)"', answer.text) == str(before + 1)


async def test_partners_are_put_down_with_exact_shares(marketer):
    campaign = await a_draft()
    codes = ["aito", "luxeed", "stelato", "maextro", "shangjie"]
    fields = {
        "version": await opened(campaign),
        "brand": codes,
        "role": ["host", "partner", "partner", "", ""],
        "share": ["1/3", "1/3", "1/3", "", ""],
    }

    await sent(marketer, "/campaigns/cd-show/partners", **fields)

    async with transaction():
        standing = await partners.of_campaign(campaign)
    assert [(one.role, str(one.share), one.fen) for one in standing] == [
        ("host", "1/3", 3334),
        ("partner", "1/3", 3333),
        ("partner", "1/3", 3333),
    ]


async def test_a_share_that_is_none_is_told_at_its_brand_and_stays_typed(marketer):
    campaign = await a_draft()
    fields = {
        "version": await opened(campaign),
        "brand": ["aito", "luxeed"],
        "role": ["host", "partner"],
        "share": ["half", "50%"],
    }

    answer = await marketer.post("/campaigns/cd-show/partners", data=fields)

    assert answer.status_code == 422
    assert 'id="share-aito-error"' in answer.text
    assert 'value="half"' in answer.text


async def test_who_saves_partners_over_anothers_sees_what_stands_now(marketer):
    campaign = await a_draft()
    before = await opened(campaign)
    theirs = {"version": before, "brand": ["aito", "luxeed"], "role": ["host", "partner"], "share": ["10%", "90%"]}
    await sent(marketer, "/campaigns/cd-show/partners", **theirs)

    answer = await marketer.post("/campaigns/cd-show/partners", data=theirs | {"share": ["30%", "70%"]})

    assert answer.status_code == 409
    assert "now: 10%" in answer.text
    assert 'value="30%"' in answer.text


async def test_a_brand_accepts_on_its_own_page(marketer):
    campaign = await a_draft()
    await publish(campaign)
    theirs = await signed_in("brand_marketer", brand="aito")
    async with transaction():
        asked = await terms(campaign)

    await sent(theirs, "/campaigns/cd-show/acceptance", terms=asked)

    async with transaction():
        assert {one.brand: one.answer for one in await partners.of_campaign(campaign)}[
            await brand("aito")
        ] == "accepted"
    assert (await marketer.post("/campaigns/cd-show/acceptance", data={"terms": asked})).status_code == 403


async def test_a_brands_people_see_in_the_list_which_campaign_asks_for_their_answer():
    campaign = await a_draft()
    theirs = await signed_in("brand_marketer", brand="aito")
    before = "Asks for your answer" in (await theirs.get("/campaigns")).text
    await publish(campaign)
    asked = "Asks for your answer" in (await theirs.get("/campaigns")).text
    await accept(campaign, "aito")

    assert (before, asked) == (False, True)
    assert "Asks for your answer" not in (await theirs.get("/campaigns")).text


async def test_a_no_needs_a_reason_and_everybody_reads_it(marketer):
    campaign = await a_draft()
    await publish(campaign)
    theirs = await signed_in("brand_marketer", brand="luxeed")
    async with transaction():
        asked = await terms(campaign)
    assert (await theirs.post("/campaigns/cd-show/declining", data={"terms": asked, "reason": ""})).status_code == 422

    await sent(theirs, "/campaigns/cd-show/declining", terms=asked, reason="our share is too large")

    assert "our share is too large" in (await marketer.get("/campaigns/cd-show")).text


async def test_a_wording_is_published_and_the_one_before_stays_to_read(marketer):
    campaign = await a_draft()
    for text in ("第一版", "第二版"):
        await sent(
            marketer,
            "/campaigns/cd-show/arrangement",
            version=await opened(campaign),
            text_zh=text,
            text_en="We share.",
        )

    page = (await marketer.get("/campaigns/cd-show/arrangement")).text
    assert page.index("第二版") < page.index("第一版")
    assert "Version 2" in page


async def test_scheduling_over_blockers_shows_the_list(marketer):
    await a_draft()

    answer = await marketer.post("/campaigns/cd-show/scheduling")

    assert answer.status_code == 409
    assert "A data-sharing arrangement is published" in answer.text
    assert 'href="/campaigns/cd-show/channels"' in answer.text


async def test_a_ready_campaign_is_scheduled_and_taken_back_by_undo(marketer):
    campaign = await a_ready_one()

    await sent(marketer, "/campaigns/cd-show/scheduling")
    scheduled = await status(campaign)
    await sent(marketer, "/campaigns/cd-show/drafting")

    assert (scheduled, await status(campaign)) == ("scheduled", "draft")


@pytest.mark.parametrize(("step", "after"), [("closing", "closed"), ("reopening", "draft")])
async def test_steps_against_the_plan_ask_for_a_reason(marketer, step, after):
    campaign = await a_live_one()
    if step == "reopening":
        await sent(marketer, "/campaigns/cd-show/closing", reason="storm")

    assert (await marketer.post(f"/campaigns/cd-show/{step}", data={"reason": ""})).status_code == 422
    await sent(marketer, f"/campaigns/cd-show/{step}", reason="because of the storm")

    assert await status(campaign) == after
    assert "because of the storm" in (await marketer.get("/campaigns/cd-show")).text


async def test_goals_stand_beside_what_was_reached(marketer):
    campaign = await a_draft()
    fields = {
        "version": await opened(campaign),
        "cell": ["aito.lead", "luxeed.lead", "aito.order"],
        "number": ["4,000", "", "280"],
    }

    await sent(marketer, "/campaigns/cd-show/goals", **fields)

    async with transaction():
        assert await goals.of_campaign(campaign) == {await brand("aito"): {Figure.lead: 4000, Figure.order: 280}}
    assert "/ 4,000" in (await marketer.get("/campaigns/cd-show")).text


async def test_who_saves_goals_over_anothers_sees_what_stands_now(marketer):
    campaign = await a_draft()
    before = await opened(campaign)
    await set_goal(campaign, "aito", Figure.lead, 60)

    answer = await marketer.post(
        "/campaigns/cd-show/goals",
        data={"version": before, "cell": ["aito.registered", "aito.lead"], "number": ["", "75"]},
    )

    assert answer.status_code == 409
    assert "now: 60" in answer.text
    assert 'value="75"' in answer.text


async def test_who_publishes_over_anothers_wording_reads_both(marketer):
    campaign = await a_draft()
    before = await opened(campaign)
    await publish(campaign, "他人的文本")

    answer = await marketer.post(
        "/campaigns/cd-show/arrangement", data={"version": before, "text_zh": "我的文本", "text_en": "Mine"}
    )

    assert answer.status_code == 409
    assert "他人的文本" in answer.text
    assert "我的文本" in answer.text
    assert on_page(r'name="version" value="(\d+)"', answer.text) == str(before + 1)


async def test_a_brand_sees_its_own_goals_and_figures_alone():
    campaign = await a_draft()
    await set_goal(campaign, "luxeed", Figure.lead, 7654)
    theirs = await signed_in("brand_marketer", brand="aito")

    for path in ("/campaigns/cd-show", "/campaigns/cd-show/goals"):
        assert "7,654" not in (await theirs.get(path)).text
    assert (await theirs.post("/campaigns/cd-show/goals", data={"version": 1})).status_code == 403


async def test_goals_of_brands_that_the_page_was_narrowed_away_from_stay(marketer):
    campaign = await a_draft()
    await set_goal(campaign, "luxeed", Figure.lead, 50)
    marketer.cookies.set("brand", "aito")

    await sent(marketer, "/campaigns/cd-show/goals", version=await opened(campaign), cell=["aito.lead"], number=["10"])

    async with transaction():
        found = await goals.of_campaign(campaign)
    assert found == {await brand("aito"): {Figure.lead: 10}, await brand("luxeed"): {Figure.lead: 50}}


async def test_a_channel_gets_a_link_a_code_and_an_end(marketer):
    await a_draft()
    where = await sent(marketer, "/campaigns/cd-show/channels", code="CD-SMS", name="邀请短信", medium="sms")

    page = (await marketer.get(where)).text
    link = on_page(r"<code>https://marquee\.test(/r/\w+)</code>", page)
    drawn = await marketer.get(f"{where}/qr")
    await sent(marketer, f"{where}/closing")

    assert drawn.headers["content-type"].startswith("image/svg+xml")
    assert "<svg" in drawn.text
    assert "utm_source=CD-SMS" in page
    assert "This link has ended" in (await browser(**PHONE).get(link)).text


async def test_the_sheet_prints_every_open_channel(marketer):
    campaign = await a_draft()
    first, second = await a_channel(campaign), await a_channel(campaign, "CD-OLD")
    await sent(marketer, f"/campaigns/cd-show/channels/{second.code}/closing")

    page = (await marketer.get("/campaigns/cd-show/channels/sheet")).text

    assert first.slug in page
    assert second.slug not in page


async def an_open_link():
    today = local_day(datetime.now(UTC))
    campaign = await a_live_one()
    await fetch(
        "update event set ends_at = $2 where campaign = $1 returning id",
        campaign,
        datetime.now(UTC) + timedelta(days=1),
    )
    await fetch("update campaign set ends_on = $2 where id = $1 returning id", campaign, today + timedelta(days=2))
    return await value("select slug from channel where campaign = $1", campaign)


async def test_who_follows_a_link_is_sent_on_and_counted_by_a_random_number(marketer):
    slug, phone = await an_open_link(), browser(**PHONE)

    first = await phone.get(f"/r/{slug}")
    second = await phone.get(f"/r/{slug}")

    assert (first.status_code, first.headers["location"][:14]) == (302, "/e/cd-show-1?c")
    told = first.headers["set-cookie"].lower()
    assert {"httponly", "samesite=lax", "secure"} <= {part.strip() for part in told.split(";")}
    assert second.headers["location"] == first.headers["location"]
    assert [
        tuple(row) for row in await fetch("select count(*), count(distinct person) from touchpoint where kind = 10")
    ] == [(1, 1)]


@pytest.mark.parametrize("how", [{"user-agent": "Baiduspider/2.0"}, {"sec-purpose": "prefetch"}, "HEAD"])
async def test_who_only_looks_is_sent_on_and_neither_counted_nor_known(marketer, how):
    slug = await an_open_link()
    client = browser(**(PHONE | (how if isinstance(how, dict) else {})))

    answer = await client.request("HEAD" if how == "HEAD" else "GET", f"/r/{slug}")

    assert answer.status_code == 302
    assert "set-cookie" not in answer.headers
    assert await value("select count(*) from touchpoint where kind = 10") == 0


async def test_a_link_says_in_words_that_nothing_is_open_and_that_nobody_gave_it_out(marketer):
    channel = await a_channel(await a_draft())

    assert "not open at the moment" in (await browser(**PHONE).get(f"/r/{channel.slug}")).text
    assert (await browser(**PHONE).get("/r/zzzzzzz")).status_code == 404


@pytest.mark.parametrize("code", ["车展 A/B", "new", "calendar", "..", "~7", "50% off & more?", "a\\b"])
async def test_a_found_campaign_has_a_page_whatever_it_is_called(marketer, code):
    campaign = await value(
        "insert into campaign (code, name, status, created_at, version) values ($1, $1, 'found', now(), 1) returning id",
        code,
    )
    where = f"/campaigns/{heads.reference(code, campaign)}"

    page = await marketer.get(where)

    assert page.status_code == 200
    assert f'href="{where}/edit"' in page.text.replace("&#39;", "'")
    assert f'href="{where}"' in (await marketer.get("/campaigns")).text


async def test_a_found_campaign_is_claimed_by_saving_its_plan(marketer):
    campaign = await value(
        "insert into campaign (code, name, status, created_at, version) values ('夏日', '夏日', 'found', now(), 1) returning id"
    )

    await sent(marketer, f"/campaigns/~{campaign}/edit", version=1, name="夏日巡展")

    assert await status(campaign) == "draft"


async def test_a_clone_is_made_from_a_form(marketer):
    await a_live_one()

    where = await sent(marketer, "/campaigns/cd-show/clones", code="cd-2026", name="next", starts_on="2026-08-28")

    assert (where, await value("select status from campaign where code = 'cd-2026'")) == ("/campaigns/cd-2026", "draft")


async def test_the_list_is_filtered_by_its_address(marketer):
    await a_draft("cd-show")
    await a_draft("sh-show", "stelato")
    await a_live_one("gz-show", "aito")

    shown = {query: [code for code in ("cd-show", "sh-show", "gz-show") if f"/campaigns/{code}" in (await marketer.get(f"/campaigns?{query}")).text]
             for query in ("status=draft", "brand=stelato", "city=510100", "q=SH-", "q=100%25")}  # fmt: skip

    assert shown == {
        "status=draft": ["cd-show", "sh-show"],
        "brand=stelato": ["sh-show"],
        "city=510100": ["cd-show", "sh-show", "gz-show"],
        "q=SH-": ["sh-show"],
        "q=100%25": [],
    }


async def test_an_empty_list_says_whether_nothing_is_there_or_nothing_matches(marketer):
    assert "No campaigns yet" in (await marketer.get("/campaigns")).text
    assert "No campaign matches" in (await marketer.get("/campaigns?q=x")).text


async def test_clashes_stand_on_the_calendar_and_on_the_campaigns_page(marketer):
    await a_draft("cd-show")
    await a_draft("other", "aito")

    month = (await marketer.get("/campaigns/calendar?month=2025-09")).text
    assert "1 clash this month" in month
    assert "Clashes with" in (await marketer.get("/campaigns/cd-show")).text


@pytest.mark.parametrize("month", ["2025-13", "x", "2025-9", "9999-12", "²025-01"])
async def test_a_month_that_is_none_is_this_month(marketer, month):
    page = await marketer.get("/campaigns/calendar", params={"month": month})

    assert page.status_code == 200
    assert f"{local_day(datetime.now(UTC)):%Y-%m}" in page.text


async def test_small_numbers_of_other_brands_are_not_on_a_brands_page():
    campaign = await a_draft()
    luxeed = await brand("luxeed")
    async with transaction():
        await current().execute(
            """
            insert into touchpoint (id, person, at, observation, kind, campaign, brand, recorded_at)
            select gen_random_uuid(), gen_random_uuid(), now(), gen_random_uuid(), 1, $1, $2, now() from generate_series(1, 3)
            """,
            campaign,
            luxeed,
        )

    page = (await (await signed_in("brand_marketer", brand="aito")).get("/campaigns/cd-show")).text

    assert on_page(r"Other brands</th><td class=\"mq-num\"><span[^>]*>(&lt;5)<", page) == "&lt;5"
    assert on_page(r"Once each</th><td class=\"mq-num\"><span[^>]*>(–)<", page) == "–"
