"""What a campaign brought, counted by the house and by hand."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from campaigns import reports, showcases
from campaigns.occasions import campaign_of
from campaigns.tables import Milestone, Touchpoint
from campaigns.touchpoints import Fact, record_touches
from crm import reference
from crm.database import insert, transaction
from crm.errors import NotKnown
from crm.ids import uuid7
from crm.tables import Person

NOON = datetime(2025, 8, 30, 4, tzinfo=UTC)
FUNNEL = ("lead", "offered", "accepted", "contacted", "test_drive", "order")


@pytest.fixture
async def chengdu():
    async with transaction():
        await showcases.seed(at=NOON)
        return await campaign_of("chengdu-2025", at=NOON)


async def test_the_report_equals_a_count_by_hand(chengdu):
    touches, milestones, persons = _ledgers(random.Random(7), campaign=chengdu, brands=await _brands())
    async with transaction():
        await insert(persons)
        await record_touches(touches)
        await insert(milestones)
        told = await reports.performance("chengdu-2025", as_of=NOON)

    for brand, reach in [(None, told.total), *[(it.code, it.reach) for it in told.brands]]:
        assert reach == _by_hand(touches, milestones, persons, campaign=chengdu, brand=(await _brands()).get(brand))
    assert told.total.people < told.total.registered
    assert all(steps > 0 for steps in (told.total.order, told.brands[0].reach.order))


async def test_a_report_as_of_an_earlier_moment_does_not_know_what_came_later(chengdu):
    touches, milestones, persons = _ledgers(random.Random(8), campaign=chengdu, brands=await _brands())
    earlier = NOON - timedelta(hours=5)
    async with transaction():
        await insert(persons)
        await record_touches(touches)
        await insert(milestones)
        told = await reports.performance("成都车展2025 联盟展台", as_of=earlier)

    assert told.total == _by_hand(touches, milestones, persons, campaign=chengdu, brand=None, as_of=earlier)


async def test_a_campaign_without_visitors_shows_its_partners_and_noughts(chengdu):
    async with transaction():
        told = await reports.performance("chengdu-2025", as_of=NOON)

    assert [it.code for it in told.brands] == ["aito", "luxeed", "stelato", "maextro", "shangjie"]
    assert {told.total, *(it.reach for it in told.brands)} == {reports.Reach()}


async def test_an_unknown_campaign_is_refused_by_name():
    with pytest.raises(NotKnown, match="no campaign beijing-1949"):
        async with transaction():
            await reports.performance("beijing-1949", as_of=NOON)


async def _brands():
    async with transaction():
        return {code: brand.id for code, brand in (await reference.load()).brands.items()}


def _ledgers(chance, *, campaign, brands):
    """90 registrations of 40 people, some of them merged (once or twice); rows retracted, late or of another show."""
    persons = [Person(id=uuid7(NOON), status="active", created_at=NOON) for _ in range(40)]
    for loser, survivor in ((1, 0), (2, 1), (5, 4), (9, 8)):
        persons[loser].status, persons[loser].merged_into = "merged", persons[survivor].id
    persons.sort(key=lambda person: person.merged_into is not None)
    touches, milestones = [], []
    for _ in range(90):
        person, observation, lead = chance.choice(persons).id, uuid7(NOON), uuid7(NOON)
        for brand in chance.sample([None, *brands.values()], k=chance.randint(1, 3)):
            row = {"person": person, "brand": brand, "campaign": chance.choice([campaign, campaign, campaign + 1])}
            touches.append(Touchpoint(id=uuid7(NOON), observation=observation, kind=1, **row, **_times(chance)))
            row |= {"lead": lead, "interest": uuid7(NOON)}
            milestones += [
                Milestone(id=uuid7(NOON), kind=Fact[fact], **row, **_times(chance))
                for fact in FUNNEL[: chance.randint(0, len(FUNNEL))]
            ]
    return touches, milestones, persons


def _times(chance):
    recorded = NOON - timedelta(hours=chance.randint(-1, 9))
    gone = recorded + timedelta(hours=chance.randint(1, 9)) if chance.random() < 0.2 else None
    return {"at": recorded, "recorded_at": recorded, "retracted_at": gone}


def _by_hand(touches, milestones, persons, *, campaign, brand, as_of=NOON):
    points_on = {person.id: person.merged_into for person in persons}

    def survivor(person):
        return survivor(points_on[person]) if points_on[person] else person

    def standing(row):
        return row.recorded_at <= as_of and (row.retracted_at is None or row.retracted_at > as_of)

    def counts(row):
        return standing(row) and row.campaign == campaign and (brand is None or row.brand == brand)

    met = [row for row in touches if counts(row)]
    moved = [row for row in milestones if counts(row)]
    steps = [len({row.lead for row in moved if row.kind == Fact[fact]}) for fact in FUNNEL]
    return reports.Reach(len({row.observation for row in met}), len({survivor(row.person) for row in met}), *steps)
