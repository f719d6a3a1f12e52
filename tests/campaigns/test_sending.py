"""Mailings on their way: who gets them, who does not and why, and when they could."""

from datetime import timedelta

import pytest

from campaigns.invitations import mailings, outcomes, sending, starting, tokens, unsubscribing
from campaigns.piccolo_migrations.campaigns_2026_11_29t18_20_01_000000 import GIVE_BACK
from campaigns.senders import Sent, sink
from campaigns.senders.letters import Outcome
from crm import consent
from crm import people as crm_people
from crm.database import statement, transaction
from crm.ids import uuid7
from tests.campaigns import mailing as m
from tests.cast import NOON, fetch, value


async def test_everybody_who_agreed_gets_the_mailing_and_a_contact_is_noted():
    persons = await m.people(3)
    mailing = await m.a_mailing(await m.a_campaign())

    await m.send()

    assert await m.fates(mailing) == {("sent", None): 3}
    assert await value("select state from mailing") == "done"
    touches = await fetch("select person, brand from touchpoint where kind = 7 order by person")
    assert [row["person"] for row in touches] == sorted(persons)
    assert {row["brand"] for row in touches} == {await m.brand("aito")}
    assert await value("select count(*) from sent_sample") == 3


async def test_who_never_agreed_or_took_it_back_gets_nothing_and_the_reason_says_which():
    [agreed, withdrew] = await m.people(2)
    await m.people(1, brands=("luxeed",))
    mailing = await m.a_mailing(await m.a_campaign())
    await m.start(mailing)
    aito = await m.brand("aito")
    async with transaction():
        await consent.withdraw(withdrew, purpose="alliance_marketing", brands=[aito], at=NOON, actor="tester")

    await m.send()

    assert await m.fates(mailing) == {
        ("sent", None): 1,
        ("suppressed", "unsubscribed"): 1,
        ("suppressed", "no_consent"): 1,
    }
    assert await value("select person from message where state = 'sent'") == agreed


async def test_at_night_messages_wait_until_the_morning():
    await m.people(1)
    late = NOON.replace(hour=13)  # 21:00 in Chengdu
    mailing = await m.a_mailing(await m.a_campaign(), at=late)

    await m.send(late)

    assert await m.fates(mailing) == {("queued", "quiet_hours"): 1}
    assert await value("select next_at from message") == NOON.replace(day=30, hour=0)
    await m.send(NOON.replace(day=30, hour=0))
    assert await m.fates(mailing) == {("sent", None): 1}


async def test_the_third_message_within_seven_days_is_held_back_and_says_when_it_could_go():
    await m.people(1, brands=("aito", "luxeed", "stelato"))
    campaign, hour = await m.a_campaign(), timedelta(hours=1)
    for place, brand in enumerate(("aito", "luxeed")):
        await m.a_mailing(campaign, by=brand, at=NOON + place * hour)
        await m.send(NOON + place * hour)

    third = await m.a_mailing(campaign, by="stelato", at=NOON + 2 * hour)
    await m.send(NOON + 2 * hour)

    assert await m.fates(third) == {("suppressed", "budget"): 1}
    [row] = await fetch("select detail, next_at from message where mailing = $1", third.id)
    assert row["detail"] == '{"last": "brand", "used": 2, "budget": 2}'
    first = await value("select min(sent_at) from contact_use")
    assert row["next_at"] == first + timedelta(days=7)


async def test_who_was_held_back_gets_the_message_when_somebody_tries_again_later():
    await m.people(1, brands=("aito", "luxeed", "stelato"))
    campaign, scope = await m.a_campaign(), await m.alliance()
    for brand in ("aito", "luxeed", "stelato"):
        last = await m.a_mailing(campaign, by=brand, scope=scope)
        await m.send()
    assert await m.fates(last) == {("suppressed", "budget"): 1}

    later = NOON + timedelta(days=7, minutes=1)
    async with transaction():
        known = await mailings.find(last.id, campaign, scope)
        assert await mailings.retry(known, actor=scope.actor, at=later) == 1
    await m.send(later)

    assert await m.fates(last) == {("sent", None): 1}


