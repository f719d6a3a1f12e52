"""Audiences: who fits a question, who is left out and why, and what a brand's own people may ask and read."""

from datetime import timedelta

import msgspec
import pytest

from campaigns import audiences
from campaigns.audiences import Filter, asking, counting
from campaigns.invitations import mailings, telling
from campaigns.invitations.deciding import Asked
from crm.database import transaction
from crm.errors import Invalid, NotThere
from crm.ids import uuid7
from crm.roles import visible_to
from tests.campaigns import mailing as m
from tests.campaigns.test_sending import drives
from tests.cast import DU, LI, NOON, a_lead, colleague, open_chengdu, person_of, says, value, wants


@pytest.fixture
async def leads(clean_tables, tmp_path):
    """王建国 wants an AITO, 李娜萌 a Luxeed, 杜泽鹏 both; nobody has an order."""
    await open_chengdu(tmp_path)
    marketing = {"purpose": "alliance_marketing"}
    wang = await a_lead(consents=[says(True, "aito"), says(True, "aito", **marketing)])
    li = await a_lead(
        person=LI, interests=[wants("luxeed")], consents=[says(True, "luxeed"), says(True, "luxeed", **marketing)]
    )
    du = await a_lead(
        person=DU | {"email": "du@example.com"},
        interests=[wants("aito"), wants("luxeed")],
        consents=[says(True, "aito", "luxeed"), says(True, "aito", "luxeed", **marketing)],
    )
    return [await person_of(lead) for lead in (wang, li, du)]


async def members(filter_, *, scope=None, at=NOON):
    scope = scope or await m.alliance()
    async with transaction():
        return set(await asking.members(filter_, scope, at=at))


async def test_an_audience_without_conditions_is_everybody_in_sight(leads):
    assert await members(Filter()) == set(leads)
    aito = visible_to(await colleague("brand_marketer"))
    assert await members(Filter(), scope=aito) == {leads[0], leads[2]}


async def test_people_fit_by_the_brand_that_they_are_interested_in(leads):
    assert await members(Filter(brands=[await m.brand("luxeed")])) == {leads[1], leads[2]}


async def test_people_fit_by_how_far_they_came(leads):
    assert await members(Filter(stage_from="lead")) == set(leads)
    assert await members(Filter(stage_from="order")) == set()
    assert await members(Filter(stage_to="lead")) | await members(Filter(stage_from="offered")) == set(leads)


async def test_people_fit_by_where_they_are_and_which_campaign_met_them(leads):
    met = await value("select id from campaign where code = 'chengdu-2025'")

    assert await members(Filter(regions=["510000"])) == set(leads)
    assert await members(Filter(regions=["310000"])) == set()
    assert await members(Filter(campaigns=[met])) == set(leads)


async def test_people_fit_by_the_car_that_they_drive(leads):
    await drives(leads[1], "luxeed")

    assert await members(Filter(owns=[await m.brand("luxeed")])) == {leads[1]}


async def test_people_fit_by_the_event_that_they_registered_for_and_whether_they_came(leads):
    event = await registered(leads[0])

    assert await members(Filter(events=[event])) == {leads[0]}
    assert await members(Filter(events=[event], attended=True)) == set()
    assert await members(Filter(attended=False)) == {leads[0]}


async def test_whom_somebody_wrote_to_lately_can_be_left_alone(leads):
    async with transaction() as connection:
        await connection.execute(
            "insert into contact_use (id, person, kind, channel, message, reserved_at, sent_at) values ($1, $2, 'brand', 'email', $1, $3, $3)",
            uuid7(NOON),
            leads[0],
            NOON - timedelta(days=10),
        )

    assert await members(Filter(quiet_days=9)) == set(leads)
    assert await members(Filter(quiet_days=11)) == {leads[1], leads[2]}


async def test_every_condition_can_be_asked_together(leads):
    everything = Filter(
        brands=[1], models=[1], regions=["510000"], stage_from="lead", stage_to="order", campaigns=[1], events=[1],
        attended=True, owns=[1], consented="email", quiet_days=3,
    )  # fmt: skip

    assert await members(everything) == set()
    assert await members(everything, scope=visible_to(await colleague("brand_marketer"))) == set()


