"""The review page: a pair side by side, one answer by button, told to the second reviewer, and taken back."""

import re
from datetime import timedelta

import pytest

from crm.database import transaction
from tests import cast
from tests.cast import MINUTE, NOON, a_lead, on_page, open_chengdu, person_of, signed_in, value

LATER = NOON + timedelta(hours=1)


@pytest.fixture
async def asked(tmp_path):
    """王建国 and 李娜萌, of whom somebody suspects that they are one; returns the task."""
    await open_chengdu(tmp_path)
    await a_lead()
    await a_lead(person=cast.LI, at=NOON + MINUTE)
    return await question()


async def question(kind="possible_same"):
    async with transaction() as connection:
        return await connection.fetchval(
            """
            insert into review_task (id, kind, person, other, opened_at)
            select gen_random_uuid(), $2, max(id::text)::uuid, min(id::text)::uuid, $1 from person returning id
            """,
            NOON,
            kind,
        )


async def answer(browser, task, verdict):
    return await browser.post(f"/review/{task}/answer", data={"answer": verdict})


async def test_the_room_opens_on_the_oldest_question(asked):
    opened = await (await signed_in("alliance_marketer")).get("/review")

    assert (opened.status_code, opened.headers["location"]) == (302, f"/review/{asked}")


async def test_a_pair_stands_side_by_side_with_its_evidence_and_what_would_move(asked):
    page = (await (await signed_in("alliance_marketer")).get(f"/review/{asked}")).text

    assert re.search(r'<tr data-tone="warn"><th scope="row"[^>]*>Full name</th><td>王建国</td><td>李娜萌</td>', page)
    assert "137****7665" in page
    assert "clearly another name" in page
    assert "one registration with its leads and consents" in page
    assert {"m", "n", "l"} <= set(re.findall(r'data-key="(\w)"', page))


@pytest.mark.parametrize(
    ("verdict", "said"), [("same", "one person now"), ("different", "stay two"), ("later", "tomorrow")]
)
async def test_every_answer_can_be_taken_back_from_the_page_after_it(asked, verdict, said):
    browser = await signed_in("alliance_marketer")

    after = await browser.get((await answer(browser, asked, verdict)).headers["location"])
    undo = on_page(r'action="(/review/[^"]+/undoing)"', after.text)
    back = await browser.get((await browser.post(undo)).headers["location"])

    assert said in after.text
    assert "Nothing to review" in after.text
    assert f'action="/review/{asked}/answer"' in back.text
    assert await value("select count(*) from person where merged_into is not null") == 0


async def test_the_second_reviewer_is_told_who_answered_and_how(asked):
    first, second = await signed_in("alliance_marketer"), await signed_in("alliance_admin")
    await answer(first, asked, "different")
    name = await value("select name from staff where role = 'alliance_marketer'")

    late = await answer(second, asked, "same")

    assert late.status_code == 409
    assert f"{name} answered this: not the same." in late.text
    assert await value("select count(*) from merge") == 0


async def test_answers_are_listed_for_who_gave_them(asked):
    browser = await signed_in("alliance_marketer")
    await answer(browser, asked, "different")

    assert f"/review/{asked}" in (await browser.get("/review/mine")).text
    assert f"/review/{asked}" not in (await (await signed_in("alliance_admin")).get("/review/mine")).text


async def test_only_the_alliance_reviews(asked):
    for role in ("brand_marketer", "regional_manager", "auditor", "analyst", "event_desk"):
        assert (await (await signed_in(role)).get(f"/review/{asked}")).status_code == 403


async def test_a_contradiction_offers_everybody_in_question(tmp_path):
    await open_chengdu(tmp_path)
    wang = await person_of(await a_lead(person=cast.WANG))
    li = await person_of(await a_lead(person={"name": "李娜萌", "email": "nameng@example.com"}))
    await a_lead(person={"phone": cast.WANG["phone"], "email": "nameng@example.com"})
    task = await value("select id from review_task where kind = 'contradiction'")
    browser = await signed_in("alliance_marketer")

    page = (await browser.get(f"/review/{task}")).text
    rival = on_page(r'name="other" value="([^"]+)"', page)
    done = await browser.post(f"/review/{task}/answer", data={"answer": "same", "other": rival})

    assert rival in {str(wang), str(li)}
    assert "contradicts itself" in page
    assert done.status_code == 303


async def test_nothing_to_review_says_so(tmp_path):
    await open_chengdu(tmp_path)

    assert "Nothing to review" in (await (await signed_in("alliance_marketer")).get("/review")).text
