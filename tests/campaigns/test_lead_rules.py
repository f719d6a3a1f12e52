"""A campaign's rule for its guests: the usual one until somebody chooses, and never saved over unseen."""

from datetime import timedelta

import pytest

from campaigns import heads, lead_rules
from campaigns.lead_rules import USUAL, LeadRule, RuleMoved
from crm.database import transaction
from crm.roles import visible_to
from tests.cast import NOON, colleague, fetch, on_page, open_chengdu, signed_in
from tests.leads.registrations.guests import SHOW, follows, registers


@pytest.fixture(autouse=True)
async def planned(clean_tables, tmp_path):
    await open_chengdu(tmp_path)
    await follows(None)


async def choose(rule, *, version, at=NOON):
    campaign = await the_campaign()
    async with transaction():
        await lead_rules.choose(campaign, rule, version=version, actor="tester", at=at)


async def the_campaign():
    actor = await colleague("alliance_marketer")
    async with transaction():
        return await heads.head(SHOW, visible_to(actor))


async def followed():
    campaign, scope = await the_campaign(), visible_to(await colleague("alliance_marketer"))
    async with transaction():
        return await lead_rules.followed(campaign.id, scope)


async def test_a_campaign_follows_the_usual_rule_until_one_is_chosen():
    before = await followed()
    assert (before.rule, before.is_own) == (USUAL, False)

    await choose(LeadRule(when="attended"), version=before.version)

    after = await followed()
    assert (after.rule.when, after.is_own, after.version) == ("attended", True, before.version + 1)


async def test_a_new_rule_looks_at_every_guest_again():
    guest = await registers("aito", leads_due_at=None)
    assert (await followed()).others == 1

    await choose(LeadRule(), version=1, at=NOON + timedelta(hours=1))

    [row] = await fetch("select leads_due_at from registration where id = $1", guest)
    assert row["leads_due_at"] == NOON + timedelta(hours=1)


async def test_who_saves_over_anothers_change_is_told_first():
    await choose(LeadRule(when="attended"), version=1)

    with pytest.raises(RuleMoved):
        await choose(LeadRule(when="confirmed"), version=1)


async def test_the_page_shows_both_and_saves_at_the_second_try():
    client = await signed_in("alliance_marketer")
    sent = {"version": "1", "when": "confirmed", "fan_out": "in_turn", "once": "person", "brands": ["aito"]}
    await choose(LeadRule(when="attended"), version=1)

    answer = await client.post(f"/campaigns/{SHOW}/lead-rule", data=sent)
    assert answer.status_code == 409
    assert "when they were there" in answer.text
    again = sent | {"version": on_page(r'name="version" value="(\d+)"', answer.text)}
    assert (await client.post(f"/campaigns/{SHOW}/lead-rule", data=again)).status_code == 303

    now = (await followed()).rule
    assert (now.when, now.fan_out, now.brands) == ("confirmed", "in_turn", ("aito",))
