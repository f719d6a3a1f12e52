"""A lead's page shows what its reader may see, and what staff do there is done by the same verbs."""

import re
from typing import Any
from uuid import uuid4

import pytest

from crm.database import current, transaction
from crm.roles import Actor, visible_to
from leads import steering
from tests.cast import (
    LI,
    MINUTE,
    NOON,
    a_lead,
    fetch,
    offers_of,
    open_chengdu,
    says,
    signed_in,
    stands,
    value,
    wants,
    work,
)

BOTH: dict[str, Any] = {
    "interests": [wants("aito", "test_drive"), wants("luxeed")],
    "consents": [says(True, "aito", "luxeed"), says(True, "aito", purpose="share_with_brand")],
    "remark": "周末下午有空",
}


@pytest.fixture(autouse=True)
async def chengdu(tmp_path):
    await open_chengdu(tmp_path)


async def interest_of(lead, place=1):
    return await value("select id from interest where lead = $1 and rank = $2", lead, place)


async def test_a_lead_shows_its_interests_its_store_and_why():
    lead = await a_lead(**BOTH)
    browser = await signed_in("alliance_marketer")

    page = await browser.get(f"/leads/{lead}")

    assert page.status_code == 200, page.text[:400]
    assert "王建国" in page.text
    assert "137****7665" in page.text
    assert "周末下午有空" in page.text
    assert "成都三号店" in page.text
    assert "Pool of 2" in page.text or "Pool of 1" in page.text
    assert "13788997665" not in page.text


async def test_it_speaks_chinese_all_the_way():
    lead = await a_lead(**BOTH)
    browser = await signed_in("alliance_marketer")

    page = (await browser.get(f"/leads/{lead}?lang=zh")).text

    assert "分配凭据" in page
    for english in ("Timeline", "Receipt", "Offer to", "Notes", "Captured", "Consent", "Origin"):
        assert f">{english}" not in page


async def test_a_lead_of_another_brand_is_not_there():
    lead = await a_lead(interests=[wants("luxeed")], consents=[says(True, "luxeed")])

    assert (await (await signed_in("brand_marketer", brand="aito")).get(f"/leads/{lead}")).status_code == 404


async def test_a_brand_sees_nothing_of_what_the_person_wants_elsewhere():
    lead = await a_lead(**BOTH)

    page = (await (await signed_in("brand_marketer", brand="aito")).get(f"/leads/{lead}")).text

    assert "AITO" in page
    assert 'data-brand="luxeed"' not in page.partition('id="main"')[2]
    assert "成都三号店" not in page


async def test_a_name_is_masked_where_the_brand_may_not_know_it_and_so_is_the_remark():
    lead = await a_lead(**BOTH | {"consents": [says(True, "aito", "luxeed")]})

    page = (await (await signed_in("brand_marketer", brand="aito")).get(f"/leads/{lead}")).text

    assert "王**" in page
    assert "王建国" not in page
    assert "周末下午有空" not in page


async def test_other_enquiries_out_of_sight_are_a_count():
    await a_lead(interests=[wants("luxeed")], consents=[])
    lead = await a_lead()

    page = (await (await signed_in("brand_marketer", brand="aito")).get(f"/leads/{lead}")).text

    assert "1 more that you may not see" in page


async def test_who_has_no_leads_in_their_role_is_refused():
    lead = await a_lead()

    assert (await (await signed_in("analyst")).get(f"/leads/{lead}")).status_code == 403


async def test_the_event_desk_sees_what_it_entered_and_nothing_to_work_with():
    lead = await a_lead()
    desk = await signed_in("event_desk")
    assert (await desk.get(f"/leads/{lead}")).status_code == 404

    await value("update lead set entered_by = (select id from staff where role = 'event_desk') returning id")
    page = await desk.get(f"/leads/{lead}")
    assert page.status_code == 200
    assert "<form" not in page.text.partition('id="main"')[2].partition("</main>")[0]


async def test_a_receipt_is_fetched_alone_and_replayed_on_demand():
    lead = await a_lead()
    browser = await signed_in("auditor")
    receipt = await value("select id from receipt")

    part = await browser.get(
        f"/leads/{lead}?receipt={receipt}&replay=true", headers={"hx-request": "true", "hx-target": "receipt"}
    )

    assert part.text.lstrip().startswith("<section")
    assert "Replay gives the same winner" in part.text


async def test_a_receipt_of_another_lead_is_not_there():
    lead, other = await a_lead(), await a_lead(person=LI)
    foreign = await value(
        "select receipt.id from receipt join interest on interest.id = interest where lead = $1", other
    )

    assert (await (await signed_in("auditor")).get(f"/leads/{lead}?receipt={foreign}")).status_code == 404


