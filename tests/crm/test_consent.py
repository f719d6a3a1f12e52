"""The gate: the latest answer decides, a no is stronger than a yes of the same moment, and two histories become the stricter one."""

from datetime import timedelta
from itertools import count
from uuid import UUID, uuid4

import asyncpg
import pytest

from crm import consent, people
from crm.consent import Answer
from crm.database import current, insert, transaction
from crm.ids import uuid7
from crm.tables import Person
from tests.cast import NOON, fetch, value

HOUR = timedelta(hours=1)
AITO, LUXEED = "aito", "luxeed"

_seconds = count(1)


async def somebody() -> UUID:
    """A person older than those who come after: of a merge, the first one survives."""
    async with transaction():
        person = uuid7(NOON + timedelta(seconds=next(_seconds)))
        await insert([Person(id=person, status="active", created_at=NOON)])
        return person


async def answers(person, state, *, at=NOON, brand=AITO, channel=None, purpose="share_with_dealer"):
    async with transaction():
        brand_id = await current().fetchval("select id from brand where code = $1", brand)
        answer = Answer(purpose, brand_id, state, channel)
        await consent.record([answer], person=person, captured_at=at, at=at, actor="tester", evidence=b"said")


async def may_share(person, *, brand=AITO):
    async with transaction():
        brand_id = await current().fetchval("select id from brand where code = $1", brand)
        return consent.may_share((await consent.standing([person])).get(person, []), brand=brand_id) is not None


async def refuses(person, *, brand=AITO):
    async with transaction():
        brand_id = await current().fetchval("select id from brand where code = $1", brand)
        return consent.refuses_dealers((await consent.standing([person])).get(person, []), brand=brand_id)


async def merge(*persons, at):
    async with transaction():
        [merge_id] = await people.merge(*persons, actor="staff:1", reason="one card", at=at)
        return merge_id


async def test_nobody_is_shared_who_said_nothing_and_nobody_refused_either():
    person = await somebody()

    assert (await may_share(person), await refuses(person)) == (False, False)


async def test_the_latest_answer_decides_whenever_it_was_recorded():
    person = await somebody()

    await answers(person, "withdrawn", at=NOON + HOUR)
    await answers(person, "given", at=NOON)

    assert not await may_share(person)
    await answers(person, "given", at=NOON + 2 * HOUR)
    assert await may_share(person)


@pytest.mark.parametrize("order", [("given", "withdrawn"), ("withdrawn", "given")])
async def test_of_a_yes_and_a_no_of_the_same_moment_the_no_stands(order):
    person = await somebody()

    for state in order:
        await answers(person, state)

    assert (await may_share(person), await refuses(person)) == (False, True)


async def test_a_brand_is_not_spoken_for_by_the_consent_to_another():
    person = await somebody()

    await answers(person, "given", brand=LUXEED)

    assert (await may_share(person), await may_share(person, brand=LUXEED)) == (False, True)


async def test_consent_to_marketing_or_to_the_brand_is_no_consent_to_dealers():
    person = await somebody()

    await answers(person, "given", purpose="alliance_marketing")
    await answers(person, "given", purpose="share_with_brand")

    assert not await may_share(person)


async def test_a_general_no_ends_earlier_channels_and_a_later_channel_speaks_again():
    person = await somebody()
    await answers(person, "given", channel="phone")
    await answers(person, "withdrawn", at=NOON + HOUR)
    assert (await may_share(person), await refuses(person)) == (False, True)

    await answers(person, "given", channel="sms", at=NOON + 2 * HOUR)

    assert (await may_share(person), await refuses(person)) == (True, False)


async def test_a_no_to_one_channel_leaves_the_general_yes():
    person = await somebody()
    await answers(person, "given")

    await answers(person, "withdrawn", channel="sms", at=NOON + HOUR)

    assert (await may_share(person), await refuses(person)) == (True, False)


async def test_a_withdrawal_that_a_merge_brought_in_counts_from_the_merge_until_the_person_speaks_again():
    person, other = await somebody(), await somebody()
    await answers(other, "withdrawn", at=NOON)
    await answers(person, "given", at=NOON + HOUR)

    await merge(person, other, at=NOON + 2 * HOUR)

    assert not await may_share(person)
    await answers(person, "given", at=NOON + 3 * HOUR)
    assert await may_share(person)