async def test_a_joint_mailing_goes_before_a_brands_that_was_queued_earlier():
    await m.people(1, brands=("aito", "luxeed", "stelato"))
    campaign = await m.a_campaign()
    await m.a_mailing(campaign, by="stelato")
    await m.send()
    later = NOON + timedelta(minutes=1)
    brands = await m.a_mailing(campaign, by="aito")
    await m.start(brands)
    joint = await m.a_mailing(campaign, by=None)
    await m.start(joint)

    await m.send(later)
    await m.send(later + timedelta(seconds=5))

    assert await m.fates(joint) == {("sent", None): 1}
    assert await m.fates(brands) == {("suppressed", "budget"): 1}
    assert '"last": "joint"' in await value("select detail from message where mailing = $1", brands.id)


async def test_a_joint_message_speaks_for_the_brands_alone_that_may_write_to_the_person():
    await m.people(1, brands=("luxeed", "shangjie"))
    await m.a_mailing(await m.a_campaign("spring", "aito", "luxeed", "stelato"), by=None)

    await m.send()

    assert await value("select brands from message") == [await m.brand("luxeed")]
    async with transaction():
        [sample] = await sink.newest()
    assert "智界" in sample.letter.text
    assert "问界" not in sample.letter.text


async def test_owners_of_a_sister_brands_car_are_spared_by_a_brand_and_invited_by_the_alliance():
    [owner] = await m.people(1, brands=("aito",))
    await drives(owner, "luxeed")
    campaign = await m.a_campaign()

    brands = await m.a_mailing(campaign, by="aito")
    joint = await m.a_mailing(campaign, by=None)
    await m.send()

    assert await m.fates(brands) == {("suppressed", "sister_owner"): 1}
    assert await m.fates(joint) == {("sent", None): 1}


async def test_a_mailing_whose_time_passed_while_nobody_worked_asks_before_it_goes_on():
    await m.people(1)
    scope, campaign = await m.alliance(), await m.a_campaign()
    mailing = await m.a_mailing(campaign, scope=scope, due_at=NOON)
    morning_after = NOON + timedelta(days=1)

    await m.send(morning_after)

    assert await value("select state from mailing") == "held"
    assert await value("select count(*) from message") == 0
    async with transaction():
        known = await mailings.find(mailing.id, campaign, scope)
        await mailings.resume(known, actor=scope.actor, at=morning_after)
    await m.send(morning_after)
    assert await m.fates(mailing) == {("sent", None): 1}


async def test_a_running_mailing_that_slept_for_hours_asks_too():
    await m.people(1)
    await m.send(NOON - timedelta(minutes=2))  # somebody worked until then
    mailing = await m.a_mailing(await m.a_campaign())
    await m.start(mailing)

    await m.send(NOON + timedelta(hours=3))

    assert await value("select state from mailing") == "held"
    assert await m.fates(mailing) == {("queued", None): 1}


async def test_what_a_dead_sender_held_is_sent_after_its_lease_and_counts_once():
    await m.people(1)
    mailing = await m.a_mailing(await m.a_campaign())
    await m.start(mailing)
    async with transaction():
        assert len(await sending._held(await sending._due(9, at=NOON), uuid7(NOON), at=NOON)) == 1

    await m.send(NOON + timedelta(minutes=1))
    assert await m.fates(mailing) == {("sending", None): 1}
    await m.send(NOON + sending.LEASE)

    assert await m.fates(mailing) == {("sent", None): 1}
    assert await value("select count(*) from contact_use") == 1


async def test_what_somebody_stops_while_it_is_claimed_does_not_leave_the_house():
    [person] = await m.people(1)
    mailing = await m.a_mailing(await m.a_campaign())
    await m.start(mailing)
    token = uuid7(NOON)
    async with transaction():
        parcels = await sending._held(await sending._due(9, at=NOON), token, at=NOON)
    async with transaction():
        found = await unsubscribing.find(tokens.made("unsubscribe", parcels[0].letter.message))
        await unsubscribing.stop(found, brands=found.brands, at=NOON)

    await sending.hand_over(parcels, token, at=NOON)

    assert await m.fates(mailing) == {("suppressed", "unsubscribed"): 1}
    assert await value("select count(*) from sent_sample") == 0
    assert await value("select count(*) from contact_use") == 0
    assert person == await value("select person from consent where state = 'withdrawn'")


