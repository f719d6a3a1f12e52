"""Channels and their links: who comes is counted once, known by nothing but a random number, until they say who they are."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from campaigns import channels, landings, touchpoints
from campaigns.planning import stages
from crm.database import transaction
from crm.errors import Invalid, NotThere
from crm.ids import uuid7
from tests.campaigns.plans import ME, a_channel, a_draft, a_live_one, an_event
from tests.cast import NOON, fetch

BROWSER = {"user-agent": "Mozilla/5.0 (iPhone) MicroMessenger/8.0"}


async def arrived(slug, visitor, at=NOON):
    async with transaction():
        return await landings.arrive(await landings.way(slug, at=at), visitor, at=at)


async def the_channel(campaign):
    async with transaction():
        return (await channels.of_campaign(campaign))[0]


async def test_a_link_leads_to_the_open_registration_and_says_where_one_came_from():
    campaign = await a_live_one("cd-show")
    slug = (await the_channel(campaign)).slug

    async with transaction():
        way = await landings.way(slug, at=NOON)

    assert (way.state, way.target) == (
        "open",
        "/e/cd-show-1?c=CD-POSTER&utm_source=CD-POSTER&utm_medium=poster&utm_campaign=cd-show",
    )


async def test_of_two_open_events_the_one_that_is_over_is_left_out():
    campaign = await a_live_one("cd-show")
    await an_event(campaign, "later", first=NOON.date() + timedelta(days=20), last=NOON.date() + timedelta(days=21))
    slug = (await the_channel(campaign)).slug

    async with transaction():
        way = await landings.way(slug, at=NOON + timedelta(days=12))

    assert way.target is not None
    assert way.target.startswith("/e/later?")


async def test_before_anything_is_open_a_link_says_so():
    campaign = await a_draft()
    await an_event(campaign)
    slug = (await a_channel(campaign)).slug

    async with transaction():
        assert (await landings.way(slug, at=NOON))[3:] == ("not_open", None)


@pytest.mark.parametrize("what", ["channel", "campaign"])
async def test_a_link_of_what_ended_says_that_it_ended(what):
    campaign = await a_live_one()
    channel = await the_channel(campaign)
    async with transaction():
        if what == "channel":
            await channels.close(channel, actor=ME, at=NOON)
        else:
            await stages.close(campaign, reason="storm", actor=ME, at=NOON)

    async with transaction():
        assert (await landings.way(channel.slug, at=NOON)).state == "closed"


async def test_a_link_that_nobody_gave_out_is_not_there():
    with pytest.raises(NotThere):
        async with transaction():
            await landings.way("zzzzzzz", at=NOON)


async def test_a_visitor_counts_once_in_half_an_hour_at_each_link():
    campaign, visitor = await a_live_one(), uuid4()
    first, second = await the_channel(campaign), await a_channel(campaign, "SMS")

    counted = [await arrived(first.slug, visitor, NOON + timedelta(minutes=after)) for after in (0, 29, 31)]
    counted.append(await arrived(second.slug, visitor, NOON + timedelta(minutes=31)))

    assert counted == [True, False, True, True]


async def test_a_visitor_who_taps_many_times_at_once_counts_once():
    campaign, visitor = await a_live_one(), uuid4()
    slug = (await the_channel(campaign)).slug

    counted = await asyncio.gather(*(arrived(slug, visitor) for _ in range(8)))

    assert sorted(counted) == [False] * 7 + [True]


async def test_a_landing_keeps_a_number_a_channel_and_a_time_and_nothing_else():
    campaign, visitor = await a_live_one(), uuid4()
    channel = await the_channel(campaign)

    await arrived(channel.slug, visitor)

    [row] = await fetch("select * from touchpoint where kind = 10")
    kept = {name: value for name, value in row.items() if value is not None and name != "id"}
    assert kept == {
        "person": visitor,
        "kind": 10,
        "campaign": campaign,
        "channel": channel.id,
        "at": NOON,
        "recorded_at": NOON,
    }


async def test_a_visitor_who_becomes_known_takes_their_landings_along():
    campaign, visitor, stranger = await a_live_one(), uuid4(), uuid4()
    slug, person, observation = (await the_channel(campaign)).slug, uuid7(NOON), uuid7(NOON)
    await arrived(slug, visitor)
    await arrived(slug, stranger)
    later = NOON + timedelta(hours=1)

    async with transaction():
        moved = await touchpoints.adopt(visitor, person=person, observation=observation, at=later)
        again = await touchpoints.adopt(visitor, person=uuid7(NOON), observation=uuid7(NOON), at=later)

    rows = await fetch(
        "select person, observation, at, retracted_at from touchpoint where kind = 10 order by recorded_at, person = $1 desc",
        visitor,
    )
    assert (moved, again) == (1, 0)
    assert [tuple(row) for row in rows] == [
        (visitor, None, NOON, later),
        (stranger, None, NOON, None),
        (person, observation, NOON, None),
    ]


def test_only_a_number_of_our_own_making_names_a_visitor():
    ours = uuid4()

    assert landings.visitor_of(str(ours)) == ours
    assert [landings.visitor_of(said) for said in (None, "", "me", str(uuid7(NOON)))] == [None] * 4


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("HEAD", {}),
        ("GET", {"user-agent": "Googlebot/2.1"}),
        ("GET", {"user-agent": ""}),
        ("GET", {"sec-purpose": "prefetch;prerender"}),
        ("GET", {"purpose": "prefetch"}),
        ("GET", {"user-agent": "curl/8"}),
    ],
)
def test_machines_that_only_look_are_nobody(method, headers):
    assert landings.is_somebody("GET", BROWSER)
    assert not landings.is_somebody(method, BROWSER | headers)


async def test_codes_are_once_in_a_campaign_and_slugs_once_in_the_house():
    one, other = await a_draft("one"), await a_draft("two")
    first, second = await a_channel(one), await a_channel(other)

    assert first.slug != second.slug
    assert set(first.slug) <= set(channels.ALPHABET)
    with pytest.raises(Invalid):
        await a_channel(one, "cd-poster")
