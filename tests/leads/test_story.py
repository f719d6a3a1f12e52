"""The story of a lead is told whole to the alliance, and to a brand without what happened for others."""

from typing import Any

import pytest

from crm import consent, history
from crm.database import transaction
from crm.roles import visible_to
from leads import dossier, steering, story
from tests.cast import MINUTE, NOON, a_lead, colleague, open_chengdu, person_of, says, value, wants, work

BOTH: dict[str, Any] = {
    "interests": [wants("aito"), wants("luxeed")],
    "consents": [says(True, "aito", "luxeed"), says(True, "aito", purpose="share_with_brand")],
}


@pytest.fixture(autouse=True)
async def chengdu(tmp_path):
    await open_chengdu(tmp_path)


async def told(lead, actor, *, at=NOON, **facts):
    async with transaction():
        scope = visible_to(actor)
        seen = await dossier.read(lead, scope=scope)
        return await story.tell(seen, scope=scope, at=at, **facts)


async def revealed_by(actor, lead):
    person = await person_of(lead)
    async with transaction():
        await history.note(actor.actor, "revealed", "person", person, at=NOON + MINUTE, field="phone")


async def test_it_begins_with_the_capture_and_ends_with_the_latest():
    events = await told(await a_lead(), await colleague("alliance_marketer"), at=NOON + 31 * MINUTE)

    assert [one.what for one in events] == ["late", "offered", "person_new", "consent_given", "captured"]


async def test_a_brand_hears_nothing_of_what_was_offered_for_another():
    events = await told(await a_lead(**BOTH), await colleague("brand_marketer", brand="aito"))

    assert {one.brand for one in events if one.kind == "offer"} == {
        await value("select id from brand where code = 'aito'")
    }
    consents = [one.facts["brands"] for one in events if one.kind == "consent"]
    assert consents
    assert all(len(brands) == 1 for brands in consents)


async def test_a_withdrawal_later_on_is_part_of_it():
    lead, actor = await a_lead(), await colleague("alliance_marketer")
    person, brand = await person_of(lead), await value("select id from brand where code = 'aito'")
    async with transaction():
        await consent.withdraw(person, purpose="share_with_dealer", brands=[brand], at=NOON + MINUTE, actor=actor.actor)
    await work(NOON + MINUTE)

    events = await told(lead, actor, at=NOON + MINUTE)

    assert "consent_withdrawn" in [one.what for one in events]
    assert ("withdrawn", "consent_withdrawn") in [(one.what, one.facts.get("reason")) for one in events]


async def test_who_looked_at_a_number_is_told_within_the_brand_and_to_the_alliance():
    lead = await a_lead(**BOTH)
    aito, luxeed = await colleague("brand_marketer", brand="aito"), await colleague("brand_marketer", brand="luxeed")
    await revealed_by(aito, lead)

    for reader, seen in ((aito, 1), (luxeed, 0), (await colleague("alliance_admin"), 1)):
        assert len(await told(lead, reader, kinds=["reveal"])) == seen


async def test_days_are_those_of_the_readers_calendar():
    events = await told(await a_lead(), await colleague("alliance_marketer"))

    [(words, of_day)] = story.by_day(events)
    assert (words, len(of_day)) == ("Friday 29 August", len(events))


async def test_who_of_another_brand_said_the_place_is_not_told_to_a_brand():
    lead = await a_lead(**BOTH)
    aito, luxeed = await colleague("brand_marketer", brand="aito"), await colleague("brand_marketer", brand="luxeed")
    async with transaction():
        await steering.place(lead, region="510107", version=1, scope=visible_to(aito), at=NOON + MINUTE)

    names = {
        one.login: [it.who for it in await told(lead, one, at=NOON + 2 * MINUTE) if it.what == "place_said"]
        for one in (aito, luxeed, await colleague("alliance_marketer"))
    }

    assert list(names.values()) == [[aito.name], [None], [aito.name]]
