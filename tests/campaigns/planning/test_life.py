"""The way of a campaign: who has to agree, what stands in the way, and that it begins and ends on its own calendar."""

import asyncio
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

import msgspec
import pytest

from campaigns.planning import arrangements, checklist, partners, plans, stages
from campaigns.planning.partners import Partnership
from crm.database import current, transaction
from crm.errors import Invalid, NotThere
from tests.campaigns.plans import (
    FIRST,
    ME,
    SHOW,
    a_draft,
    a_live_one,
    a_ready_one,
    accept,
    brand,
    publish,
    somebody,
    status,
    terms,
    version,
)
from tests.cast import NOON, fetch


async def answers(campaign):
    async with transaction():
        return {one.brand: one.answer for one in await partners.of_campaign(campaign)}


async def open_lines(campaign):
    async with transaction():
        return [line.code for line in checklist.blockers(await checklist.lines(campaign, at=NOON))]


async def test_a_fresh_draft_lacks_what_only_people_can_bring():
    campaign = await a_draft(plan=plans.Plan(name="x"))

    assert await open_lines(campaign) == [
        "dates",
        "city",
        "arrangement",
        "accepted",
        "event",
        "registration",
        "channel",
    ]


async def test_what_has_a_blocker_is_not_scheduled():
    campaign = await a_draft()

    with pytest.raises(stages.NotReady, match="5 blockers"):
        async with transaction():
            await stages.schedule(campaign, actor=ME, at=NOON)


async def test_a_ready_one_is_scheduled_though_warnings_are_left():
    campaign = await a_ready_one()

    async with transaction():
        await stages.schedule(campaign, actor=ME, at=NOON)
        left = [line.code for line in await checklist.lines(campaign, at=NOON) if not line.is_done]

    assert (await status(campaign), left) == ("scheduled", ["goals", "lead_rule"])


async def test_shares_that_do_not_add_up_are_a_blocker_to_the_last_millionth():
    campaign = await a_ready_one()
    aito, luxeed = await brand("aito"), await brand("luxeed")

    async with transaction():
        wanted = [Partnership(aito, share=Fraction(1, 3)), Partnership(luxeed, share=Fraction(666666, 1000000))]
        await partners.put(campaign, wanted, version=await version(campaign), actor=ME, at=NOON)

    assert "shares" in await open_lines(campaign)


async def test_a_page_that_is_deliberately_off_is_no_blocker():
    campaign = await a_draft(plan=msgspec.structs.replace(SHOW, takes_registrations=False))

    assert "registration" not in await open_lines(campaign)


async def test_a_campaign_begins_and_ends_on_its_own_calendar():
    campaign = await a_ready_one()
    async with transaction():
        await stages.schedule(campaign, actor=ME, at=NOON)

    # 28 August 23:59 and 29 August 00:00, 7 September 23:59 and 8 September 00:00 in Chengdu.
    seen = []
    for moment in ("2025-08-28T15:59", "2025-08-28T16:00", "2025-09-07T15:59", "2025-09-07T16:00"):
        await stages.advance(datetime.fromisoformat(moment).replace(tzinfo=UTC))
        seen.append(await status(campaign))

    assert seen == ["scheduled", "live", "live", "closed"]


async def test_by_hand_it_goes_with_a_reason_that_stays():
    campaign = await a_ready_one()
    async with transaction():
        await stages.schedule(campaign, actor=ME, at=NOON)
        await stages.go_live(campaign, reason="early opening", actor=ME, at=NOON)
        await stages.close(campaign, reason="storm", actor=ME, at=NOON)

    rows = await fetch(
        "select action, details ->> 'reason' as why from history_entry where subject = $1 order by id desc limit 2",
        str(campaign),
    )
    assert [tuple(row) for row in rows] == [("campaign_closed", "storm"), ("campaign_live", "early opening")]


async def test_a_closed_one_takes_no_change_and_comes_back_as_a_draft():
    campaign = await a_live_one()
    async with transaction():
        await stages.close(campaign, reason="storm", actor=ME, at=NOON)
    with pytest.raises(plans.CampaignClosed):
        async with transaction():
            await plans.change(campaign, SHOW, version=await version(campaign), actor=ME, at=NOON)

    async with transaction():
        await stages.reopen(campaign, reason="sun", actor=ME, at=NOON)

    assert await status(campaign) == "draft"