async def test_the_names_behind_a_reason_come_on_demand():
    lead = await a_lead(place={"region_code": "510107"})
    browser = await signed_in("alliance_marketer")
    await a_lead(person=LI)
    async with transaction():
        other = "S2" if (await offers_here(lead)) == "S1" else "S1"
        await steering.offer(
            await interest_here(lead), store=other, reason="nearer", scope=await scope(), at=NOON + MINUTE
        )

    page = (await browser.get(f"/leads/{lead}?why=by_hand")).text

    assert "was chosen by hand" in page
    assert "mq-left__stores" in page


async def offers_here(lead):
    return await current().fetchval(
        "select store.code from offer join store on store.id = store join interest on interest.id = interest where lead = $1",
        lead,
    )


async def interest_here(lead):
    return await current().fetchval("select id from interest where lead = $1 order by rank limit 1", lead)


async def scope():
    [row] = await current().fetch("select id, login from staff where role = 'alliance_marketer'")
    return visible_to(Actor(id=row["id"], login=row["login"], name="x", role="alliance_marketer", session=uuid4()))


async def test_the_timeline_tells_only_the_kinds_that_were_asked_for():
    lead = await a_lead(**BOTH)
    browser = await signed_in("alliance_marketer")

    page = await browser.get(f"/leads/{lead}?told=consent", headers={"hx-request": "true", "hx-target": "timeline"})

    assert "Consent given" in page.text
    assert "Captured" not in page.text


async def test_a_note_is_added_shown_and_taken_back():
    lead = await a_lead()
    browser = await signed_in("alliance_marketer")

    added = await browser.post(f"/leads/{lead}/notes", data={"text": "下午再打 <b>"})
    assert (added.status_code, added.headers["location"]) == (303, f"/leads/{lead}#notes")
    assert "下午再打 &lt;b&gt;" in (await browser.get(f"/leads/{lead}")).text

    note = await value("select id from staff_note")
    await browser.post(f"/leads/{lead}/notes/{note}/retracting")
    assert "下午再打" not in (await browser.get(f"/leads/{lead}")).text


async def test_a_task_is_done_and_undone():
    lead = await a_lead()
    browser = await signed_in("brand_marketer", brand="aito")
    me = await value("select id from staff")

    await browser.post(f"/leads/{lead}/tasks", data={"task": "回电", "due": "2025-08-30T09:00", "assignee": str(me)})
    assert await value("select due_at from staff_task") == NOON.replace(day=30, hour=1)
    task = await value("select id from staff_task")
    await browser.post(f"/leads/{lead}/tasks/{task}/completion")
    assert await value("select done_by from staff_task") == me
    await browser.post(f"/leads/{lead}/tasks/{task}/reopening")
    assert await value("select done_at from staff_task") is None


async def test_an_offer_by_hand_goes_from_the_picker_to_the_store():
    lead = await a_lead()
    browser = await signed_in("alliance_marketer")
    [(has_it, _)] = await offers_of(lead)
    other = "S2" if has_it == "S1" else "S1"

    picker = (await browser.get(f"/leads/{lead}/offers/new")).text
    assert picker.index("成都二号店") < picker.index("成都一号店")  # 250 m against 330 m
    made = await browser.post(
        f"/leads/{lead}/offers", data={"interest": str(await interest_of(lead)), "store": other, "reason": "no_answer"}
    )

    assert made.status_code == 303
    assert await offers_of(lead) == [(has_it, "withdrawn"), (other, "offered")]


async def test_a_refusal_of_the_gate_comes_back_on_the_form():
    lead = await a_lead(consents=[])
    browser = await signed_in("alliance_marketer")

    refused = await browser.post(
        f"/leads/{lead}/offers",
        data={"interest": str(await interest_of(lead)), "store": "S1", "reason": "other", "words": "急"},
    )

    assert refused.status_code == 409
    assert "did not agree that a dealer" in refused.text
    assert "急</textarea>" in refused.text


async def test_a_reason_must_be_given():
    lead = await a_lead()
    browser = await signed_in("alliance_marketer")

    refused = await browser.post(
        f"/leads/{lead}/offers", data={"interest": str(await interest_of(lead)), "store": "S2", "reason": "other"}
    )

    assert refused.status_code == 422
    assert 'href="#words"' in refused.text


async def test_a_store_is_found_by_its_name_alone_as_a_fragment():
    lead = await a_lead()
    browser = await signed_in("alliance_marketer")

    part = (
        await browser.get(f"/leads/{lead}/offers/new?q=二号", headers={"hx-request": "true", "hx-target": "store"})
    ).text

    assert "成都二号店" in part
    assert "成都一号店" not in part
    assert "<html" not in part


async def test_an_offer_is_taken_back_with_a_reason():
    lead = await a_lead()
    browser = await signed_in("alliance_marketer")
    offer = await value("select id from offer")

    assert (await browser.get(f"/leads/{lead}/offers/{offer}/withdrawal")).status_code == 200
    await browser.post(f"/leads/{lead}/offers/{offer}/withdrawal", data={"reason": "no_answer"})

    assert await stands(lead) == [("alliance_queue", None)]
    assert "waits for people" in (await browser.get(f"/leads/{lead}")).text


