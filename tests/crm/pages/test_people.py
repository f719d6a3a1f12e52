"""Pages about people: found, read, put right, and never told what only another brand was told."""

import re
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from crm import consent, people
from crm.database import transaction
from tests import cast
from tests.cast import (
    LI,
    MINUTE,
    NOON,
    WANG,
    a_lead,
    fetch,
    on_page,
    open_chengdu,
    person_of,
    says,
    signed_in,
    value,
    wants,
)

LATER = NOON + timedelta(hours=1)
AITO: dict[str, Any] = {
    "interests": [wants("aito")],
    "consents": [says(True, "aito"), says(True, "aito", purpose="share_with_brand")],
}
LUXEED: dict[str, Any] = {"interests": [wants("luxeed")], "consents": [says(True, "luxeed")]}
PARTS = ("", "?part=leads", "?part=history", "?part=consents", "?part=sharing", "?part=cars", "/leads", "/leads/wishes")
OTHER_PHONE = "13900001234"


@pytest.fixture
async def wang(tmp_path):
    await open_chengdu(tmp_path)
    return await person_of(await a_lead(**AITO))


async def search(browser, text):
    answer = await browser.post("/people/search", data={"q": text})
    return await browser.get(answer.headers["location"])


async def correction(browser, person, **changed):
    version = await value("select version from person where id = $1", person)
    sent = {"field": "phone", "value": OTHER_PHONE, "heard": "id_seen", "version": version} | changed
    return await browser.post(f"/people/{person}/corrections", data=sent)


@pytest.mark.parametrize("text", ["王建国", "wang jianguo", "13788997665", "7665"])
async def test_people_are_found_by_whatever_was_typed(wang, text):
    found = await search(await signed_in("alliance_marketer"), text)

    assert f"/people/{wang}" in found.text


async def test_what_was_typed_stands_in_no_address(wang):
    answer = await (await signed_in("alliance_marketer")).post("/people/search", data={"q": "13788997665"})

    assert "13788997665" not in answer.headers["location"]


async def test_people_are_found_by_their_number_even_a_merged_one(wang):
    li = await person_of(await a_lead(person=LI, at=NOON + MINUTE))
    async with transaction():
        await people.merge(wang, li, actor="staff:1", reason="one card", at=LATER)
    number = await value("select no from person where id = $1", li)

    found = await search(await signed_in("alliance_marketer"), f"P-{number}")

    assert f"/people/{wang}" in found.text


async def test_the_list_says_that_nobody_fits_and_how_to_clear(wang):
    found = await search(await signed_in("alliance_marketer"), "欧阳无人")

    assert "Nobody fits" in found.text
    assert 'href="/people"' in found.text


async def test_a_brand_lists_whom_it_met_last_and_pages_both_ways(tmp_path):
    await open_chengdu(tmp_path)
    persons = [
        await person_of(await a_lead(person={"phone": cast.another_phone(n)}, at=NOON + n * MINUTE)) for n in range(52)
    ]
    browser = await signed_in("brand_marketer")

    first = (await browser.get("/people")).text
    older = (await browser.get(on_page(r'rel="next" href="([^"]+)"', first))).text
    back = (await browser.get(on_page(r'rel="prev" href="([^"]+)"', older))).text

    def shown(text):
        return list(dict.fromkeys(re.findall(r'href="/people/([0-9a-f-]{36})"', text)))

    assert shown(first) == [str(it) for it in reversed(persons[2:])] == shown(back)
    assert shown(older) == [str(it) for it in reversed(persons[:2])]


@pytest.mark.parametrize("part", PARTS)
async def test_a_person_whom_a_brand_never_met_is_not_there(wang, part):
    luxeed = await signed_in("brand_marketer", brand="luxeed")

    assert (await luxeed.get(f"/people/{wang}{part}")).status_code == 404


async def test_analysts_event_desks_and_stores_see_nobody(wang):
    for role in ("analyst", "event_desk", "store"):
        assert (await (await signed_in(role)).get(f"/people/{wang}")).status_code == 403


async def test_a_merged_number_leads_to_whoever_it_stands_for(wang):
    li = await person_of(await a_lead(person=LI, at=NOON + MINUTE))
    async with transaction():
        await people.merge(wang, li, actor="staff:1", reason="one card", at=LATER)

    answer = await (await signed_in("alliance_marketer")).get(f"/people/{li}")

    assert (answer.status_code, answer.headers["location"]) == (302, f"/people/{wang}")


async def test_the_page_says_why_several_registrations_are_one_person(wang):
    await a_lead(**LUXEED)

    shown = (await (await signed_in("alliance_marketer")).get(f"/people/{wang}")).text

    assert "the same phone number" in shown
    assert "nobody else comes near" in shown