@pytest.mark.parametrize("step", [stages.reopen, stages.go_live])
async def test_a_draft_goes_no_way_that_is_not_its_own(step):
    campaign = await a_draft()

    with pytest.raises(stages.WrongStage):
        async with transaction():
            await step(campaign, reason="because", actor=ME, at=NOON)


async def test_the_second_editor_is_refused_and_the_first_ones_values_stay():
    campaign = await a_draft()
    opened = 1
    async with transaction():
        await plans.change(campaign, msgspec.structs.replace(SHOW, name="first"), version=opened, actor=ME, at=NOON)

    with pytest.raises(plans.PlanIsNewer):
        async with transaction():
            await plans.change(
                campaign, msgspec.structs.replace(SHOW, name="second"), version=opened, actor=ME, at=NOON
            )

    async with transaction():
        assert (await plans.find(campaign)).plan.name == "first"


async def test_a_brand_accepts_by_its_own_staff_alone():
    campaign = await a_draft()
    await publish(campaign)
    for role, code in (
        ("brand_marketer", "stelato"),
        ("regional_manager", "aito"),
        ("alliance_admin", None),
        ("alliance_marketer", None),
    ):
        actor = await somebody(role, code)
        with pytest.raises(NotThere):
            async with transaction():
                await arrangements.accept(campaign, terms=await terms(campaign), actor=actor, at=NOON)

    await accept(campaign, "aito")

    assert await answers(campaign) == {await brand("aito"): "accepted", await brand("luxeed"): None}


async def test_a_no_carries_its_reason_and_a_later_yes_goes_before_it():
    campaign = await a_draft()
    await publish(campaign)
    who = await somebody(code="luxeed")
    async with transaction():
        await arrangements.decline(campaign, terms=await terms(campaign), reason="too much", actor=who, at=NOON)
    async with transaction():
        [said] = [one for one in await partners.of_campaign(campaign) if one.answer]
    assert (said.answer, said.reason, said.answered_by) == ("declined", "too much", who.name)

    await accept(campaign, "luxeed")

    assert (await answers(campaign))[await brand("luxeed")] == "accepted"


async def test_nobody_accepts_what_they_were_not_shown():
    campaign = await a_draft()
    await publish(campaign)
    shown, who = await version_and_terms(campaign), await somebody(code="aito")
    await publish(campaign, "共享更多")

    with pytest.raises(arrangements.TermsChanged):
        async with transaction():
            await arrangements.accept(campaign, terms=shown[1], actor=who, at=NOON)


@pytest.mark.parametrize("what", ["wording", "share", "role", "budget", "partner"])
async def test_whatever_changes_of_the_terms_everybody_is_asked_again(what):
    campaign = await a_ready_one()
    async with transaction():
        await stages.schedule(campaign, actor=ME, at=NOON)

    await change(campaign, what)

    assert set((await answers(campaign)).values()) == {None}
    assert await status(campaign) == "draft"
    assert await fetch("select from history_entry where subject = $1 and action = 'campaign_draft'", str(campaign))


async def test_what_does_not_touch_the_terms_asks_nobody():
    campaign = await a_ready_one()

    async with transaction():
        await plans.change(
            campaign, msgspec.structs.replace(SHOW, name="x"), version=await version(campaign), actor=ME, at=NOON
        )

    assert set((await answers(campaign)).values()) == {"accepted"}


async def test_a_running_campaign_keeps_shares_that_add_up():
    campaign = await a_live_one()

    with pytest.raises(Invalid):
        async with transaction():
            wanted = [Partnership(await brand("aito"), share=Fraction(1, 3))]
            await partners.put(campaign, wanted, version=await version(campaign), actor=ME, at=NOON)


