"""A past campaign as a pattern: its days moved, its links new, nobody who came."""

from datetime import date

import pytest

from campaigns import channels
from campaigns.figures import Figure
from campaigns.planning import arrangements, clones, goals, partners, plans
from crm.database import transaction
from crm.errors import Invalid
from tests.campaigns.plans import ME, a_draft, a_live_one, set_goal
from tests.cast import NOON, fetch


async def cloned(source, code="cd-next", starts_on=date(2026, 8, 28)):
    async with transaction():
        return await clones.clone(source, code=code, name="next", starts_on=starts_on, actor=ME, at=NOON)


async def test_a_clone_is_a_draft_with_all_that_was_planned_and_no_answer():
    source = await a_live_one()
    await set_goal(source, "aito", Figure.lead, 4000)

    campaign = await cloned(source)

    async with transaction():
        found, before = await plans.find(campaign), await plans.find(source)
        assert (found.status, found.plan.starts_on, found.plan.ends_on) == (
            "draft",
            date(2026, 8, 28),
            date(2026, 9, 6),
        )
        assert found.plan.budget_fen == before.plan.budget_fen
        assert await partners.partnerships(campaign) == await partners.partnerships(source)
        assert {one.answer for one in await partners.of_campaign(campaign)} == {None}
        assert await goals.of_campaign(campaign) == await goals.of_campaign(source)
        [wording], [older] = await arrangements.versions(campaign), await arrangements.versions(source)
        assert (wording.hash, wording.version) == (older.hash, 1)


async def test_its_channels_have_links_of_their_own():
    source = await a_live_one()

    campaign = await cloned(source)

    async with transaction():
        [old], [new] = await channels.of_campaign(source), await channels.of_campaign(campaign)
    assert (old.code, old.medium) == (new.code, new.medium)
    assert old.slug != new.slug


async def test_its_events_are_moved_closed_and_empty():
    source = await a_live_one()
    await fetch("update event set taken = 5, capacity = 100 where campaign = $1 returning id", source)
    await fetch(
        """
        insert into slot (event, kind, starts_at, minutes, places, taken)
        select id, 'session', starts_at, 30, 10, 4 from event where campaign = $1 returning id
        """,
        source,
    )

    campaign = await cloned(source)

    [row] = await fetch(
        """
        select event.code, event.starts_on, event.capacity, event.taken, event.is_open, slot.places, slot.taken as in_slot,
               (slot.starts_at at time zone 'Asia/Shanghai')::text as slot_at
        from event join slot on slot.event = event.id where campaign = $1
        """,
        campaign,
    )
    assert tuple(row) == ("cd-next-1", date(2026, 8, 28), 100, 0, False, 10, 0, "2026-08-28 09:00:00")


async def test_a_pattern_without_a_first_day_has_nothing_to_count_from():
    source = await a_draft(plan=plans.Plan(name="x"))

    with pytest.raises(Invalid):
        await cloned(source)
