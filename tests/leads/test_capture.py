"""One lead per name of its source, whatever happens on the way; what cannot be used says why and stands alone."""

import asyncio
import json
from datetime import timedelta

import pytest

from campaigns.touchpoints import Fact
from crm import people, vault
from crm.database import current, transaction
from crm.errors import NotThere
from leads import capture, inbox
from tests.cast import (
    DAY,
    DU,
    LI,
    MINUTE,
    NOON,
    WANG,
    a_lead,
    dealer,
    fetch,
    incoming,
    open_chengdu,
    person_of,
    registration,
    says,
    send,
    source,
    stands,
    value,
    wants,
    work,
)

TABLES = ("lead", "interest", "observation", "person", "consent", "touchpoint", "milestone", "submission", "offer")


@pytest.fixture(autouse=True)
async def chengdu(clean_tables, tmp_path):
    await open_chengdu(tmp_path)


async def counts():
    return {table: await value(f"select count(*) from {table}") for table in TABLES}


def faults(outcome):
    return [fault["path"] for fault in outcome.errors]


def told(outcome):
    """What the source was answered."""
    assert outcome.answer
    return outcome.answer


# Repeats


async def test_a_repeat_gets_the_first_answer_whatever_became_of_the_lead_since():
    said = registration()
    [first] = await send(said)
    await work()
    before = await counts()

    [again] = await send(said, at=NOON + DAY)

    assert (first.fate, again.fate) == ("created", "repeat")
    assert again.answer == first.answer
    assert await counts() == before
    assert await value("select changed_at from submission") is None


async def test_a_repeat_that_says_something_else_is_noted_and_the_first_stands():
    said = registration()
    [first] = await send(said)

    [again] = await send(said | {"person": LI}, at=NOON + MINUTE)

    assert again.answer == first.answer
    assert await value("select changed_at from submission") == NOON + MINUTE
    assert await value("select count(*) from person") == 1


async def test_one_name_sent_by_many_at_once_is_one_lead():
    said = registration()

    outcomes = await asyncio.gather(*(send(said) for _ in range(8)))

    assert sorted(outcome.fate for [outcome] in outcomes) == ["created"] + ["repeat"] * 7
    assert len({outcome.lead_id for [outcome] in outcomes}) == 1


async def test_one_name_twice_in_a_batch_is_one_lead():
    said = registration()

    first, again = await send(said, said | {"remark": "等一下"})

    assert (first.fate, again.fate) == ("created", "repeat")
    assert again.answer == first.answer
    assert await value("select changed_at from submission") == NOON


async def test_the_same_name_of_two_sources_is_two_leads():
    said = registration()

    [ours], [theirs] = await send(said), await send(said, by="app")

    assert {ours.fate, theirs.fate} == {"created"}
    assert ours.lead_id != theirs.lead_id


# Batches


async def test_one_bad_item_of_a_batch_stands_alone():
    good, bad, last = await send(
        registration(), registration(person={"name": "李"}), registration(person=LI, interests=[])
    )

    assert [one.fate for one in (good, bad, last)] == ["created", "error", "created"]
    assert faults(bad) == ["person"]
    assert await value("select count(*) from lead") == 2


async def test_a_name_whose_first_try_failed_may_come_again():
    said = registration()

    bad, good = await send(said | {"person": {}}, said)
    [again] = await send(said)

    assert [one.fate for one in (bad, good, again)] == ["error", "created", "repeat"]


async def test_what_was_refused_is_kept_sealed_for_a_while_with_the_paths_alone():
    said = registration(person={"name": "欧阳测试", "phone": "12"})

    await send(said)

    [kept] = await fetch("select id, sealed, reason, submission, purge_after from raw_payload")
    assert (kept["reason"], kept["submission"], kept["purge_after"]) == ("person.phone", None, NOON + capture.RAW_KEPT)
    assert "欧阳测试".encode() not in kept["sealed"]
    assert json.loads(vault.open_(kept["sealed"], place=f"raw_payload|sealed|{kept['id']}")) == said


async def test_a_single_lead_that_cannot_be_used_is_refused_with_every_fault():
    said = registration(person={}, interests=[wants("tesla")], consents=[says(True)])

    async with transaction():
        [outcome] = await capture.accept_many([incoming(said)], source=await capture.sender(await _desk()), at=NOON)

    assert outcome.fate == "error"
    assert [fault["path"] for fault in outcome.errors] == ["interests[0].brand", "person", "consents[0].brands"]


async def _desk():
    return await current().fetchval("select id from source where code = 'desk'")


# What a lead leaves behind


async def test_one_commit_holds_the_person_the_consent_the_touch_and_the_first_milestone():
    await send(registration(interests=[wants("aito"), wants("luxeed")]))

    assert await counts() == {
        "lead": 1, "interest": 2, "observation": 1, "person": 1, "consent": 1, "touchpoint": 2, "milestone": 2,
        "submission": 1, "offer": 0,
    }  # fmt: skip


async def test_a_lead_that_wishes_for_nothing_yet_is_met_all_the_same():
    [outcome] = await send(registration(interests=[]))

    assert (told(outcome).stage, told(outcome).hold, told(outcome).interests) == ("identified", "no_interest", [])
    assert await value("select brand from touchpoint") is None


async def test_a_backfill_records_people_and_consents_and_offers_nothing():
    [outcome] = await send(registration(interests=[wants(), wants(kind="test_drive")]), mode="backfill")
    await work(NOON + DAY)

    assert await stands(outcome.lead_id) == [("recorded", None)] * 2
    assert {"person": 1, "consent": 1, "touchpoint": 1, "milestone": 0, "offer": 0}.items() <= (await counts()).items()


