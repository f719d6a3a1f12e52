"""Mailings on their way: who gets them, who does not and why, and when they could."""

from datetime import timedelta

import pytest

from campaigns.invitations import mailings
from crm import consent
from crm.database import transaction
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
