"""What staff put right: it counts at once, for the record and for the next enquiry, and can be taken back."""

import asyncio
from datetime import timedelta

import pytest

from crm import people
from crm.database import transaction
from crm.errors import Invalid, NotThere
from crm.people import corrections, finding, portraits, reviews
from crm.roles import visible_to
from tests import cast
from tests.cast import NOON, a_lead, colleague, open_chengdu, person_of, value, wants

LATER = NOON + timedelta(hours=1)
OTHER_PHONE = "13900001234"


@pytest.fixture
async def wang(tmp_path):
    await open_chengdu(tmp_path)
    return await person_of(await a_lead())


async def correct(person, actor, *, field="phone", typed=OTHER_PHONE, version=None, at=LATER, brand=None):
    version = version or await value("select version from person where id = $1", person)
    async with transaction():
        return await corrections.correct(
            person,
            field=field,
            value=typed,
            heard="customer_by_phone",
            actor=actor,
            brand=brand,
            version=version,
            at=at,
        )


async def sketch(person, actor):
    async with transaction():
        return await portraits.of(person, visible_to(actor))


async def test_a_corrected_phone_stands_first_with_who_said_so(wang):
    actor = await colleague("alliance_marketer")

    await correct(wang, actor)

    [phone, before] = (await sketch(wang, actor)).values["phone"]
    assert (phone.shown, phone.righted_by, phone.heard) == ("139****1234", actor.name, "customer_by_phone")
    assert (before.shown, before.source) == ("137****7665", "desk")


async def test_the_next_enquiry_under_the_corrected_phone_is_the_same_person(wang):
    await correct(wang, await colleague("alliance_marketer"))

    again = await a_lead(person={"name": "王建国", "phone": OTHER_PHONE}, at=NOON + timedelta(hours=2))

    assert await person_of(again) == wang


async def test_a_corrected_name_is_found_by_its_sound(wang):
    actor = await colleague("alliance_marketer")
    observation = await correct(wang, actor, field="name", typed="王健国强")

    async with transaction():
        assert observation in await finding.observations("wang jianguoqiang", limit=5)
        assert (await people.show(wang)).names[0].value == "王健国强"


async def test_a_correction_outranks_what_was_said_often(wang):
    for _ in range(3):
        await a_lead()
    actor = await colleague("alliance_marketer")

    await correct(wang, actor, field="email", typed="wang@example.com")
    await correct(wang, actor, field="name", typed="王建帼")

    shown = await sketch(wang, actor)
    assert (shown.name, shown.best("email"), shown.values["name"][1].agree) == ("王建帼", "w***@example.com", 4)


async def test_a_correction_of_an_older_version_is_refused_and_writes_nothing(wang):
    actor = await colleague("alliance_marketer")
    await correct(wang, actor, field="name", typed="王建帼", version=1)

    with pytest.raises(corrections.ChangedMeanwhile):
        await correct(wang, actor, version=1)

    assert await value("select count(*) from decision where outcome = 'corrected'") == 1


async def test_of_two_corrections_at_once_one_is_told_of_the_other(wang):
    actor = await colleague("alliance_marketer")

    said = await asyncio.gather(
        *(correct(wang, actor, typed=f"1390000{n}234", version=1) for n in (1, 2)), return_exceptions=True
    )

    assert sorted(type(one).__name__ for one in said) == ["ChangedMeanwhile", "UUID"]


@pytest.mark.parametrize(
    ("field", "typed"), [("phone", "139****1234"), ("email", "nobody"), ("name", "测试"), ("name", " ")]
)
async def test_what_cannot_be_read_is_refused_at_its_field(wang, field, typed):
    with pytest.raises(Invalid) as refusal:
        await correct(wang, await colleague("alliance_marketer"), field=field, typed=typed)

    assert [fault["path"] for fault in refusal.value.errors] == ["value"]


async def test_a_correction_taken_back_counts_no_longer(wang):
    actor = await colleague("alliance_marketer")
    observation = await correct(wang, actor)

    async with transaction():
        assert await corrections.take_back(observation, actor=actor, brand=None, at=LATER) == wang

    assert [one.shown for one in (await sketch(wang, actor)).values["phone"]] == ["137****7665"]
    stranger = await a_lead(person={"name": "刘一鸣", "phone": OTHER_PHONE}, at=NOON + timedelta(hours=2))
    assert await person_of(stranger) != wang


async def test_a_correction_taken_back_once_cannot_be_taken_back_again(wang):
    actor = await colleague("alliance_marketer")
    observation = await correct(wang, actor)
    async with transaction():
        await corrections.take_back(observation, actor=actor, brand=None, at=LATER)

    with pytest.raises(NotThere):
        async with transaction():
            await corrections.take_back(observation, actor=actor, brand=None, at=LATER)


async def test_a_correction_that_names_somebody_elses_phone_asks_whether_they_are_one(wang):
    li = await person_of(await a_lead(person=cast.LI))
    actor = await colleague("alliance_marketer")

    await correct(wang, actor, typed=cast.LI["phone"])

    async with transaction():
        [asked] = await reviews.waiting(at=LATER)
    assert {asked.person, asked.other} == {wang, li}


async def test_a_brands_correction_is_seen_by_that_brand_and_the_alliance_alone(wang):
    await a_lead(interests=[wants("luxeed")])
    aito, luxeed = await colleague("brand_marketer"), await colleague("brand_marketer", brand="luxeed")

    await correct(wang, aito, brand=aito.brand)

    assert (await sketch(wang, aito)).best("phone") == "139****1234"
    assert [one.shown for one in (await sketch(wang, luxeed)).values["phone"]] == ["137****7665"]
    with pytest.raises(NotThere):
        async with transaction():
            observation = (await people.show(wang)).seen[-1].observation
            await corrections.take_back(observation, actor=luxeed, brand=luxeed.brand, at=LATER)


async def test_an_unmerge_does_not_bring_back_a_correction_that_was_taken_back(wang):
    li = await person_of(await a_lead(person=cast.LI))
    actor = await colleague("alliance_marketer")
    observation = await correct(li, actor)
    async with transaction():
        [merge] = await people.merge(wang, li, actor=actor.actor, reason="one card", at=LATER)
        await corrections.take_back(observation, actor=actor, brand=None, at=LATER)

    async with transaction():
        await people.unmerge(merge, actor=actor.actor, at=LATER)

    assert [one.shown for one in (await sketch(li, actor)).values["phone"]] == ["139****5671"]


async def test_a_correction_is_not_taken_back_by_way_of_somebody_else(wang):
    observation = await correct(wang, await colleague("alliance_marketer"))
    other = await person_of(await a_lead(person=cast.LI))
    browser = await cast.signed_in("alliance_marketer")

    answer = await browser.post(f"/people/{other}/corrections/{observation}/undoing")

    assert answer.status_code == 404
    assert await value("select count(*) from link where observation = $1 and closed_at is null", observation) == 1