async def test_a_place_is_sought_by_name_and_releases_the_hold():
    lead = await a_lead(place=None)
    browser = await signed_in("alliance_marketer")

    found = (await browser.get(f"/leads/{lead}/place?q=武侯")).text
    assert 'value="510107"' in found
    await browser.post(f"/leads/{lead}/place", data={"version": "1", "region": "510107"})
    await work(NOON + MINUTE * 60 * 24 * 600)

    assert (await stands(lead))[0][0] == "offered"


async def test_who_saves_second_chooses_between_both_values_and_loses_nothing():
    lead = await a_lead(place=None)
    first, second = await signed_in("alliance_marketer"), await signed_in("alliance_marketer")
    await first.post(f"/leads/{lead}/place", data={"version": "1", "region": "510107"})

    met = await second.post(f"/leads/{lead}/place", data={"version": "1", "region": "510104"})
    assert met.status_code == 409
    assert "武侯区" in met.text
    assert "锦江区" in met.text

    mine = dict(re.findall(r'<input type="hidden" name="(version|region)" value="([^"]*)"', met.text))
    await second.post(f"/leads/{lead}/place", data=mine)
    assert await value("select region from lead") == "510104"


async def test_a_brand_is_named_for_an_interest_that_had_none():
    lead = await a_lead(interests=[wants(None)])
    browser = await signed_in("alliance_marketer")
    interest = await interest_of(lead)

    assert (await browser.get(f"/leads/{lead}/interests/{interest}")).status_code == 200
    await browser.post(
        f"/leads/{lead}/interests/{interest}",
        data={"version": "1", "kind": "test_drive", "car": "aito/M9", "heard": "by_phone"},
    )

    named = await fetch(
        "select brand.code, model.code as model from interest join brand on brand.id = interest.brand join model on model.id = model"
    )
    assert [tuple(row) for row in named] == [("aito", "M9")]


async def test_spam_is_marked_and_undone_from_the_toast():
    lead = await a_lead()
    browser = await signed_in("alliance_marketer")

    await browser.post(f"/leads/{lead}/spam")
    assert await stands(lead) == [("identified", "spam")]
    assert f'action="/leads/{lead}/spam/undoing"' in (await browser.get(f"/leads/{lead}")).text
    await browser.post(f"/leads/{lead}/spam/undoing")
    assert await stands(lead) == [("identified", None)]


@pytest.mark.parametrize("path", ["notes", "tasks", "place", "interests", "spam"])
async def test_an_auditor_changes_nothing(path):
    lead = await a_lead()
    browser = await signed_in("auditor")

    assert (await browser.post(f"/leads/{lead}/{path}", data={})).status_code == 403


async def test_nobody_works_on_what_they_may_not_see():
    lead = await a_lead(interests=[wants("luxeed")], consents=[says(True, "luxeed")])
    browser = await signed_in("brand_marketer", brand="aito")

    assert (await browser.post(f"/leads/{lead}/notes", data={"text": "x"})).status_code == 404
    assert (await browser.post(f"/leads/{lead}/spam")).status_code == 404
    assert await value("select count(*) from staff_note") == 0


async def test_a_note_of_one_brand_is_not_another_brands_to_read():
    lead = await a_lead(**BOTH)
    mine, theirs = await signed_in("brand_marketer", brand="aito"), await signed_in("brand_marketer", brand="luxeed")
    await mine.post(f"/leads/{lead}/notes", data={"text": "问界的秘密"})

    assert "问界的秘密" in (await mine.get(f"/leads/{lead}")).text
    assert "问界的秘密" not in (await theirs.get(f"/leads/{lead}")).text
    assert "问界的秘密" in (await (await signed_in("alliance_marketer")).get(f"/leads/{lead}")).text


async def test_a_lead_whose_trade_in_has_no_year_has_a_page():
    lead = await a_lead(trade_in={"make": "Audi"})

    page = await (await signed_in("alliance_marketer")).get(f"/leads/{lead}")

    assert page.status_code == 200
    assert "Audi" in page.text


async def test_an_interest_of_another_lead_is_not_there_beneath_this_one():
    lead, other = await a_lead(), await a_lead(person=LI, at=NOON + MINUTE)
    browser, beneath = await signed_in("alliance_marketer"), f"/leads/{lead}/interests/{await interest_of(other)}"
    offer = await value("select offer.id from offer where interest = $1", await interest_of(other))

    answers = [
        await browser.get(beneath),
        await browser.post(beneath, data={"version": 1, "kind": "buy"}),
        await browser.post(f"{beneath}/routing"),
        await browser.post(
            f"/leads/{lead}/offers", data={"interest": await interest_of(other), "store": "S2", "reason": "nearer"}
        ),
        await browser.post(f"/leads/{lead}/offers/{offer}/withdrawal", data={"reason": "no_answer"}),
    ]

    assert [answer.status_code for answer in answers] == [404] * 5