async def test_a_phone_put_right_is_shown_with_who_and_how_and_can_be_taken_back(wang):
    browser = await signed_in("alliance_marketer")

    answer = await correction(browser, wang)
    page = (await browser.get(answer.headers["location"])).text
    undo = on_page(r'action="(/people/[^"]+/undoing)"', page)
    await browser.post(undo)

    assert "139****1234" in page
    assert "read from an identity card" in page
    assert "139****1234" not in (await browser.get(f"/people/{wang}")).text.replace("The correction", "")


async def test_two_who_write_at_once_both_see_both_values(wang):
    first, second = await signed_in("alliance_marketer"), await signed_in("alliance_admin")
    await correction(first, wang, field="name", value="王建帼")

    late = await correction(second, wang, field="name", value="王建囯", version=1)
    again = on_page(r'name="version" value="(\d+)"', late.text)
    saved = await correction(second, wang, field="name", value="王建囯", version=again)

    assert late.status_code == 409
    assert "王建帼" in late.text
    assert "王建囯" in late.text
    assert saved.status_code == 303


async def test_a_correction_that_cannot_be_read_comes_back_with_what_was_typed(wang):
    answer = await correction(await signed_in("alliance_marketer"), wang, value="12")

    assert answer.status_code == 422
    assert 'value="12"' in answer.text
    assert 'href="#value"' in answer.text


async def observation_of(person):
    return await value("select observation from link where person = $1 order by opened_at limit 1", person)


async def reveal(browser, person, **changed):
    sent = {"field": "phone", "observation": str(await observation_of(person)), "why": "call_back"} | changed
    return await browser.post(f"/people/{person}/reveals", data=sent)


async def test_a_reveal_shows_the_value_once_and_history_says_who_and_why_without_it(wang):
    browser = await signed_in("alliance_marketer")
    assert "13788997665" not in (await browser.get(f"/people/{wang}")).text

    answer = await reveal(browser, wang)

    assert "+8613788997665" in answer.text
    assert answer.headers["cache-control"] == "no-store"
    [noted] = await fetch("select details::text from history_entry where action = 'revealed'")
    assert "call_back" in noted["details"]
    assert "7665" not in noted["details"]
    assert "in clear: to call the person back" in (await browser.get(f"/people/{wang}?part=history")).text


async def test_a_reveal_without_a_reason_is_refused(wang):
    assert (await reveal(await signed_in("alliance_marketer"), wang, why="")).status_code == 422
    assert not await fetch("select from history_entry where action = 'revealed'")


async def test_a_brand_reveals_only_while_the_person_agrees_to_be_known_to_it(wang):
    aito, brand = await signed_in("brand_marketer"), await value("select id from brand where code = 'aito'")
    before = await reveal(aito, wang)
    async with transaction():
        await consent.withdraw(wang, purpose="share_with_brand", brands=[brand], at=LATER, actor="staff:1")

    after = await reveal(aito, wang)

    assert (before.status_code, after.status_code) == (200, 403)
    assert "王建国" not in (await aito.get(f"/people/{wang}")).text


async def test_somebody_elses_observation_is_not_revealed_through_this_person(wang):
    li = await person_of(await a_lead(person=LI, at=NOON + MINUTE))

    answer = await reveal(await signed_in("alliance_marketer"), wang, observation=str(await observation_of(li)))

    assert answer.status_code == 404


async def test_a_withdrawal_on_the_phone_counts_and_its_evidence_is_listed(wang):
    browser = await signed_in("brand_marketer")
    brand = await value("select id from brand where code = 'aito'")
    sent = {
        "state": "withdrawn",
        "brand": brand,
        "purpose": "share_with_dealer",
        "channel": "",
        "told": "by_phone",
        "notice": "",
    }

    answer = await browser.post(f"/people/{wang}/consents", data=sent)

    async with transaction():
        [standing] = (await consent.standing([wang], purpose="share_with_dealer"))[wang]
    page = (await browser.get(answer.headers["location"])).text
    assert standing.state == "withdrawn"
    assert (await value("select encode(evidence_hash, 'hex') from consent where id = $1", standing.consent)) in page


async def test_a_yes_needs_the_wording_that_was_read_out(wang):
    browser = await signed_in("brand_marketer")
    brand = await value("select id from brand where code = 'aito'")
    yes = {"state": "given", "brand": brand, "purpose": "share_with_dealer", "channel": "", "told": "by_phone"}

    without = await browser.post(f"/people/{wang}/consents", data=yes)
    wording = await value("select id from notice_version where language = 'zh' limit 1")
    with_it = await browser.post(f"/people/{wang}/consents", data=yes | {"notice": wording})

    assert (without.status_code, with_it.status_code) == (422, 303)


async def test_a_brand_does_not_let_itself_in(wang):
    brand = await value("select id from brand where code = 'aito'")
    wording = await value("select id from notice_version where language = 'zh' limit 1")
    yes = {"state": "given", "brand": brand, "purpose": "share_with_brand", "told": "by_phone", "notice": wording}

    theirs = await (await signed_in("brand_marketer")).post(f"/people/{wang}/consents", data=yes)
    the_alliances = await (await signed_in("alliance_marketer")).post(f"/people/{wang}/consents", data=yes)

    assert (theirs.status_code, the_alliances.status_code) == (422, 303)