async def test_a_found_campaign_is_claimed_once_and_keeps_its_leads():
    async with transaction():
        campaign = await current().fetchval(
            "insert into campaign (code, name, status, created_at, version) values ('车展 A/B', '车展', 'found', $1, 1) returning id",
            NOON,
        )
        await plans.claim(campaign, SHOW, version=1, actor=ME, at=NOON)
        found = await plans.find(campaign)

    assert (found.code, found.status, found.plan) == ("车展 A/B", "draft", SHOW)
    with pytest.raises(plans.NotFoundAnymore):
        async with transaction():
            await plans.claim(campaign, SHOW, version=2, actor=ME, at=NOON)


@pytest.mark.parametrize(
    ("facts", "path"),
    [
        ({"ends_on": date(2025, 8, 1)}, "ends_on"),
        ({"region": "510000"}, "region"),
        ({"region": "999999"}, "region"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
    ],
)
async def test_a_plan_that_makes_no_sense_is_refused_at_its_field(facts, path):
    with pytest.raises(Invalid) as refused:
        async with transaction():
            await plans.make("cd-x", msgspec.structs.replace(SHOW, **facts), actor=ME, at=NOON)

    assert [fault["path"] for fault in refused.value.errors] == [path]


@pytest.mark.parametrize("code", ["new", "a b", "x", "~12", "a/b", ".."])
async def test_a_code_that_no_address_can_hold_is_refused(code):
    with pytest.raises(Invalid):
        async with transaction():
            await plans.make(code, SHOW, actor=ME, at=NOON)


async def test_of_two_editors_at_once_one_wins():
    campaign = await a_draft()

    async def save(name):
        async with transaction():
            await plans.change(campaign, msgspec.structs.replace(SHOW, name=name), version=1, actor=ME, at=NOON)

    outcomes = await asyncio.gather(*(save(f"editor {number}") for number in range(6)), return_exceptions=True)

    assert [type(one) for one in outcomes if one is not None] == [plans.PlanIsNewer] * 5


async def test_an_acceptance_and_a_change_at_once_never_leave_new_terms_accepted():
    campaign = await a_draft()
    await publish(campaign)
    who, (opened, asked) = await somebody(code="aito"), await version_and_terms(campaign)

    async def accept_these():
        async with transaction():
            await arrangements.accept(campaign, terms=asked, actor=who, at=NOON)

    async def reword():
        async with transaction():
            await arrangements.publish(campaign, zh="新", en="New", version=opened, actor=ME, at=NOON)

    both: Any = await asyncio.gather(accept_these(), reword(), return_exceptions=True)

    assert both[1] is None
    assert both[0] is None or isinstance(both[0], arrangements.TermsChanged)
    assert set((await answers(campaign)).values()) == {None}


async def version_and_terms(campaign):
    async with transaction():
        return await version(campaign), await terms(campaign)


async def change(campaign, what):
    aito, luxeed = await brand("aito"), await brand("luxeed")
    parts = {
        "share": [Partnership(aito, share=Fraction(1, 3)), Partnership(luxeed, share=Fraction(2, 3))],
        "role": [Partnership(aito, "host", Fraction(1, 2)), Partnership(luxeed, share=Fraction(1, 2))],
        "partner": [
            Partnership(aito, share=Fraction(1, 2)),
            Partnership(luxeed, share=Fraction(1, 2)),
            Partnership(await brand("stelato"), share=Fraction(0)),
        ],
    }
    async with transaction():
        opened = await version(campaign)
        if what == "wording":
            await arrangements.publish(campaign, zh="新", en="New", version=opened, actor=ME, at=NOON)
        elif what == "budget":
            await plans.change(campaign, msgspec.structs.replace(SHOW, budget_fen=1), version=opened, actor=ME, at=NOON)
        else:
            await partners.put(campaign, parts[what], version=opened, actor=ME, at=NOON)


def test_the_show_of_these_tests_is_open_at_noon():
    assert NOON.date() == FIRST


async def test_a_campaign_that_is_closed_takes_nobody_in_and_invites_nobody(clean_tables):
    campaign = await a_ready_one()
    async with transaction() as connection:
        await stages.schedule(campaign, actor=ME, at=NOON)
        await stages.close(campaign, reason="storm", actor=ME, at=NOON)
        open_events = await connection.fetchval("select count(*) from event where campaign = $1 and is_open", campaign)

    assert open_events == 0