@pytest.mark.parametrize(
    ("brands", "fate"),
    [(["aito", "luxeed"], ("suppressed", "unsubscribed")), (["aito"], ("sent", None))],
)
async def test_what_is_claimed_does_not_leave_for_brands_whose_consent_was_withdrawn_since(brands, fate):
    [person] = await m.people(1, brands=("aito", "luxeed"))
    mailing = await m.a_mailing(await m.a_campaign(), by=None)
    await m.start(mailing)
    token = uuid7(NOON)
    async with transaction():
        parcels = await sending._held(await sending._due(9, at=NOON), token, at=NOON)
    ids = [await m.brand(code) for code in brands]
    async with transaction():
        await consent.withdraw(person, purpose="alliance_marketing", brands=ids, at=NOON, actor="staff:x")

    await sending.hand_over(parcels, token, at=NOON)

    assert await m.fates(mailing) == {("queued", None): 1}
    await m.send()
    assert await m.fates(mailing) == {fate: 1}
    async with transaction():
        assert [one.letter.text.count("问界") for one in await sink.newest()] == [0] * (fate[0] == "sent")


async def test_a_person_whose_record_cannot_be_opened_keeps_nobody_else_waiting():
    await m.people(3)
    await m.people(1, place="somewhere else")
    mailing = await m.a_mailing(await m.a_campaign())

    await m.send()

    assert await m.fates(mailing) == {("sent", None): 3, ("failed", "broken"): 1}
    assert await value("select state from mailing") == "done"
    assert await value("select count(*) from contact_use") == 3


async def test_somebody_who_was_never_there_holds_no_mailing_up():
    mailing = await m.a_mailing(await m.a_campaign())
    async with transaction() as connection:
        await starting.start(mailing.id, at=NOON)
        await connection.execute(
            "insert into message (id, kind, priority, mailing, campaign, sender, channel, person, language, due_at) "
            "select $1, 'brand', 1, id, campaign, brand, 'email', $1, 'en', $2 from mailing",
            uuid7(NOON),
            NOON,
        )

    await m.send()

    assert await m.fates(mailing) == {("suppressed", "no_consent"): 1}
    assert await value("select state from mailing") == "done"


async def test_nobody_is_invited_twice_to_a_campaign_by_one_sender_unless_it_is_another_round():
    await m.people(2)
    campaign = await m.a_campaign()
    await m.a_mailing(campaign)
    await m.send()

    again = await m.a_mailing(campaign)
    reminder = await m.a_mailing(campaign, turn=2)
    await m.send()

    assert await m.fates(again) == {}
    assert await m.fates(reminder) == {("sent", None): 2}


async def test_what_whoever_planned_it_may_no_longer_do_is_not_sent():
    await m.people(1)
    await m.a_mailing(await m.a_campaign(), due_at=NOON + timedelta(minutes=5))
    async with transaction() as connection:
        await connection.execute("update staff set disabled_at = $1", NOON)

    await m.send(NOON + timedelta(minutes=6))

    assert await value("select state from mailing") == "held"


async def test_a_paused_mailing_sends_nothing_and_goes_on_where_it_was():
    await m.people(2)
    scope, campaign = await m.alliance(), await m.a_campaign()
    mailing = await m.a_mailing(campaign, scope=scope)
    await m.start(mailing)
    async with transaction():
        await mailings.pause(await mailings.find(mailing.id, campaign, scope), actor=scope.actor, at=NOON)

    await m.send()
    assert await m.fates(mailing) == {("queued", None): 2}
    async with transaction():
        await mailings.resume(await mailings.find(mailing.id, campaign, scope), actor=scope.actor, at=NOON)
    await m.send()

    assert await m.fates(mailing) == {("sent", None): 2}


