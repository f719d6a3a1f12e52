"""Invitations as staff make them: step by step, with a look at who would get them, in the house's two languages."""

import re
from datetime import UTC, datetime

import pytest

from campaigns.senders import sink
from crm.database import transaction
from tests.campaigns import mailing as m
from tests.cast import on_page, signed_in, value

BASE = "/campaigns/spring/invitations"


@pytest.fixture
async def campaign(clean_tables):
    await m.people(3)
    return await m.a_campaign()


async def made(client, path, **said):
    answer = await client.post(path, data=said)
    assert answer.status_code == 303, re.findall(r"mq-field__error[^<]*<svg.*?</svg>([^<]*)", answer.text)
    return answer.headers["location"]


async def a_draft(client, *, sender="aito", channel="email"):
    audience = await made(client, f"{BASE}/audiences", name="all", sender=sender)
    words = {"subject_zh": "{event}"} if channel == "email" else {}
    template = await made(
        client, f"{BASE}/templates", name="words", sender=sender, channel=channel, text_zh="{name}：{link}", **words
    )
    draft = await made(
        client, f"{BASE}/new", name="first", sender=sender, channel=channel, audience=audience.rpartition("/")[2]
    )
    address = draft.partition("?")[0]
    await made(client, f"{address}/message", template=template.rpartition("/")[2])
    return address


async def test_a_mailing_is_made_step_by_step_and_says_beforehand_who_gets_it(campaign):
    client = await signed_in("alliance_marketer")

    address = await a_draft(client)
    preview = (await client.get(f"{address}?step=preview")).text

    assert on_page(r"Would get it</span>\s*<span class=\"mq-tile__count\">([\d,]+)", preview) == "3"
    assert "李明：" in preview
    assert await value("select count(*) from message") == 0
    await made(client, f"{address}/sending")
    await m.send(datetime.now(UTC))
    page = (await client.get(address)).text
    assert "3 of 3 done" in page or "Waits for the morning" in page


async def test_a_planned_mailing_waits_for_its_time_and_can_be_ended(campaign):
    client = await signed_in("alliance_marketer")
    address = await a_draft(client)

    await made(client, f"{address}/sending", moment="2040-01-01T10:00")
    assert await value("select state from mailing") == "planned"
    await made(client, f"{address}/cancelling")

    assert await value("select state from mailing") == "cancelled"


async def test_a_brands_people_see_a_joint_mailing_and_do_not_change_it(campaign):
    address = await a_draft(await signed_in("alliance_marketer"), sender="alliance")
    aito = await signed_in("brand_marketer")

    assert (await aito.get(address)).status_code == 200
    assert (await aito.post(f"{address}/cancelling")).status_code == 403
    refused = await aito.post(
        f"{BASE}/new", data={"name": "x", "sender": "alliance", "channel": "email", "audience": "1"}
    )
    assert refused.status_code == 422


async def test_the_message_of_a_draft_comes_from_the_same_channel(campaign):
    client = await signed_in("alliance_marketer")
    address = await a_draft(client)
    sms = await made(client, f"{BASE}/templates", name="sms", sender="aito", channel="sms", text_zh="{name}")

    answer = await client.post(f"{address}/message", data={"template": sms.rpartition("/")[2]})

    assert answer.status_code == 422


async def test_an_sms_goes_through_the_gateways_approval_before_it_goes_out(campaign):
    client = await signed_in("alliance_marketer")
    address = await a_draft(client, channel="sms")
    template = f"{BASE}/templates/{await value('select id from message_template')}"

    assert (await client.post(f"{address}/sending")).status_code == 409
    await made(client, f"{template}/approval", approval="submitted")
    await made(client, f"{template}/approval", approval="approved", reference="SMS_1")
    await made(client, f"{address}/sending")

    assert await value("select state from mailing") == "planned"
    await made(client, template, name="words", version=3, text_zh="{name}，{link}")
    assert await value("select approval from message_template") == "draft"


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"subject_zh": "x", "text_zh": "{nmae}"}, "Nobody can fill {nmae}"),
        ({"text_zh": "x"}, "A mail needs a subject."),
        ({}, "Write it in at least one language."),
        ({"channel": "sms", "text_zh": "长" * 300}, "the rules allow 3"),
    ],
)
async def test_words_that_cannot_be_sent_are_refused_while_they_are_written(campaign, said, fault):
    client = await signed_in("alliance_marketer")

    answer = await client.post(f"{BASE}/templates", data={"name": "words", "sender": "aito"} | said)

    assert answer.status_code == 422
    assert fault in answer.text


async def test_the_html_of_a_mail_is_shown_where_it_can_load_and_run_nothing(campaign):
    client = await signed_in("alliance_marketer")
    html = "<p onclick='alert(1)'>{name}</p><script>alert(1)</script>"
    template = await made(
        client, f"{BASE}/templates", name="x", sender="aito", subject_zh="x", text_zh="{name}", html_zh=html
    )

    preview = await client.get(f"{template}/preview?language=zh-Hans")

    policy = preview.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "script-src" not in policy


async def test_whoever_writes_a_mail_can_send_it_to_themselves(campaign):
    client = await signed_in("alliance_marketer")
    template = await made(
        client,
        f"{BASE}/templates",
        name="x",
        sender="aito",
        subject_zh="试",
        text_zh="{name}",
        subject_en="try",
        text_en="{name}",
    )

    await made(client, f"{template}/trial")

    async with transaction():
        samples = await sink.newest()
    assert {one.letter.subject for one in samples} == {"试", "try"}
    assert {one.letter.to for one in samples} == {await value("select login from staff")}
    assert await value("select count(*) from contact_use") == 0


async def test_people_behind_a_reason_are_named_to_the_alliance_alone(campaign):
    client, aito = await signed_in("alliance_marketer"), await signed_in("brand_marketer")
    await m.people(1, brands=("luxeed",))
    mailing = await m.a_mailing(campaign)
    await m.send()

    theirs, ours = [(await one.get(f"{BASE}/{mailing.id}?reason=no_consent")).text for one in (aito, client)]

    assert 'id="people"' in ours
    assert 'id="people"' not in theirs


async def test_the_rules_are_changed_by_whoever_sets_up_the_house(campaign):
    admin = await signed_in("alliance_admin")
    rules = {
        "budget": 1,
        "days": 30,
        "opens": "09:00",
        "closes": "20:00",
        "zone": "Asia/Shanghai",
        "segments": 2,
        "signature_zh": "联盟",
        "signature_en": "A",
        "version": 1,
    }

    await made(admin, "/contact-rules", **rules)

    assert await value("select (budget, days, spares_owners)::text from contact_rule") == "(1,30,f)"
    stale = await admin.post("/contact-rules", data=rules)
    assert "Somebody changed these rules meanwhile" in stale.text
    wrong = await admin.post("/contact-rules", data=rules | {"opens": "soon", "version": 2})
    assert wrong.status_code == 422
