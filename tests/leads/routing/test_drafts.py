"""Policies are drafted, compared, activated, gone back from and undone; a version never changes."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from crm.database import current, insert, transaction
from crm.errors import NotThere
from crm.tables import Staff
from leads import routing
from leads.routing import drafts, policies, versions
from leads.routing.drafts import DraftIsNewer
from leads.routing.policies import Policy
from tests.cast import MINUTE, NOON, a_lead, fetch, open_chengdu, stands, value, work
from tests.leads.wishing import CHENGDU_CENTRE, brand_id, make_wishes

PATIENT = Policy(answer_minutes=60, expire_minutes=90)


@pytest.fixture
async def story(tmp_path):
    """Chengdu, somebody who may change policies, and the brand's policy."""
    await open_chengdu(tmp_path)
    async with transaction():
        await insert([Staff(login="zhou", name="周", role="alliance_admin", created_at=NOON, created_by="tester")])
        aito = await brand_id("aito")
        return Story(aito, await current().fetchval("select id from staff"), await versions.followed(aito, at=NOON))


class Story(msgspec.Struct):
    brand: int
    staff: int
    first: versions.Version

    async def activate(self, rules=PATIENT, *, moment=None, at=NOON, compared_with=None):
        async with transaction():
            return await versions.activate(
                rules,
                brand=self.brand,
                compared_with=compared_with or self.first.id,
                moment=moment,
                reason="dealers ask for time",
                staff=self.staff,
                at=at,
            )

    async def undo(self, version, *, at=NOON):
        async with transaction():
            return await versions.undo(version, brand=self.brand, staff=self.staff, at=at)

    async def standings(self, *, at=NOON):
        async with transaction():
            return {one.version: one.standing for one in await versions.of_brand(self.brand, at=at)}

    async def answer_minutes(self, *, at):
        async with transaction():
            return (await policies.active([self.brand], at=at))[self.brand].rules.answer_minutes


async def test_a_draft_is_changed_and_says_where_it_differs(story):
    async with transaction():
        draft = await drafts.begin(brand=story.brand, base=story.first.id, staff=story.staff, at=NOON)
        await drafts.save(draft, PATIENT, brand=story.brand, note="n", version=1, staff=story.staff, at=NOON)
        kept = await drafts.find(draft, brand=story.brand)

    assert (kept.rules, kept.version, kept.base_version, kept.staff_name) == (PATIENT, 2, 1, "周")
    assert drafts.differences(story.first.rules, kept.rules) == [
        ("answer_minutes", 30, 60),
        ("expire_minutes", 45, 90),
    ]


async def test_the_second_of_two_who_save_one_draft_is_told_and_nothing_is_lost(story):
    async with transaction():
        draft = await drafts.begin(brand=story.brand, base=story.first.id, staff=story.staff, at=NOON)
        await drafts.save(draft, PATIENT, brand=story.brand, note="", version=1, staff=story.staff, at=NOON)

    with pytest.raises(DraftIsNewer):
        async with transaction():
            await drafts.save(draft, Policy(), brand=story.brand, note="", version=1, staff=story.staff, at=NOON)

    async with transaction():
        assert (await drafts.find(draft, brand=story.brand)).rules == PATIENT


async def test_a_draft_of_another_brand_is_not_there(story):
    async with transaction():
        draft = await drafts.begin(brand=story.brand, base=story.first.id, staff=story.staff, at=NOON)
        luxeed = await brand_id("luxeed")
        with pytest.raises(NotThere):
            await drafts.find(draft, brand=luxeed)
        with pytest.raises(NotThere):
            await drafts.discard(draft, brand=luxeed, staff=story.staff, at=NOON)
        with pytest.raises(NotThere):
            await drafts.begin(brand=luxeed, base=story.first.id, staff=story.staff, at=NOON)