@pytest.mark.parametrize(
    ("ends", "fate"), [(mailings.pause, ("queued", None)), (mailings.cancel, ("suppressed", "cancelled"))]
)
async def test_what_was_claimed_already_does_not_leave_a_mailing_that_somebody_paused_or_ended(ends, fate):
    await m.people(2)
    scope, campaign = await m.alliance(), await m.a_campaign()
    mailing = await m.a_mailing(campaign, scope=scope)
    await m.start(mailing)
    token = uuid7(NOON)
    async with transaction():
        parcels = await sending._held(await sending._due(9, at=NOON), token, at=NOON)
    async with transaction():
        await ends(await mailings.find(mailing.id, campaign, scope), actor=scope.actor, at=NOON)

    await sending.hand_over(parcels, token, at=NOON)

    assert await m.fates(mailing) == {fate: 2}
    assert await value("select count(*) from contact_use") == 0
    assert await value("select count(*) from sent_sample") == 0


@pytest.mark.parametrize(
    ("name", "facts", "index"),
    [
        ("claim_messages", (uuid7(NOON), NOON, 50), "message_due"),
        ("claim_guest_messages", (NOON, 50), "message_due_guests"),
    ],
)
async def test_due_messages_are_found_by_their_index_however_many_wait(name, facts, index):
    mailing = await m.a_mailing(await m.a_campaign())
    async with transaction() as connection:
        await connection.execute(
            "insert into message (id, kind, priority, mailing, campaign, sender, channel, person, language, due_at) "
            "select gen_random_uuid(), 'brand', 1, $1, $2, 1, 'email', gen_random_uuid(), 'en', $3 from generate_series(1, 5000)",
            mailing.id,
            mailing.campaign,
            NOON,
        )
        await connection.execute("analyze message")
        plan = await connection.fetch(f"explain {statement('campaigns', name)}", *facts)

    assert any(f" using {index} on message" in row[0] for row in plan), plan


async def tried(mailing):
    """Its messages were tried once, and wait to be tried again with their places in the budget kept."""
    token = uuid7(NOON)
    async with transaction():
        parcels = await sending._held(await sending._due(9, at=NOON), token, at=NOON)
    async with transaction():
        again = [Sent(parcel.letter.message, Outcome("again"), NOON) for parcel in parcels]
        await outcomes.record(again, token=token)
    assert await value("select count(*) from contact_use") == len(parcels) > 0
    return parcels


async def test_what_is_cancelled_after_it_was_tried_gives_its_place_in_the_budget_back():
    await m.people(2)
    scope, campaign = await m.alliance(), await m.a_campaign()
    mailing = await m.a_mailing(campaign, scope=scope)
    await m.start(mailing)
    await tried(mailing)

    async with transaction():
        await mailings.cancel(await mailings.find(mailing.id, campaign, scope), actor=scope.actor, at=NOON)

    assert await value("select count(*) from contact_use") == 0


async def test_what_is_unsubscribed_after_it_was_tried_gives_its_place_in_the_budget_back():
    await m.people(1)
    mailing = await m.a_mailing(await m.a_campaign())
    await m.start(mailing)
    [parcel] = await tried(mailing)

    async with transaction():
        found = await unsubscribing.find(tokens.made("unsubscribe", parcel.letter.message))
        await unsubscribing.stop(found, brands=found.brands, at=NOON)

    assert await m.fates(mailing) == {("suppressed", "unsubscribed"): 1}
    assert await value("select count(*) from contact_use") == 0


async def test_what_breaks_after_it_was_tried_gives_its_place_in_the_budget_back():
    await m.people(1)
    mailing = await m.a_mailing(await m.a_campaign())
    await m.start(mailing)
    await tried(mailing)
    async with transaction() as connection:
        await connection.execute("update mailing set texts = '[]'")

    await m.send(NOON + timedelta(minutes=1))

    assert await m.fates(mailing) == {("failed", "broken"): 1}
    assert await value("select count(*) from contact_use") == 0


async def test_places_that_were_kept_for_ever_are_given_back_once():
    await m.people(2)
    mailing = await m.a_mailing(await m.a_campaign())
    await m.start(mailing)
    [kept, _] = await tried(mailing)
    async with transaction() as connection:
        await connection.execute(
            "update message set state = 'suppressed', reason = 'cancelled' where id <> $1", kept.letter.message
        )
        await connection.execute(GIVE_BACK)

    assert await value("select message from contact_use") == kept.letter.message


