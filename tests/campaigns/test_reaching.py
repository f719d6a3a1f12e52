"""Where people are written to: a form that anybody may fill in takes over nobody's mailbox, name, or no."""

from datetime import timedelta
from typing import Any

from campaigns.registering import FORM_SOURCE
from campaigns.senders import sink
from crm import consent, people
from crm.database import transaction
from crm.people import corrections
from tests.campaigns import mailing as m
from tests.campaigns.registering.coming import an_event, comes
from tests.cast import DAY, NOON, WANG, colleague, says, value

EMAIL = {"email": "wang@example.com"}
YES = says(True, "aito", purpose="alliance_marketing")


async def wang(*, consents=(), **facts):
    """王建国 registered by a brand's own site, three days ago."""
    event = await an_event(partners=("aito", "luxeed"))
    came = await comes(event, person=WANG | facts, consents=list(consents), at=NOON - 3 * DAY)
    return event, came.person


async def stranger(event, person, **facts):
    """Somebody who knows the phone alone sends the public form an hour ago, agrees to everything, and is taken for that person."""
    said = {"name": None, "phone": WANG["phone"]} | facts
    agreed = says(True, "aito", "luxeed", purpose="alliance_marketing")
    came = await comes(event, by=FORM_SOURCE, person=said, consents=[agreed], at=NOON - timedelta(hours=1))
    if came.person != person:
        async with transaction():
            await people.merge(person, came.person, actor="tester", reason="one phone", at=NOON)


async def invites(channel="email", by="aito"):
    mailing = await m.a_mailing(await m.a_campaign(), by=by, channel=channel)
    await m.send()
    async with transaction():
        letters = [one.letter for one in await sink.newest() if one.kind in ("brand", "joint")]
    return await m.fates(mailing), letters


async def withdraws(person):
    brand = await m.brand("aito")
    async with transaction():
        await consent.withdraw(person, purpose="alliance_marketing", brands=[brand], at=NOON - DAY, actor="link:x")


async def test_a_strangers_form_neither_learns_the_name_nor_takes_the_mailbox_of_who_agreed_elsewhere():
    event, person = await wang(consents=[YES], **EMAIL)
    await stranger(event, person, email="stranger@example.com")

    _, letters = await invites()

    assert [letter.to for letter in letters] == ["wang@example.com"]
    assert WANG["name"] in letters[0].text


async def test_who_agreed_by_the_public_form_is_written_to_as_that_form_says_and_by_no_other_name():
    event, person = await wang(**EMAIL)
    await stranger(event, person, email="stranger@example.com")

    _, letters = await invites()

    assert [letter.to for letter in letters] == ["stranger@example.com"]
    assert WANG["name"] not in letters[0].text


async def test_a_yes_by_the_public_form_does_not_outweigh_a_no_where_somebody_was_reached_before():
    event, person = await wang(consents=[YES], **EMAIL)
    await withdraws(person)
    await stranger(event, person, email="WANG@example.com")

    assert await invites("sms") == ({("suppressed", "unsubscribed"): 1}, [])
    assert await value("select count(*) from consent where state = 'given' and purpose = 'alliance_marketing'") == 3


async def test_a_no_to_one_brand_holds_where_the_same_form_allowed_another():
    event, person = await wang(consents=[YES], **EMAIL)
    await withdraws(person)
    await stranger(event, person, email="WANG@example.com")

    fates, letters = await invites(by=None)

    assert fates == {("sent", None): 1}
    assert [letter.to for letter in letters] == ["wang@example.com"]
    assert await value("select brands from message where mailing is not null") == [await m.brand("luxeed")]


async def test_a_form_without_an_address_of_the_channel_gives_nobody_one():
    event, person = await wang(**EMAIL)
    await stranger(event, person)

    assert await invites() == ({("suppressed", "no_address"): 1}, [])


async def test_brands_that_only_the_public_form_allowed_do_not_speak_where_others_may():
    event, person = await wang(consents=[YES], **EMAIL)
    await stranger(event, person, email="stranger@example.com")

    await invites(by=None)

    assert await value("select brands from message where mailing is not null") == [await m.brand("aito")]


async def test_who_said_no_once_and_yes_again_to_staff_is_written_to_where_they_are_known():
    event, person = await wang(consents=[YES], **EMAIL)
    await withdraws(person)
    await stranger(event, person, email="stranger@example.com")
    brand = await m.brand("aito")
    async with transaction():
        await consent.give(person, purpose="alliance_marketing", brands=[brand], at=NOON, actor="staff:x")

    _, letters = await invites()

    assert [letter.to for letter in letters] == ["wang@example.com"]


async def test_what_staff_put_right_since_is_where_somebody_is_written_to():
    _, person = await wang(consents=[YES], **EMAIL)
    actor = await colleague("alliance_marketer")
    said: dict[str, Any] = {"field": "email", "value": "right@example.com", "heard": "id_seen", "brand": None}
    version = await value("select version from person where id = $1", person)
    async with transaction():
        await corrections.correct(person, **said, actor=actor, version=version, at=NOON - DAY)

    _, letters = await invites()

    assert [letter.to for letter in letters] == ["right@example.com"]
