"""Policies as pages: read, drafted, tried on the past, activated and taken back, by those who may; each brand's own people see theirs."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from crm.database import transaction
from crm.work import until_idle
from leads import routing
from leads.routing import simulation
from tests.cast import fetch, open_chengdu, signed_in, value
from tests.leads.wishing import CHENGDU_CENTRE, make_wishes

RULES = {
    "answer_minutes": "30", "expire_minutes": "45", "max_offers": "3", "near_km": "15", "province_km": "200", "pool_min_km": "5",
    "pool_factor": "1.5", "protection_days": "30", "note": "", "act": "save", "version": "1",
    "order": ["protected", "preferred", "district", "near", "city", "province"],
    "tiers": ["protected", "preferred", "district", "near", "city", "province"],
}  # fmt: skip


@pytest.fixture
async def admin(tmp_path):
    """An administrator of the alliance, in a house with three stores in Chengdu."""
    await open_chengdu(tmp_path)
    return await signed_in("alliance_admin")


@pytest.fixture
async def draft(admin):
    """The address of a draft that was just begun."""
    return (await admin.post("/policies/aito/drafts")).headers["location"]


async def follow(client, answer):
    assert answer.status_code == 303, answer.status_code
    return await client.get(answer.headers["location"])


async def activate(client, draft, **said):
    page = (await client.get(draft)).text
    compared = re.findall(r'name="compared_with" value="(\d+)"', page)[0]
    return await client.post(f"{draft}/activation", data={"compared_with": compared, "reason": "a try"} | said)


async def test_the_list_shows_what_every_brand_follows(admin):
    page = await admin.get("/policies")

    assert page.status_code == 200
    assert page.text.count("Version 1") == 5
    assert "Same district › Nearby" in page.text


async def test_a_brands_own_people_see_their_brand_alone(admin):
    theirs = await signed_in("brand_marketer", brand="luxeed")

    page = await theirs.get("/policies")

    assert "/policies/luxeed" in page.text
    assert "/policies/aito" not in page.text
    assert [(await theirs.get(f"/policies/{code}")).status_code for code in ("luxeed", "aito", "nobody")] == [
        200,
        404,
        404,
    ]


@pytest.mark.parametrize(
    ("role", "answer"), [("auditor", 403), ("brand_marketer", 403), ("store", 403), ("analyst", 403)]
)
async def test_who_may_not_change_policies_cannot_begin_a_draft(admin, role, answer):
    someone = await signed_in(role)

    assert (await someone.post("/policies/aito/drafts")).status_code == answer
    assert await value("select count(*) from policy_draft") == 0


async def test_a_draft_is_begun_changed_and_compared(admin, draft):
    page = await follow(
        admin, await admin.post(draft, data=RULES | {"answer_minutes": "60", "expire_minutes": "90", "note": "slow"})
    )

    assert "The draft is saved." in page.text
    assert re.search(r"90 min</b> <span[^>]*>\+45", page.text)
    assert await value("select data ->> 'answer_minutes' from policy_draft") == "60"


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"expire_minutes": "10"}, "An offer cannot move on before its answer is late."),
        ({"tiers": []}, "Choose at least one circle"),
        ({"near_km": "7000"}, "It must be 6000"),
        ({"max_offers": "many"}, "Please write a whole number."),
    ],
)
async def test_what_makes_no_sense_is_said_at_its_field_and_nothing_typed_is_lost(admin, draft, wrong, sentence):
    page = await admin.post(draft, data=RULES | {"note": "as I typed it"} | wrong)

    assert page.status_code == 422
    assert sentence in page.text
    assert 'value="as I typed it"' in page.text
    assert await value("select version from policy_draft") == 1


async def test_circles_move_by_buttons_without_any_script_and_keep_what_was_typed(admin, draft):
    page = await admin.post(draft, data=RULES | {"act": "up:near", "near_km": "22"})

    order = re.findall(r'name="order" value="(\w+)"', page.text)
    assert order == ["protected", "preferred", "near", "district", "city", "province"]
    assert 'value="22"' in page.text
    await admin.post(draft, data=RULES | {"order": order, "tiers": order})
    assert await value("select data -> 'tiers' ->> 2 from policy_draft") == "near"


async def test_the_second_who_saves_sees_both_and_may_save_over_it_knowingly(admin, draft):
    await admin.post(draft, data=RULES | {"near_km": "20"})

    page = await admin.post(draft, data=RULES | {"near_km": "25"})

    assert page.status_code == 409
    assert "20 km" in page.text
    assert "25 km" in page.text
    version = re.findall(r'name="version" value="(\d+)"', page.text)[0]
    await admin.post(draft, data=RULES | {"near_km": "25", "version": version})
    assert await value("select data ->> 'near_km' from policy_draft") in ("25", "25.0")


async def test_a_draft_is_activated_with_a_reason_and_undone_from_the_toast(admin, draft):
    await admin.post(draft, data=RULES | {"near_km": "20"})

    page = await follow(admin, await activate(admin, draft))

    assert "Version 2 is in place." in page.text
    assert "a try" in page.text
    undo = re.findall(r'action="(/policies/aito/versions/2/undoing)"', page.text)[0]
    assert "version 1 is followed again" in (await follow(admin, await admin.post(undo))).text
    assert await value("select count(*) from policy_draft") == 0


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"reason": ""}, "Please fill this in."),
        ({"moment": "2020-01-01T00:00"}, "A policy takes over now or within a year"),
        ({"moment": "soon"}, "Please write day and time"),
    ],
)
async def test_an_activation_that_lacks_something_says_what(admin, draft, said, sentence):
    await admin.post(draft, data=RULES | {"near_km": "20"})

    page = await activate(admin, draft, **said)

    assert page.status_code == 422
    assert sentence in page.text


async def test_who_activates_against_a_version_that_is_gone_is_told(admin, draft):
    await admin.post(draft, data=RULES | {"near_km": "20"})
    other = (await admin.post("/policies/aito/drafts")).headers["location"]
    await admin.post(other, data=RULES | {"near_km": "30"})
    compared = re.findall(r'name="compared_with" value="(\d+)"', (await admin.get(draft)).text)[0]
    await activate(admin, other)

    page = await admin.post(f"{draft}/activation", data={"compared_with": compared, "reason": "a try"})

    assert page.status_code == 409
    assert "Meanwhile version 2 took the place" in page.text


async def test_one_goes_back_to_an_older_version(admin, draft):
    await admin.post(draft, data=RULES | {"near_km": "20"})
    await activate(admin, draft)

    assert "20 km" in (await admin.get("/policies/aito/versions/1")).text
    page = await follow(admin, await admin.post("/policies/aito/versions/1/return", data={"reason": "it was better"}))

    assert "Version 3 is in place." in page.text
    assert "it was better" in page.text


async def test_a_draft_is_tried_on_past_leads_and_the_page_shows_who_would_move(admin, draft):
    at = datetime.now(UTC) - timedelta(hours=2)
    async with transaction():
        wishes = await make_wishes(6, **CHENGDU_CENTRE)
    for minute, wish in enumerate(wishes):
        async with transaction():
            await routing.decide([wish], at=at + timedelta(minutes=minute))
    await admin.post(draft, data=RULES | {"pool_min_km": "0", "pool_factor": "1"})
    day = at.date()
    said = {"since": str(day - timedelta(days=1)), "until": str(day + timedelta(days=1))}
    asked = (await admin.post(f"{draft}/simulations", data=said)).headers["location"]
    waiting = (await admin.get(asked)).text

    await until_idle([simulation.JOB], at=datetime.now(UTC))

    assert "0 of 6 decisions" in waiting
    assert 'hx-trigger="every 1s"' in waiting
    page = (await admin.get(asked)).text
    assert "3 of 6 interests would move." in page
    assert "成都市" in page
    assert "/leads/" in page
    assert "every 1s" not in page
    fragment = (await admin.get(asked, headers={"hx-request": "true"})).text
    assert "<html" not in fragment
    other = await signed_in("brand_marketer", brand="luxeed")
    assert (await other.get(asked)).status_code == 404


async def test_a_time_without_decisions_is_said_at_its_field(admin, draft):
    page = await admin.post(f"{draft}/simulations", data={"since": "2021-01-01", "until": "2021-01-02"})

    assert page.status_code == 422
    assert "Nothing was decided for this brand between 2021-01-01" in page.text


async def test_a_discarded_draft_is_gone(admin, draft):
    await follow(admin, await admin.post(f"{draft}/discarding"))

    assert (await admin.get(draft)).status_code == 404
    assert await fetch("select from policy_draft") == []