async def test_a_new_version_takes_over_at_once_and_the_next_lead_follows_it(story):
    assert await story.activate() == 2

    lead = await a_lead(at=NOON + MINUTE)

    [offer] = await fetch(
        "select answer_due_at - offered_at as patience from offer join interest on interest.id = interest where lead = $1",
        lead,
    )
    assert offer["patience"] == timedelta(minutes=60)
    assert await story.standings(at=NOON + MINUTE) == {2: "active", 1: "past"}


async def test_one_that_is_planned_takes_over_at_its_moment(story):
    tomorrow = NOON + timedelta(days=1)

    await story.activate(moment=tomorrow)

    assert await story.standings() == {2: "planned", 1: "active"}
    assert await story.answer_minutes(at=tomorrow - MINUTE) == 30
    assert await story.answer_minutes(at=tomorrow) == 60
    with pytest.raises(versions.AnotherIsPlanned):
        await story.activate(Policy(max_offers=1))


async def test_who_compared_with_an_older_version_is_told_to_look_again(story):
    await story.activate()

    with pytest.raises(versions.AnotherIsFollowed, match="version 2"):
        await story.activate(Policy(max_offers=1), at=NOON + MINUTE)


@pytest.mark.parametrize("moment", [NOON - MINUTE, NOON + timedelta(days=400)])
async def test_a_policy_takes_over_neither_in_the_past_nor_in_years(story, moment):
    with pytest.raises(versions.NotAFutureMoment):
        await story.activate(moment=moment)


async def test_what_is_followed_already_is_not_activated_again(story):
    with pytest.raises(versions.NothingNew):
        await story.activate(story.first.rules)


async def test_going_back_makes_a_new_version_of_an_older_one(story):
    await story.activate()

    async with transaction():
        third = await versions.roll_back(1, brand=story.brand, reason="no", staff=story.staff, at=NOON + MINUTE)

    assert third == 3
    assert await story.standings(at=NOON + MINUTE) == {3: "active", 2: "past", 1: "past"}
    assert await story.answer_minutes(at=NOON + MINUTE) == 30
    told = await fetch("select action, details ->> 'reason' as reason from history_entry order by id")
    assert [tuple(row) for row in told][-2:] == [("activated", "dealers ask for time"), ("activated", "no")]


@pytest.mark.parametrize("moment", [None, NOON + timedelta(days=1)])
async def test_one_that_routed_nothing_can_be_undone_and_stays_in_the_list(story, moment):
    await story.activate(moment=moment)

    assert await story.undo(2) == 1

    assert await story.standings(at=NOON + timedelta(days=2)) == {2: "undone", 1: "active"}
    assert await story.activate(Policy(max_offers=2), at=NOON + MINUTE) == 3


async def test_one_that_routed_somebody_cannot_be_undone(story):
    await story.activate()
    async with transaction():
        await routing.decide(await make_wishes(1, **CHENGDU_CENTRE), at=NOON + MINUTE)

    with pytest.raises(versions.HasRouted, match=r"has routed leads already \(1\)"):
        await story.undo(2, at=NOON + 2 * MINUTE)


async def test_the_very_first_and_an_older_version_cannot_be_undone(story):
    with pytest.raises(versions.NothingToUndo):
        await story.undo(1)
    await story.activate()
    with pytest.raises(versions.NothingToUndo):
        await story.undo(1)


async def test_what_waited_in_the_alliance_queue_is_looked_at_again_under_a_wider_policy(story):
    near = Policy(near_km=1, province_km=1)
    await story.activate(near)
    await work(NOON)
    lead = await a_lead(at=NOON + MINUTE, place={"region_code": "510603"})
    assert await stands(lead) == [("alliance_queue", None)]

    async with transaction():
        await versions.roll_back(1, brand=story.brand, reason="wider", staff=story.staff, at=NOON + 2 * MINUTE)
    await work(NOON + 2 * MINUTE)

    assert await stands(lead) == [("offered", None)]


async def test_noticing_twice_releases_nothing_twice(story):
    assert await versions.notice(datetime.now(UTC)) == 0
    assert await versions.notice(datetime.now(UTC)) == 0
    assert await value("select count(*) from change_reader where name = $1", versions.READER) == 1