async def test_a_backfilled_wish_stays_where_it_is_when_its_person_says_more():
    [outcome] = await send(registration(consents=[]), mode="backfill")

    await send(registration(interests=[]), at=NOON + MINUTE)
    await work(NOON + MINUTE)

    assert await stands(outcome.lead_id) == [("recorded", None)]


async def test_a_campaign_that_nobody_planned_is_found():
    await send(registration(source={"kind": "web_form", "campaign": "spring-2026", "event": "Harbour", "booth": "B7"}))

    found = await fetch(
        "select campaign.code, campaign.status, event.code as event, booth.code as booth from lead"
        " join campaign on campaign.id = lead.campaign join event on event.id = lead.event"
        " join booth on booth.id = lead.booth"
    )
    assert [tuple(row) for row in found] == [("spring-2026", "found", "Harbour", "B7")]


async def test_a_test_source_never_reaches_the_ledgers():
    await source("trial", test=True)
    [outcome] = await send(registration(), by="trial")
    [joining] = await send(registration(), by="trial")
    await work()
    [offer] = await fetch("select offer.id, dealer.code from offer join dealer on dealer.id = offer.dealer")
    its_dealer = await dealer(offer["code"])
    async with transaction():
        await inbox.accept(offer["id"], dealer=its_dealer, at=NOON + MINUTE)

    assert await stands(outcome.lead_id) == await stands(joining.lead_id) == [("accepted", None)]
    assert await fetch("select kind from milestone union all select kind from touchpoint") == []


async def test_a_clock_that_runs_ahead_is_set_right_and_noted():
    ahead, slightly = NOON + timedelta(hours=2), NOON + 9 * MINUTE

    await send(registration(captured_at=ahead.isoformat()), registration(captured_at=slightly.isoformat()))

    assert {row["captured_at"] for row in await fetch("select captured_at from lead")} == {NOON}
    assert {row["captured_at"] for row in await fetch("select captured_at from observation")} == {NOON}
    noted = await fetch("select actor, details from history_entry where action = 'clock_ahead'")
    assert [(row["actor"], json.loads(row["details"])) for row in noted] == [("source:desk", {"seconds": 7200})]


async def test_what_was_captured_days_ago_keeps_its_day():
    await send(registration(captured_at=(NOON - 3 * DAY).isoformat()))

    assert await value("select captured_at from lead") == NOON - 3 * DAY
    assert await value("select at from touchpoint") == NOON - 3 * DAY
    assert await value("select at from milestone") == NOON - 3 * DAY


async def test_what_could_name_somebody_is_sealed():
    car = {"make": "Audi", "model": "A6 allroad", "year": 2018, "vin": "LSVAA4182E2100001"}
    place, owner = {"address": "成都市武侯区天府大道1999号"}, WANG | {"vin": "LSVAA4182E2100002"}
    await send(registration(trade_in=car, remark="孩子叫欧阳测试", place=place, person=owner))

    everything = ""
    for table in ("lead", "trade_in", "submission", "observation", "identity_key", "vehicle", "raw_payload", "change"):
        everything += str([list(row) for row in await fetch(f"select * from {table}")])
    assert not [one for one in ("allroad", "LSVAA4182", "欧阳", "天府", "王建国", WANG["phone"]) if one in everything]
    [kept] = await fetch("select id, sealed from trade_in")
    assert json.loads(vault.open_(kept["sealed"], place=f"trade_in|sealed|{kept['id']}")) == car


async def test_a_car_that_was_named_belongs_to_its_owner():
    lead = await a_lead(person=WANG | {"vin": "LSVAA4182E2100001"})

    assert await value("select person from ownership") == await person_of(lead)


async def test_contacts_of_two_different_people_wait_for_review_from_the_start():
    email = "lina.meng@qq.com"
    await send(registration(person=DU), registration(person={"name": LI["name"], "email": email}))

    [outcome] = await send(registration(person={"phone": DU["phone"], "email": email}))
    await work()

    assert (told(outcome).stage, told(outcome).hold) == ("identified", "needs_review")
    assert await stands(outcome.lead_id) == [("identified", "needs_review")]
    assert await value("select kind from review_task") == "contradiction"


# Who may see it


async def test_a_source_sees_how_its_lead_stands_and_nobody_else_does():
    desk, other = await source(), await source("app")
    lead = await a_lead()

    async with transaction():
        seen = await capture.show(lead, source=desk)
        with pytest.raises(NotThere):
            await capture.show(lead, source=other)

    assert (seen.id, seen.stage, seen.hold) == (lead, "offered", None)


async def test_a_source_that_does_not_exist_sends_nothing():
    with pytest.raises(NotThere):
        async with transaction():
            await capture.sender(-1)


async def test_each_source_has_its_own_reference_to_a_person_and_it_follows_a_merge():
    [ours, another], [theirs] = (
        await send(registration(), registration(person=DU)),
        await send(registration(), by="app"),
    )
    persons = [await person_of(outcome.lead_id) for outcome in (ours, theirs, another)]
    assert persons[0] == persons[1] != persons[2]
    assert len({told(outcome).person_id for outcome in (ours, theirs, another)}) == 3

    async with transaction():
        await people.merge(persons[0], persons[2], actor="staff:1", reason="one card", at=NOON)
        desk = await capture.sender(await _desk())
        shown = {(await capture.show(told(one).id, source=desk)).person_id for one in (ours, another)}

    assert len(shown) == 1
    assert str(persons[0]) not in str(shown)


async def test_the_words_of_a_milestone_are_those_of_the_ledger():
    await a_lead()

    kinds = [Fact(row["kind"]).name for row in await fetch("select kind from milestone order by kind")]

    assert kinds == ["lead", "offered"]
