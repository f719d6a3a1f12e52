"""From observations to persons in the database: order, doubts, merges by machine, hubs, races."""

import asyncio
from datetime import UTC, datetime
from itertools import count

import pytest

from crm import identity, normalise, people
from crm.database import current, transaction
from crm.identity import Observed
from crm.ids import uuid7
from crm.tables import Source

NOON = datetime(2025, 8, 29, 4, 0, tzinfo=UTC)
NUMBERS = count(1)


@pytest.fixture
async def desk():
    source = Source(code="desk-of-identity", kind="event_desk")
    await source.save()
    return source.id


@pytest.fixture
def observed(desk):
    def one(name="", *, phone=None, email=None, unionid=None, region=None):
        return Observed(
            id=uuid7(NOON),
            source=desk,
            external_id=f"CD{next(NUMBERS):06}",
            captured_at=NOON,
            received_at=NOON,
            region=region,
            name=normalise.name(name),
            phone=normalise.phone(phone) if phone else None,
            email=normalise.email(email) if email else None,
            wechat_account="alliance" if unionid else None,
            unionid=unionid,
            name_typed=name,
            phone_typed=phone,
        )

    return one


async def resolved(*observed):
    async with transaction():
        return await identity.resolve(observed, at=NOON)


async def asked(question, *values):
    async with transaction():
        return await current().fetchval(question, *values)


async def test_of_one_batch_the_later_sees_the_earlier(observed):
    first, second, third = await resolved(
        observed("杜泽鹏", phone="13512345670"),
        observed("李娜萌", phone="13912345671"),
        observed("Zepeng Du", phone="+86 135 1234 5670"),
    )

    assert first.person == third.person != second.person
    assert [one.outcome for one in (first, second, third)] == ["new", "new", "linked"]


async def test_of_two_batches_the_later_sees_the_earlier(observed):
    [first] = await resolved(observed("杜泽鹏", phone="13512345670", unionid="o1"))

    [second] = await resolved(observed("", unionid="o1"))

    assert (second.person, second.outcome) == (first.person, "linked")


async def test_a_phone_with_a_slip_is_found_under_the_same_name(observed):
    [first] = await resolved(observed("杜泽鹏", phone="13512345670"))

    linked = await resolved(
        observed("杜泽鹏", phone="13512345607"),
        observed("杜泽鹏", phone="13521345670"),
        observed("杜泽鹏", phone="135****5670", email="sunny@qq.com"),
    )

    assert {one.person for one in linked} == {first.person}


async def test_a_mailbox_named_after_a_phone_leads_to_its_owner(observed):
    [first] = await resolved(observed("杜泽鹏", email="13512345670@qq.com"))

    [second] = await resolved(observed("杜泽鹏", phone="13512345670"))

    assert second.person == first.person


async def test_a_doubt_becomes_a_provisional_person_and_a_question(observed):
    [known] = await resolved(observed("李明", phone="13512345670"))

    [doubtful] = await resolved(observed("李芳", phone="13512345670"))

    assert doubtful.outcome == "provisional"
    assert await asked("select status from person where id = $1", doubtful.person) == "provisional"
    assert await asked("select other from review_task where person = $1", doubtful.person) == known.person


async def test_a_newcomer_with_values_of_both_merges_two_persons(observed):
    first, second = await resolved(observed("杜泽鹏", phone="13512345670"), observed("杜泽鹏", email="sunny@qq.com"))
    assert first.person != second.person

    [bridge] = await resolved(observed("杜泽鹏", phone="13512345670", email="sunny@qq.com"))

    assert bridge.person == min(first.person, second.person)
    async with transaction():
        assert {member.person async for member in people.members()} == {bridge.person}


async def test_persons_found_to_be_apart_are_not_merged_by_a_newcomer(observed):
    first, second = await resolved(observed("杜泽鹏", phone="13512345670"), observed("杜泽鹏", email="sunny@qq.com"))
    async with transaction():
        await people.keep_apart(first.person, second.person, actor="staff:1", at=NOON)

    await resolved(observed("杜泽鹏", phone="13512345670", email="sunny@qq.com"))

    assert await asked("select count(*) from merge") == 0


async def test_a_phone_of_many_names_is_remembered_as_a_hub(observed):
    names = ["杜泽鹏", "李娜萌", "王超伟", "孙博桂", "陈芳芳", "赵静璐"]

    await resolved(*(observed(name, phone="13512345670") for name in names))

    assert await asked("select distinct_names from hub_value") == len(names)
    [later] = await resolved(observed("杜先生", phone="13512345670"))
    assert later.outcome != "linked"


async def test_every_link_can_be_explained(observed):
    [one, *_] = await resolved(
        observed("杜泽鹏", phone="13512345670", region="510104"),
        observed("杜先生", phone="13512345670", region="510107"),
    )

    async with transaction():
        first, second = await identity.explain(one.person)

    assert (first.outcome, first.parts, second.outcome) == ("new", [], "linked")
    assert [part["name"] for part in second.parts] == ["phone_equal", "name_fits", "city_same"]
    assert second.score == pytest.approx(sum(part["points"] for part in second.parts))


async def test_nothing_personal_is_stored_in_clear(observed):
    await resolved(observed("杜泽鹏", phone="13512345670", email="zepengdu7396@163.com", unionid="o182446321931690252"))

    async with transaction():
        dump = str([list(await current().fetch(f"select * from {table}")) for table in ("observation", "identity_key")])

    assert not [value for value in ("杜泽鹏", "13512345670", "zepengdu", "o1824463219") if value in dump]


async def test_fifty_at_once_from_a_new_phone_are_one_person(observed):
    crowd = [observed("杜泽鹏", phone="13512345670") for _ in range(50)]

    placed = await asyncio.gather(*(resolved(one) for one in crowd))

    assert len({one.person for [one] in placed}) == 1
