"""A store works its offers from a phone: what is its own, on the verbs of the inbox, with one answer for two taps."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.database import transaction
from leads import inbox, journey, offers
from tests.cast import MINUTE, another_phone, fetch, on_page, signed_in, value
from tests.leads.offering import a_lead, offer_of, open_chengdu


@pytest.fixture(autouse=True)
async def chengdu(clean_tables, tmp_path):
    await open_chengdu(tmp_path)


def now():
    return datetime.now(UTC)


async def an_offer(number=0, *, at=None, **facts):
    """(id, its dealer, the other dealer) of an offer made a moment ago."""
    return await offer_of(await a_lead(at=at or now(), phone=another_phone(number), **facts))


async def browser_of(dealer):
    return await signed_in("store", dealer=dealer.code)


def key_on(page, action="acceptance"):
    form = page.text.partition(f'/{action}"')[2]
    return on_page(r'name="key" value="([0-9a-f]{32})"', form)


async def accepted(number=0):
    """(browser, offer, dealer) of an offer that its store took on the page."""
    offer, dealer, _ = await an_offer(number)
    browser = await browser_of(dealer)
    key = key_on(await browser.get("/my-store"))
    assert (await browser.post(f"/my-store/offers/{offer}/acceptance", data={"key": key})).status_code == 303
    return browser, offer, dealer


async def say(browser, offer, **said):
    page = await browser.get(f"/my-store/offers/{offer}")
    return await browser.post(
        f"/my-store/offers/{offer}/dispositions", data={"key": key_on(page, "dispositions")} | said
    )


async def test_an_open_offer_shows_its_clock_and_a_masked_person():
    offer, dealer, _ = await an_offer()

    page = await (await browser_of(dealer)).get("/my-store")

    assert page.status_code == 200
    assert f"offer-{offer}" in page.text
    assert "王**" in page.text
    assert "min left" in page.text
    assert another_phone(0) not in page.text
    assert "王建国" not in page.text


async def test_acceptance_shows_the_number_to_call_and_what_was_said():
    browser, offer, _ = await accepted()

    page = (await browser.get(f"/my-store/offers/{offer}")).text

    assert f'href="tel:+86{another_phone(0)}"' in page
    for told in ("王建国", "周末有空", "晚上打", "Audi A6 2018"):
        assert told in page
    assert await value("select state from offer") == "accepted"


async def test_two_taps_are_one_acceptance():
    offer, dealer, _ = await an_offer()
    browser = await browser_of(dealer)
    key = key_on(await browser.get("/my-store"))

    taps = [browser.post(f"/my-store/offers/{offer}/acceptance", data={"key": key}) for _ in range(3)]

    assert [answer.status_code for answer in await asyncio.gather(*taps)] == [303, 303, 303]
    assert await value("select count(*) from offer_event where type = 'accepted'") == 1


async def test_the_key_stays_when_the_list_is_drawn_anew():
    _, dealer, _ = await an_offer()
    browser = await browser_of(dealer)

    again = await browser.get("/my-store/open", headers={"hx-request": "true"})

    assert key_on(await browser.get("/my-store")) == key_on(again)
    assert again.text.lstrip().startswith("<section")
    assert 'hx-trigger="every 10s"' in again.text


async def test_another_device_was_quicker_and_the_page_says_so():
    offer, dealer, _ = await an_offer()
    one, other = await browser_of(dealer), await browser_of(dealer)
    keys = [key_on(await each.get("/my-store")) for each in (one, other)]
    await one.post(f"/my-store/offers/{offer}/acceptance", data={"key": keys[0]})

    late = await other.post(f"/my-store/offers/{offer}/acceptance", data={"key": keys[1]})

    assert late.status_code == 409
    assert "This offer is already accepted, by store S" in late.text
    assert "tel:+86" in late.text


async def test_an_expired_offer_and_one_taken_back_come_with_a_sentence():
    gone, dealer, _ = await an_offer(at=now() - 50 * MINUTE)
    browser = await browser_of(dealer)
    expired = await browser.post(f"/my-store/offers/{gone}/acceptance", data={"key": "0" * 32})
    assert expired.status_code == 410
    assert "it goes to the next store" in expired.text

    taken, dealer, _ = await an_offer(1)
    async with transaction():
        await offers.withdraw([taken], reason="consent_withdrawn", at=now())
    answer = await (await browser_of(dealer)).post(f"/my-store/offers/{taken}/acceptance", data={"key": "0" * 32})
    assert answer.status_code == 410
    assert "taken back" in answer.text
    assert "王" not in answer.text.partition("</h1>")[2]


async def test_a_refusal_has_a_reason_and_a_note_and_moves_the_lead_on():
    offer, dealer, other = await an_offer()
    browser = await browser_of(dealer)
    key = key_on(await browser.get(f"/my-store/offers/{offer}"), "refusal")
    said = {"key": key, "reason": "no_staff", "note": "今天只有一个人"}

    answers = [await browser.post(f"/my-store/offers/{offer}/refusal", data=said) for _ in range(2)]
    await journey.advance_due(now())

    assert [answer.status_code for answer in answers] == [303, 303]
    assert await value("select reason from offer where state = 'refused'") == "no_staff"
    [row] = await fetch("select offer.id from offer where state = 'offered'")
    assert f"offer-{row['id']}" in (await (await browser_of(other)).get("/my-store")).text


async def test_a_refusal_told_otherwise_the_second_time_says_that_the_first_one_counts():
    offer, dealer, _ = await an_offer()
    browser = await browser_of(dealer)
    key = key_on(await browser.get(f"/my-store/offers/{offer}"), "refusal")
    await browser.post(f"/my-store/offers/{offer}/refusal", data={"key": key, "reason": "no_staff"})

    again = await browser.post(f"/my-store/offers/{offer}/refusal", data={"key": key, "reason": "other"})

    assert "already refused" in again.text
    assert await value("select reason from offer") == "no_staff"


async def test_a_refusal_without_a_reason_comes_back_with_what_was_typed():
    offer, dealer, _ = await an_offer()
    browser = await browser_of(dealer)

    answer = await browser.post(f"/my-store/offers/{offer}/refusal", data={"key": "0" * 32, "note": "请转给二号店"})

    assert answer.status_code == 422
    assert "请转给二号店" in answer.text


@pytest.mark.parametrize(
    ("kind", "stage"),
    [
        ("contacted", "contacted"),
        ("appointment", "appointment"),
        ("visited", "visited"),
        ("test_drive", "test_drive"),
        ("quoted", "quoted"),
        ("deposit", "deposit"),
        ("order", "order"),
        ("delivered", "delivered"),
        ("unreachable", "accepted"),
        ("invalid", "lost"),
    ],
)
async def test_what_came_of_it_moves_the_interest(kind, stage):
    browser, offer, _ = await accepted()

    assert (await say(browser, offer, kind=kind, value="5000.50")).status_code == 303

    assert await value("select stage from interest") == stage
    assert await value("select value_fen from disposition") == 500050


async def test_a_lost_lead_needs_its_reason():
    browser, offer, _ = await accepted()

    answer = await say(browser, offer, kind="lost", note="谈了两次")
    assert answer.status_code == 422
    assert "Say why." in answer.text
    assert "谈了两次" in answer.text

    assert (await say(browser, offer, kind="lost", reason="price")).status_code == 303
    assert await value("select stage from interest") == "lost"


async def test_two_taps_are_one_result_and_the_next_result_is_another():
    browser, offer, _ = await accepted()
    key = key_on(await browser.get(f"/my-store/offers/{offer}"), "dispositions")
    for _ in range(2):
        await browser.post(f"/my-store/offers/{offer}/dispositions", data={"key": key, "kind": "contacted"})
    await say(browser, offer, kind="contacted")

    assert await value("select count(*) from disposition") == 2


async def test_the_next_call_is_kept_and_orders_the_list():
    browser, late, dealer = await accepted(0)
    await say(browser, late, kind="contacted", next="week")
    number = 1
    while (found := await an_offer(number))[1].code != dealer.code:
        number += 1
    soon = found[0]
    await browser.post(f"/my-store/offers/{soon}/acceptance", data={"key": "1" * 32})
    tomorrow = (now() + timedelta(days=1)).astimezone().strftime("%Y-%m-%dT09:15")
    await say(browser, soon, kind="appointment", next="other", next_at=tomorrow)

    page = (await browser.get("/my-store?show=all")).text

    assert page.index(f"offer-{soon}") < page.index(f"offer-{late}")
    local = "select (next_follow_up_at at time zone 'Asia/Shanghai')::text from disposition where kind = 'appointment'"
    assert "09:15" in await value(local)


async def test_another_time_without_one_comes_back():
    browser, offer, _ = await accepted()

    answer = await say(browser, offer, kind="contacted", next="other", note="稍后再打")

    assert answer.status_code == 422
    assert "Write the date and time" in answer.text
    assert "稍后再打" in answer.text


async def test_what_is_over_is_in_its_own_list():
    browser, offer, _ = await accepted()
    await say(browser, offer, kind="delivered")

    assert f"offer-{offer}" in (await browser.get("/my-store?show=done")).text
    assert f"offer-{offer}" not in (await browser.get("/my-store?show=all")).text


async def test_a_dealer_of_two_stores_narrows_to_one():
    offer, dealer, _ = await an_offer(brand="luxeed")
    browser = await browser_of(dealer)

    assert f"offer-{offer}" in (await browser.get("/my-store?store=S3")).text
    assert f"offer-{offer}" not in (await browser.get("/my-store?store=S1")).text
    assert {(await browser.get(f"/my-store?store={code}")).status_code for code in ("S2", "S9")} == {404}


async def test_a_reminder_shows_on_the_offer():
    _, dealer, _ = await an_offer(at=now() - 35 * MINUTE)
    store = await value("select code from store join offer on offer.store = store.id")
    await (await signed_in("alliance_marketer")).post(f"/stores/{store}/reminders")

    assert "the alliance reminded you at" in (await (await browser_of(dealer)).get("/my-store")).text


ROUTES: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("GET", "", {}),
    ("POST", "/acceptance", {"key": "0" * 32}),
    ("POST", "/refusal", {"key": "0" * 32, "reason": "no_staff"}),
    ("POST", "/dispositions", {"key": "0" * 32, "kind": "contacted"}),
)


@pytest.mark.parametrize(("method", "door", "data"), ROUTES)
async def test_another_dealers_offer_is_not_there_on_any_address(method, door, data):
    offer, _, other = await an_offer()
    browser = await browser_of(other)

    for id_ in (offer, uuid4()):
        answer = await browser.request(method, f"/my-store/offers/{id_}{door}", data=data)
        assert answer.status_code == 404, (door, answer.status_code)
    assert await value("select state from offer") == "offered"


@given(brands=st.lists(st.sampled_from(["aito", "luxeed"]), min_size=1, max_size=7), taken=st.sets(st.integers(0, 6)))
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_store_sees_its_own_dealers_offers_and_no_other(brands, taken):
    made = [await an_offer(int(str(uuid4().int)[:6]), brand=brand) for brand in brands]
    for number, (offer, dealer, _) in enumerate(made):
        if number in taken:
            async with transaction():
                await inbox.accept(offer, dealer=dealer, at=now())

    for code, part in product(("D1", "D2"), ("open", "today", "all", "done")):
        page = await (await signed_in("store", dealer=code)).get(f"/my-store?show={part}")
        shown = set(re.findall(r"offer-([0-9a-f-]{36})", page.text))
        rows = await fetch("select offer.id from offer join dealer on dealer.id = dealer where code = $1", code)
        own = {str(row["id"]) for row in rows}
        assert shown <= own


@pytest.mark.parametrize("role", ["alliance_admin", "alliance_marketer", "brand_marketer", "auditor", "analyst"])
async def test_nobody_else_has_a_store_page(role):
    assert (await (await signed_in(role)).get("/my-store")).status_code == 403


async def test_a_write_without_the_pages_token_is_refused():
    offer, dealer, _ = await an_offer()
    browser = await browser_of(dealer)
    browser.headers.pop("x-csrf-token")

    assert (await browser.post(f"/my-store/offers/{offer}/acceptance", data={"key": "0" * 32})).status_code == 403


async def test_it_speaks_chinese_all_the_way():
    browser, offer, _ = await accepted()
    browser.cookies.set("lang", "zh-Hans")
    await say(browser, offer, kind="contacted", next="tomorrow")

    for path in ("/my-store?show=all", f"/my-store/offers/{offer}", "/my-store?show=done", "/my-store?show=open"):
        text = re.sub(r"<[^>]+>", " ", (await browser.get(path)).text.partition("</header>")[2])
        assert not set(re.findall(r"[A-Za-z]{4,}", text)) - {"Audi", "wang", "AITO"}