async def test_a_cancelled_mailing_is_over():
    await m.people(2)
    scope, campaign = await m.alliance(), await m.a_campaign()
    mailing = await m.a_mailing(campaign, scope=scope)
    await m.start(mailing)

    async with transaction():
        await mailings.cancel(await mailings.find(mailing.id, campaign, scope), actor=scope.actor, at=NOON)
    await m.send()

    assert await m.fates(mailing) == {("suppressed", "cancelled"): 2}
    with pytest.raises(mailings.NotNow, match="moved on"):
        async with transaction():
            await mailings.resume(await mailings.find(mailing.id, campaign, scope), actor=scope.actor, at=NOON)


async def test_an_sms_that_no_gateway_approved_is_not_planned():
    scope, campaign = await m.alliance(), await m.a_campaign()
    mailing = await m.a_mailing(campaign, scope=scope, channel="sms", due_at=NOON + timedelta(days=1))
    async with transaction() as connection:
        await connection.execute("update message_template set approval = 'submitted'")
        await connection.execute("update mailing set state = 'draft'")

    with pytest.raises(mailings.NotApproved):
        async with transaction():
            await mailings.plan(await mailings.find(mailing.id, campaign, scope), due_at=None, scope=scope, at=NOON)


async def test_a_merged_person_has_one_budget_for_both_that_they_were():
    [first, second] = await m.people(2, brands=("aito", "luxeed", "stelato"))
    campaign = await m.a_campaign()
    for brand in ("aito", "luxeed"):
        await m.a_mailing(campaign, by=brand)
        await m.send()
    async with transaction():
        await crm_people.merge(first, second, actor="tester", reason="one card", at=NOON)

    third = await m.a_mailing(campaign, by="stelato")
    await m.send()

    assert await m.fates(third) == {("suppressed", "budget"): 1}
    assert '"used": 4' in await value("select detail from message where mailing = $1", third.id)


async def become_one(*persons):
    async with transaction():
        await crm_people.merge(*persons, actor="tester", reason="one card", at=NOON)


async def test_who_was_two_when_they_were_queued_and_is_one_by_now_gets_one_invitation():
    persons = await m.people(2)
    mailing = await m.a_mailing(await m.a_campaign())
    await m.start(mailing)
    await become_one(*persons)

    await m.send()

    assert await m.fates(mailing) == {("sent", None): 1, ("suppressed", "duplicate"): 1}


@pytest.mark.parametrize("survivor", [0, 1])
async def test_who_got_an_invitation_under_one_id_is_not_sent_it_again_under_another(survivor):
    persons = await m.people(2)
    mailing = await m.a_mailing(await m.a_campaign())
    await m.start(mailing)
    async with transaction() as connection:
        await connection.execute(
            "update message set due_at = $2 where person = $1", persons[survivor], NOON + timedelta(minutes=1)
        )
    await m.send()
    await become_one(*persons)

    await m.send(NOON + timedelta(minutes=1))

    assert await m.fates(mailing) == {("sent", None): 1, ("suppressed", "duplicate"): 1}


async def test_who_was_invited_before_a_merge_is_not_queued_again():
    [first, second] = await m.people(2)
    campaign = await m.a_campaign()
    earlier = await m.a_mailing(campaign)
    await m.start(earlier)
    async with transaction() as connection:
        await connection.execute("delete from message where person = $1", first)
    await m.send()
    await become_one(first, second)

    again, reminder = await m.a_mailing(campaign), await m.a_mailing(campaign, turn=2)
    await m.send()

    assert await m.fates(again) == {}
    assert await m.fates(reminder) == {("sent", None): 1}


async def drives(person, brand):
    async with transaction() as connection:
        vehicle, observation = (
            uuid7(NOON),
            await connection.fetchval("select observation from link where person = $1", person),
        )
        await connection.execute(
            "insert into vehicle (id, vin, match_key, brand) select $1, 'x', $2, id from brand where code = $3",
            vehicle,
            vehicle.bytes,
            brand,
        )
        await connection.execute(
            "insert into ownership (vehicle, person, observation, source, valid_from_on) "
            "select $1, $2, $3, source, '2024-01-01' from observation where id = $3",
            vehicle,
            person,
            observation,
        )