async def test_a_count_says_who_is_left_out_and_why(leads):
    scope = await m.alliance()
    async with transaction():
        told = await counting.forecast(Filter(), Asked(kind="brand", channel="email", brand=1), scope, at=NOON)

    assert (told.total, told.reached.count) == (3, 1)
    assert {reason: cell.count for reason, cell in told.excluded.items()} == {"no_consent": 1, "no_address": 1}


async def theirs(*, filter_=None, channel="email"):
    """What somebody of AITO is told of an audience."""
    aito = visible_to(await colleague("brand_marketer"))
    asked = Asked(kind="brand", channel=channel, brand=await m.brand("aito"))
    async with transaction():
        told = await counting.forecast(filter_ or Filter(), asked, aito, at=NOON)
    return str(told.reached), {reason: str(cell) for reason, cell in told.excluded.items()}


async def test_of_an_audience_of_few_a_brands_people_are_told_the_same_whatever_others_know(leads):
    before = await theirs(channel="sms")
    await drives(leads[0], "luxeed")

    assert before == await theirs(channel="sms") == ("<5", {})


@pytest.mark.parametrize(("of_others", "others"), [(0, "<5"), (1, "<5"), (4, "<5"), (5, "5")])
async def test_what_happens_because_of_other_brands_is_one_number_that_is_told_when_it_is_nothing_too(
    of_others, others
):
    aito = visible_to(await colleague("brand_marketer"))
    counts = {"sister_owner": of_others - of_others // 2, "bounced": of_others // 2, "no_consent": 1}

    told = counting.shown(counts, aito, of=10)

    assert {reason: str(cell) for reason, cell in told.items()} == {"no_consent": "1", "others": others}


@pytest.mark.parametrize(("owners", "is_told"), [(0, "<5"), (1, "<5"), (5, "5")])
async def test_a_brands_people_read_of_their_mailing_what_they_read_of_its_audience(owners, is_told):
    persons = await m.people(12)
    for person in persons[:owners]:
        await drives(person, "luxeed")
    campaign, aito, ours = await m.a_campaign(), visible_to(await colleague("brand_marketer")), await m.alliance()
    mailing = await m.a_mailing(campaign)
    await m.send()

    async with transaction():
        told, all_told = [telling.of(await mailings.counts(mailing, it, at=NOON), it) for it in (aito, ours)]

    assert str(told.reasons["others"]) == is_told
    assert (str(told.gone), str(told.not_sent)) == (("10", "<5") if owners < 5 else ("7", "5"))
    assert (all_told.gone.count, all_told.not_sent.count) == (12 - owners, owners)


@pytest.mark.parametrize(("role", "done"), [("brand_marketer", "<5"), ("alliance_marketer", "1")])
async def test_the_news_that_a_mailing_is_done_tells_no_more_than_its_page(leads, role, done):
    await m.a_mailing(await m.a_campaign(), scope=visible_to(await colleague(role)))

    await m.send()

    assert await value("select details::jsonb ->> 'done' from notification where kind = 'mailing_done'") == done


async def test_a_brands_people_ask_by_no_other_brand(leads):
    actor, luxeed = await colleague("brand_marketer"), await m.brand("luxeed")

    with pytest.raises(Invalid):
        async with transaction():
            await audiences.create("theirs", Filter(owns=[luxeed]), brand=actor.brand, actor=actor, at=NOON)


async def test_where_somebody_lives_is_asked_of_what_the_brand_itself_was_told(leads):
    await a_lead(
        person=DU | {"email": "du@example.com"},
        interests=[wants("luxeed")],
        consents=[says(True, "luxeed")],
        place={"address": "上海市徐汇区虹漕路461号"},
    )
    shanghai = Filter(regions=["310000"])

    assert await members(shanghai) == {leads[2]}
    assert await members(shanghai, scope=visible_to(await colleague("brand_marketer"))) == set()


async def met(person, campaign, *, brand=None):
    """They met in this campaign, and no brand was named; and were written to in it."""
    async with transaction() as connection:
        facts = uuid7(NOON), person, campaign, NOON, brand
        await connection.execute(
            "insert into touchpoint (id, person, kind, campaign, at, recorded_at, brand) values ($1, $2, 1, $3, $4, $4, $5)",
            *facts,
        )
        await connection.execute(
            "insert into mailing (id, campaign, name, channel, priority, audience, language, created_by, created_at) "
            "select $1, $2, 'x', 'sms', 2, audience.id, 'en', created_by, $3 from audience limit 1",
            facts[0],
            campaign,
            NOON,
        )
        await connection.execute(
            "insert into message (id, kind, priority, mailing, campaign, channel, person, language, due_at) "
            "values ($1, 'joint', 2, $1, $3, 'sms', $2, 'en', $4)",
            *facts[:4],
        )
        await connection.execute(
            "insert into contact_use (id, person, kind, channel, message, reserved_at, sent_at) values ($1, $2, 'joint', 'sms', $1, $3, $3)",
            facts[0],
            person,
            NOON,
        )


@pytest.mark.parametrize(("partners", "is_theirs"), [(("luxeed",), False), (("luxeed", "aito"), True)])
async def test_what_belongs_to_no_brand_counts_for_a_brand_in_its_own_campaigns_alone(leads, partners, is_theirs):
    campaign, aito = await m.a_campaign("others", *partners), visible_to(await colleague("brand_marketer"))
    await m.a_mailing(campaign, by="luxeed")
    await met(leads[0], campaign)
    mine = {leads[0], leads[2]}

    assert await members(Filter(campaigns=[campaign])) == {leads[0]}
    assert await members(Filter(campaigns=[campaign]), scope=aito) == ({leads[0]} if is_theirs else set())
    assert await members(Filter(quiet_days=9), scope=aito) == (mine - {leads[0]} if is_theirs else mine)


@pytest.mark.parametrize("path", ["campaigns", "events"])
async def test_a_brands_people_ask_by_no_campaign_of_others(leads, path):
    actor, campaign = await colleague("brand_marketer"), await m.a_campaign("others", "luxeed")
    event = await value("insert into event (campaign, code, name) values ($1, 'E2', 'Evening') returning id", campaign)
    asked = msgspec.convert({path: [campaign if path == "campaigns" else event]}, Filter)

    with pytest.raises(Invalid):
        async with transaction():
            await audiences.create("theirs", asked, brand=actor.brand, actor=actor, at=NOON)
    scope = await m.alliance()
    async with transaction():
        assert await audiences.create("ours", asked, brand=None, actor=scope.actor, at=NOON)


async def test_another_brands_audience_is_not_there_and_a_newer_one_is_not_overwritten(leads):
    scope = await m.alliance()
    luxeed = await m.brand("luxeed")
    async with transaction():
        made = await audiences.create("theirs", Filter(), brand=luxeed, actor=scope.actor, at=NOON)
    aito = visible_to(await colleague("brand_marketer"))

    with pytest.raises(NotThere):
        async with transaction():
            await audiences.find(made, aito)
    with pytest.raises(audiences.AudienceIsNewer):
        async with transaction():
            known = await audiences.find(made, scope)
            await audiences.change(known, "x", Filter(), version=0, actor=scope.actor, at=NOON)


async def registered(person):
    async with transaction() as connection:
        event = await connection.fetchval("select id from event limit 1") or await connection.fetchval(
            "insert into event (campaign, code, name) select id, 'E1', 'Evening' from campaign limit 1 returning id"
        )
        await connection.execute(
            "insert into registration (id, event, campaign, observation, person, source, external_id, body_hash, language, sealed, "
            "state, registered_at) "
            "select $1, event.id, event.campaign, link.observation, $2, observation.source, 'R1', 'x', 'en', 'x', 'confirmed', $3 "
            "from event, link join observation on observation.id = link.observation where link.person = $2 and event.id = $4 limit 1",
            uuid7(NOON),
            person,
            NOON,
            event,
        )
        return event
