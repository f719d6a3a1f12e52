"""Somebody comes to both showcases, under three spellings: one person, every contact in the ledger, and exactly the leads that the rules say."""

import msgspec
import pytest

from campaigns import events, occasions, registering, scheduling
from campaigns.lead_rules import LeadRule
from campaigns.registering import RegistrationBody
from campaigns.scheduling import EventSaid
from crm.database import current, transaction
from tests.campaigns.registering.coming import TOMORROW, the_source
from tests.cast import AT_THE_SHOW, DAY, NOON, fetch, open_chengdu, says, value, work

CHENGDU, SHANGHAI = "chengdu-drives", "shanghai-drives"
# The full name with a phone, the same as Latin letters with phone and mail, and a salutation with the mail in capitals.
SPELLINGS = (
    {"name": "王建国", "phone": "137 8899 7665"},
    {"name": "Wang Jianguo", "phone": "+86 13788997665", "email": "wang.jianguo@qq.com"},
    {"name": "王先生", "phone": "13788997665", "email": "WANG.JIANGUO@QQ.COM"},
)


@pytest.fixture(autouse=True)
async def both_shows(clean_tables, tmp_path):
    await open_chengdu(tmp_path)
    for code, rule in ((CHENGDU, LeadRule()), (SHANGHAI, LeadRule(when="attended"))):
        async with transaction():
            campaign = await occasions.campaign_of(code, at=NOON)
            stored = msgspec.json.encode(rule).decode()
            await current().execute("update campaign set lead_rule = $2 where id = $1", campaign, stored)
            said = EventSaid(name=code, starts_at=TOMORROW, ends_at=TOMORROW + 7 * DAY)
            event = await scheduling.add_event(code, said, campaign=campaign, actor="tester", at=NOON)
            await scheduling.open_event(event, actor="tester", at=NOON)


async def registers(event, spelling, *brands, at):
    said = {
        "external_id": f"{event}-{at.isoformat()}",
        "person": spelling,
        "place": AT_THE_SHOW,
        "wishes": [{"brand": brand} for brand in brands],
        "consents": [says(True, *brands)],
    }
    source = await the_source("registration-page")
    async with transaction():
        return await registering.register(
            msgspec.convert(said, RegistrationBody),
            event=await events.known(event),
            source=source,
            at=at,
            raw=msgspec.json.encode(said),
        )


async def test_three_spellings_at_two_shows_are_one_person_with_all_touchpoints_and_the_leads_of_the_rules():
    first, second, third = SPELLINGS
    await registers(CHENGDU, first, "aito", "luxeed", at=NOON)
    await registers(CHENGDU, second, "aito", at=NOON + DAY / 2)
    shanghai = await registers(SHANGHAI, third, "aito", at=NOON + DAY)
    await work(NOON + DAY)

    assert await value("select count(*) from person where merged_into is null") == 1
    assert await value("select count(distinct person) from touchpoint where retracted_at is null") == 1
    met = await fetch(
        """
        select event.code, brand.code as brand, count(*) from touchpoint
        join event on event.id = touchpoint.event join brand on brand.id = touchpoint.brand
        where retracted_at is null group by 1, 2 order by 1, 2
        """
    )
    assert [tuple(row) for row in met] == [(CHENGDU, "aito", 2), (CHENGDU, "luxeed", 1), (SHANGHAI, "aito", 1)]
    # Chengdu: one lead for its two brands, none for the brand again. Shanghai waits until they are there.
    assert await leads() == [(CHENGDU, "aito"), (CHENGDU, "luxeed")]

    async with transaction():
        await registering.mark_attended(shanghai.id, actor="tester", at=NOON + 2 * DAY)
    await work(NOON + 2 * DAY)

    assert await leads() == [(CHENGDU, "aito"), (CHENGDU, "luxeed"), (SHANGHAI, "aito")]


async def leads():
    rows = await fetch(
        """
        select campaign.code, brand.code as brand from interest
        join campaign on campaign.id = campaign join brand on brand.id = brand order by 1, 2
        """
    )
    return [tuple(row) for row in rows]
