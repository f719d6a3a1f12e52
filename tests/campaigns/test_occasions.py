"""Whatever a lead calls its campaign, event or booth, there is one; unknown ones are found once."""

import asyncio
from datetime import UTC, datetime

import pytest

from campaigns import occasions, showcases
from campaigns.occasions import Known, Occasion
from crm.database import current, transaction

NOW = datetime(2025, 9, 3, tzinfo=UTC)


@pytest.fixture(autouse=True)
async def planned(clean_tables):
    async with transaction():
        await showcases.seed(at=NOW)


async def locate(*said):
    async with transaction():
        return await occasions.locate(said, at=NOW)


async def test_a_spreadsheet_names_the_show_and_a_system_its_code():
    by_name, by_code = Occasion(event="成都车展2025 联盟展台"), Occasion("chengdu-2025", "chengdu-2025")

    known = await locate(by_name, by_code)

    assert known[by_name] == known[by_code]
    assert None not in known[by_name][:2]


async def test_what_nobody_planned_is_found_once_however_many_ask():
    said = [Occasion("spring"), Occasion(event="Harbour show", booth="A"), Occasion("spring", "Night", "B"), Occasion()]

    answers = await asyncio.gather(*(locate(*said[index % 2 :], *said) for index in range(10)))

    assert all(answer == answers[0] for answer in answers)
    async with transaction():
        rows = await current().fetch("select code, status from campaign where status = 'found' order by code")
        assert [row["code"] for row in rows] == ["Harbour show", "spring"]
        assert await current().fetchval("select count(*) from booth") == 2


async def test_a_brand_may_run_its_own_campaign_at_the_joint_show():
    own = Occasion("aito-roadshow", "chengdu-2025")

    known = (await locate(own))[own]

    async with transaction():
        assert known.campaign == await occasions.campaign_of("aito-roadshow", at=NOW)
        assert known.event == await occasions.event_of("chengdu-2025", at=NOW)
        assert known.campaign != await occasions.campaign_of("chengdu-2025", at=NOW)


async def test_a_booth_without_an_event_is_not_kept():
    assert await locate(Occasion(booth="A"), Occasion()) == {Occasion(booth="A"): Known(), Occasion(): Known()}


async def test_the_showcases_are_planned_once_with_equal_partners():
    async with transaction():
        await showcases.seed(at=NOW)
        shows = await current().fetch(
            "select code, status, ends_on - starts_on + 1 as days from campaign order by code"
        )
        partners = await current().fetch(
            "select campaign, count(*), sum(share_part / share_of::numeric) from partner group by campaign"
        )

    assert [tuple(show) for show in shows] == [("chengdu-2025", "live", 10), ("shanghai-2025", "scheduled", 6)]
    assert [tuple(row)[1:] for row in partners] == [(5, 1), (5, 1)]
