"""The ledgers keep one standing fact per interest and kind, and remember what they said before."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from campaigns import touchpoints
from campaigns.tables import Touchpoint
from campaigns.touchpoints import TOUCH_BY_SOURCE, Fact
from crm.database import current, transaction
from crm.ids import uuid7

NOON = datetime(2025, 8, 29, 4, tzinfo=UTC)
LATER = NOON + timedelta(days=3)


class Story:
    """One interest of one person, and what happened to it."""

    def __init__(self):
        self.names: Any = {"person": uuid4(), "lead": uuid4(), "interest": uuid4(), "campaign": 1, "brand": 1}

    def told(self, fact, *, at=NOON, recorded_at=NOON, value_fen=None):
        return touchpoints.milestone(fact, **self.names, at=at, recorded_at=recorded_at, value_fen=value_fen)

    async def standing(self):
        async with transaction():
            rows = await current().fetch(
                "select kind, value_fen, at from milestone where interest = $1 and retracted_at is null order by kind",
                self.names["interest"],
            )
        return [tuple(row) for row in rows]

    async def standing_as_of(self, moment):
        async with transaction():
            rows = await current().fetch(
                """
                select value_fen from milestone where interest = $1 and recorded_at <= $2
                and (retracted_at is null or retracted_at > $2)
                """,
                self.names["interest"],
                moment,
            )
        return [row["value_fen"] for row in rows]


async def record(*milestones):
    async with transaction():
        await touchpoints.record_milestones(milestones)


async def test_a_fact_told_twice_stands_once():
    story = Story()

    await record(story.told(Fact.order, value_fen=100), story.told(Fact.contacted))
    await record(story.told(Fact.order, value_fen=100, at=LATER, recorded_at=LATER))
    await record(story.told(Fact.order, at=LATER, recorded_at=LATER))

    assert await story.standing() == [(Fact.contacted, None, NOON), (Fact.order, 100, NOON)]


async def test_a_fact_told_twice_at_once_stands_once():
    story = Story()

    await record(story.told(Fact.contacted), story.told(Fact.contacted))

    assert len(await story.standing()) == 1


async def test_another_value_replaces_the_standing_one_and_the_past_keeps_its_own():
    story = Story()

    await record(story.told(Fact.order, value_fen=100))
    await record(story.told(Fact.order, value_fen=120, at=LATER, recorded_at=LATER))

    assert await story.standing() == [(Fact.order, 120, NOON)]
    assert await story.standing_as_of(LATER - timedelta(seconds=1)) == [100]
    assert await story.standing_as_of(LATER) == [120]


async def test_a_retracted_fact_may_be_told_again():
    story = Story()
    milestone = story.told(Fact.test_drive)
    await record(milestone)

    async with transaction():
        await touchpoints.retract([milestone], at=LATER)
    assert await story.standing() == []
    await record(story.told(Fact.test_drive, at=LATER, recorded_at=LATER))

    assert await story.standing() == [(Fact.test_drive, None, LATER)]


async def test_touches_are_written_as_told():
    person = uuid4()
    told = [int(TOUCH_BY_SOURCE[source]) for source in ("event_desk", "phone", "import")]

    async with transaction():
        await touchpoints.record_touches(
            [Touchpoint(id=uuid7(NOON), person=person, kind=kind, at=NOON, recorded_at=LATER) for kind in told]
        )
        rows = await current().fetch("select kind, recorded_at from touchpoint where person = $1 order by kind", person)

    assert [tuple(row) for row in rows] == [(1, LATER), (3, LATER), (5, LATER)]


async def test_contacts_and_facts_go_to_another_campaign_and_the_past_keeps_its_own():
    story, observation = Story(), uuid4()
    await record(story.told(Fact.lead))
    visit = Touchpoint(id=uuid7(NOON), person=uuid4(), observation=observation, kind=1, at=NOON, recorded_at=NOON)
    async with transaction():
        await touchpoints.record_touches([visit])

        await touchpoints.give_campaign(7, observations=[observation], interests=[story.names["interest"]], at=LATER)

        rows = await current().fetch(
            "select campaign, at, recorded_at, retracted_at from touchpoint where observation = $1 order by recorded_at",
            observation,
        )
        facts = await current().fetch("select campaign from milestone where retracted_at is null")
    assert [tuple(row) for row in rows] == [(None, NOON, NOON, LATER), (7, NOON, LATER, None)]
    assert [row["campaign"] for row in facts] == [7]


async def test_a_contact_that_is_given_to_another_campaign_keeps_the_channel_it_came_by():
    observation = uuid4()
    touch = Touchpoint(
        id=uuid7(NOON), person=uuid4(), observation=observation, kind=1, campaign=1, channel=7, at=NOON, recorded_at=NOON
    )  # fmt: skip
    async with transaction():
        await touchpoints.record_touches([touch])
        await touchpoints.give_campaign(2, observations=[observation], interests=[], at=LATER)
        rows = await current().fetch(
            "select campaign, channel from touchpoint where observation = $1 and retracted_at is null", observation
        )

    assert [tuple(row) for row in rows] == [(2, 7)]
