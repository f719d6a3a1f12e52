"""The links in a message: out, on, and the picture that says it was opened."""

import pytest

from campaigns.invitations import tokens
from crm.database import transaction
from tests.campaigns import mailing as m
from tests.cast import browser, fetch, value


def stranger(**headers):
    return browser(**{"sec-fetch-site": "cross-site"} | headers)


async def sent(**facts):
    """A message that somebody got, and that person."""
    [person] = await m.people(1, brands=("aito", "luxeed"))
    await m.a_mailing(await m.a_campaign(), **facts)
    await m.send()
    return person, await value("select id from message")


async def test_one_click_of_a_mailbox_stops_at_once_without_a_session():
    person, message = await sent()
    waiting = await m.a_mailing(await m.a_campaign("autumn"), turn=2)
    await m.start(waiting)

    answer = await stranger().post(
        f"/u/{tokens.made('unsubscribe', message)}",
        content="List-Unsubscribe=One-Click",
        headers={"content-type": "application/x-www-form-urlencoded"},
    )

    assert answer.status_code == 200
    assert await m.fates(waiting) == {("suppressed", "unsubscribed"): 1}
    said = await fetch(
        "select brand, channel, state, actor from consent where person = $1 and state = 'withdrawn'", person
    )
    assert [(row["brand"], row["channel"], row["actor"]) for row in said] == [
        (await m.brand("aito"), None, f"link:{message}")
    ]


async def test_the_page_says_what_is_stopped_in_the_language_of_the_message_and_changes_nothing():
    _, message = await sent()

    page = await stranger().get(f"/u/{tokens.made('unsubscribe', message)}")

    assert page.status_code == 200
    assert '<html lang="zh-Hans"' in page.text
    assert "问界" in page.text
    assert "智界" not in page.text
    assert await value("select count(*) from consent where state = 'withdrawn'") == 0


async def test_on_the_page_all_brands_can_be_stopped():
    person, message = await sent()

    await stranger().post(f"/u/{tokens.made('unsubscribe', message)}", data={"what": "all"})

    assert await value("select count(*) from consent where person = $1 and state = 'withdrawn'", person) == 5


async def test_a_joint_message_is_stopped_for_the_brands_that_it_spoke_for():
    person, message = await sent(by=None)

    await stranger().post(f"/u/{tokens.made('unsubscribe', message)}")

    brands = await fetch("select brand from consent where person = $1 and state = 'withdrawn' order by brand", person)
    assert [row["brand"] for row in brands] == [await m.brand("aito"), await m.brand("luxeed")]


@pytest.mark.parametrize("token", ["x", "A" * 38, tokens.LENGTH * "-"])
async def test_a_link_that_we_did_not_write_is_not_there(token):
    answers = [
        await stranger().get(f"/u/{token}"),
        await stranger().post(f"/u/{token}"),
        await stranger().get(f"/i/{token}"),
    ]

    assert {answer.status_code for answer in answers} == {404}


async def test_the_token_of_a_click_is_no_token_for_leaving():
    _, message = await sent()

    assert (await stranger().get(f"/u/{tokens.made('link', message)}")).status_code == 404


async def test_a_click_leads_on_and_counts_once():
    _, message = await sent()
    async with transaction() as connection:
        await connection.execute(
            "insert into event (campaign, code, name) select campaign, 'E1', 'Evening' from mailing"
        )
        await connection.execute("update mailing set event = (select id from event)")

    answers = [await stranger().get(f"/i/{tokens.made('link', message)}") for _ in range(2)]

    assert [(one.status_code, one.headers["location"]) for one in answers] == [(303, "/e/E1")] * 2
    assert await value("select count(*) from touchpoint where kind = 9") == 1
    assert await value("select clicked_at from message") is not None


async def test_what_a_program_looks_at_beforehand_does_not_count():
    _, message = await sent()
    link = f"/i/{tokens.made('link', message)}"

    answers = [await stranger().head(link), await stranger(**{"sec-purpose": "prefetch;prerender"}).get(link)]

    assert [one.status_code for one in answers] == [303, 303]
    assert await value("select count(*) from touchpoint where kind = 9") == 0


async def test_an_opened_mail_counts_once_and_nobody_learns_whether_a_token_is_one():
    _, message = await sent()
    link = tokens.made("link", message)

    pictures = [await stranger().get(f"/i/{one}/open.gif") for one in (link, link, "A" * 38)]

    assert {(one.status_code, one.headers["content-type"], one.content) for one in pictures} == {
        (200, "image/gif", pictures[0].content)
    }
    assert await value("select count(*) from touchpoint where kind = 8") == 1