async def test_a_brand_answers_for_itself_alone(wang):
    other = await value("select id from brand where code = 'luxeed'")
    sent = {"state": "withdrawn", "brand": other, "purpose": "share_with_dealer", "told": "by_phone"}

    answer = await (await signed_in("brand_marketer")).post(f"/people/{wang}/consents", data=sent)

    assert answer.status_code == 422


async def test_a_note_is_read_by_the_writers_brand_and_can_be_taken_back(wang):
    browser = await signed_in("alliance_marketer")
    answer = await browser.post(f"/people/{wang}/notes", data={"text": "rings back on Monday"})
    page = (await browser.get(answer.headers["location"])).text

    await browser.post(on_page(r'action="(/people/[^"]+/retracting)"', page))

    assert "rings back on Monday" in page
    assert "rings back on Monday" not in (await browser.get(f"/people/{wang}")).text


async def test_a_merge_is_taken_back_with_a_reason(wang):
    li = await person_of(await a_lead(person=LI, at=NOON + MINUTE))
    async with transaction():
        [merge] = await people.merge(wang, li, actor="staff:1", reason="one card", at=LATER)
    browser = await signed_in("alliance_marketer")
    assert f"/merges/{merge}" in (await browser.get(f"/people/{wang}")).text

    without = await browser.post(f"/merges/{merge}/undoing", data={"reason": ""})
    answer = await browser.post(f"/merges/{merge}/undoing", data={"reason": "two cards after all"})

    assert (without.status_code, answer.status_code, answer.headers["location"]) == (422, 303, f"/people/{li}")
    assert await value("select merged_into from person where id = $1", li) is None


async def test_a_brand_is_not_told_of_merges(wang):
    luxeed = await person_of(await a_lead(person=LI, **LUXEED, at=NOON + MINUTE))
    async with transaction():
        await people.merge(wang, luxeed, actor="staff:1", reason="one card", at=LATER)

    shown = await (await signed_in("brand_marketer")).get(f"/people/{wang}?part=history")

    assert "P-" + str(await value("select no from person where id = $1", luxeed)) not in shown.text
    assert "merge" not in shown.text.lower()


# What a person may tell a brand: each value says by itself which brand was told it.
TELLING = st.lists(
    st.tuples(st.sampled_from(("aito", "luxeed")), st.integers(0, 3), st.booleans()), min_size=2, max_size=5
)


def told_to(brand, turn, *, agrees):
    """A registration of 王建国 for one brand, with values of that occasion alone."""
    name, mailbox = (("王健国", "a"), ("王建國", "b"))[brand == "luxeed"]
    spoken = {"name": name, "phone": WANG["phone"], "email": f"{mailbox}{turn}@{brand}-only.example.com"}
    answers = [
        says(agrees, brand, purpose=purpose)
        for purpose in ("share_with_brand", "share_with_dealer", "alliance_marketing")
    ]
    place = {"region_code": "510107" if brand == "aito" else "310104"}
    return {"person": spoken, "interests": [wants(brand)], "consents": answers, "place": place}


@given(TELLING)
@settings(
    max_examples=3,
    deadline=None,
    phases=[
        Phase.explicit,
        Phase.reuse,
        Phase.generate,
    ],  # each example plays a whole story: what fails is short enough as it is
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_a_brand_never_receives_what_only_another_brand_was_told(tmp_path, telling):
    await open_chengdu(tmp_path)
    leads = [
        await a_lead(**told_to(brand, turn, agrees=agrees), at=NOON + number * MINUTE)
        for number, (brand, turn, agrees) in enumerate(telling)
    ]
    persons = {await person_of(lead) for lead in leads}
    aito = await signed_in("brand_marketer", brand="aito")
    addresses = ["/people", *(f"/people/{person}{part}" for person in persons for part in PARTS)]
    pages = [await aito.get(address) for address in addresses]
    pages += [await search(aito, text) for text in ("王建國", "王健国", "wang jianguo", WANG["phone"], "7665")]
    pages += [await search(aito, f"b{turn}@luxeed-only.example.com") for turn in range(4)]

    received = "".join(page.text for page in pages if page.status_code == 200)
    received = re.sub(
        r'<form class="mq-look-for".*?</form>', "", received, flags=re.DOTALL
    )  # what they typed themselves

    assert "a***@aito-only" in received or "aito" not in {brand for brand, *_ in telling}
    assert "王建國" not in received
    assert "b***@luxeed" not in received
    assert "徐汇" not in received
    assert "三号店" not in received
    assert 'data-brand="luxeed"' not in received.replace('<i data-brand="luxeed"></i>', "")