async def test_unmerge_gives_the_consent_back():
    person, other = await somebody(), await somebody()
    await answers(other, "withdrawn", at=NOON)
    await answers(person, "given", at=NOON + HOUR)
    merge_id = await merge(person, other, at=NOON + 2 * HOUR)

    async with transaction():
        await people.unmerge(merge_id, actor="staff:1", at=NOON + 3 * HOUR)

    assert (await may_share(person), await may_share(other)) == (True, False)


async def test_a_no_that_was_taken_back_before_a_merge_does_not_come_alive_again():
    person, other = await somebody(), await somebody()
    await answers(other, "withdrawn", at=NOON)
    await answers(other, "given", at=NOON + HOUR)

    await merge(person, other, at=NOON + 2 * HOUR)

    assert await may_share(person)


async def test_a_no_goes_along_through_every_further_merge():
    person, middle, last = await somebody(), await somebody(), await somebody()
    await answers(last, "withdrawn", at=NOON)
    await merge(middle, last, at=NOON + HOUR)
    await answers(person, "given", at=NOON + 2 * HOUR)

    await merge(person, middle, at=NOON + 3 * HOUR)

    assert not await may_share(person)


async def test_a_yes_between_two_merges_holds_through_the_second():
    person, middle, last = await somebody(), await somebody(), await somebody()
    await answers(last, "withdrawn", at=NOON)
    await merge(middle, last, at=NOON + HOUR)
    await answers(middle, "given", at=NOON + 2 * HOUR)

    await merge(person, middle, at=NOON + 3 * HOUR)

    assert await may_share(person)


async def test_giving_and_withdrawing_are_told_and_noted_without_a_word_about_the_person():
    person = await somebody()
    brand = await value("select id from brand where code = 'aito'")

    async with transaction():
        await consent.give(person, purpose="share_with_dealer", brands=[brand], at=NOON, actor="staff:cli")
        await consent.withdraw(person, purpose="share_with_dealer", brands=[brand], at=NOON + HOUR, actor="staff:cli")

    told = await fetch("select kind, person from change order by id")
    assert [tuple(row) for row in told] == [("consent_given", person), ("consent_withdrawn", person)]
    noted = await fetch("select actor, action, subject from history_entry order by id")
    assert [tuple(row) for row in noted] == [
        ("staff:cli", "consent_given", str(person)), ("staff:cli", "consent_withdrawn", str(person)),
    ]  # fmt: skip


async def test_an_answer_about_marketing_is_kept_and_told_to_nobody():
    await answers(await somebody(), "given", purpose="alliance_marketing")

    assert await value("select count(*) from consent") == 1
    assert await value("select count(*) from change") == 0


async def test_an_answer_is_never_changed_or_deleted():
    await answers(await somebody(), "withdrawn")

    for attempt in ("update consent set state = 'given'", "delete from consent"):
        with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
            await fetch(attempt)


@pytest.mark.parametrize(
    ("said", "may"),
    [
        ([("given", None, 0)], True),
        ([("given", "email", 0)], True),
        ([("given", "sms", 0)], False),
        ([("given", None, 0), ("withdrawn", "email", 1)], False),
        ([("given", None, 0), ("withdrawn", "sms", 1)], True),
        ([("withdrawn", None, 0), ("given", "email", 1)], True),
        ([("given", "email", 0), ("withdrawn", None, 1)], False),
        ([("given", None, 1), ("withdrawn", "email", 0)], True),
        ([("given", "email", 0), ("withdrawn", None, 0)], False),
        ([], False),
    ],
)
def test_a_brand_may_write_on_a_yes_that_no_later_no_outlasts(said, may):
    noon = NOON
    standings = [
        consent.Standing("alliance_marketing", 1, channel, state, uuid4(), noon + timedelta(minutes=minute))
        for state, channel, minute in said
    ]

    assert (consent.may_contact(standings, brand=1, channel="email") is not None) == may
    assert consent.may_contact(standings, brand=2, channel="email") is None
