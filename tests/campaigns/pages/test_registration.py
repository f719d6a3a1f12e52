"""Registering on a phone, and a guest's own page: without a script, without an account, and without telling anything about anybody."""

import html
import re
from datetime import UTC, datetime, timedelta

import icalendar
import pytest

from campaigns import channels, form_keys, form_tries, guest_links, scheduling
from crm.database import transaction
from tests.campaigns.registering.coming import a_slot, an_event, comes
from tests.cast import WANG, another_phone, browser, fetch, signed_in, value

SOON = datetime.now(UTC) + timedelta(days=20)


@pytest.fixture
async def tent(clean_tables):
    return await an_event(starts_at=SOON, ends_at=SOON + timedelta(hours=5), partners=("aito", "luxeed"))


def key(event, *, seconds=10):
    at = datetime.now(UTC) - timedelta(seconds=seconds)
    return form_keys.made(notice="registration", version="1", language="en", event=event.code, at=at)


async def sends(event, client=None, **facts):
    usual = {"form": key(event), "name": "沈予安", "phone": another_phone(7)}
    return await (client or browser()).post(f"/e/{event.code}", data=usual | facts)


async def test_who_came_by_a_short_link_and_registers_was_that_visitor(tent):
    async with transaction() as connection:
        await connection.execute("update campaign set status = 'live'")
        slug = await channels.add(tent.campaign, code="poster", name="海报", medium="poster", actor="tester", at=SOON)
    client = browser(**{"user-agent": "Mozilla/5.0"})
    onward = await client.get(f"/r/{slug}")
    assert onward.headers["location"].startswith("/e/tent?c=poster")

    await sends(tent, client)

    person = await value("select person from registration")
    rows = await fetch(
        "select person = $1 as known, retracted_at is null as stands from touchpoint where kind = 10", person
    )
    assert sorted(tuple(row) for row in rows) == [(False, False), (True, True)]


def without_links(page):
    return re.sub(r"/g/[\w-]{43}|[0-9A-Z]{10}|<path[^>]*>|[0-9a-f-]{36}", "", page)


async def test_the_form_asks_about_the_partners_cars_and_ticks_nothing(tent):
    page = (await browser().get("/e/tent?from=singlemessage")).text

    assert 'value="M9"' in page
    assert 'value="S800"' not in page
    assert page.count('name="agreed"') == 2 * 3 + 1
    assert not re.search(r'name="agreed"[^>]* checked', page)
    assert "withdraw each of them at any time" in page, "the whole notice"


async def test_who_registers_goes_on_to_a_page_of_their_own(tent):
    slot = await a_slot(tent, starts_at=SOON)

    answer = await sends(
        tent, car=["M9", "R7"], slot=slot.id, agreed=["share_with_dealer:aito", "alliance_marketing:all"]
    )
    page = (await browser().get(answer.headers["location"])).text

    assert answer.status_code == 303
    assert "You are registered" in page
    assert await value("select count(*) from registration_wish") == 2
    assert await value("select count(*) from booking where state = 'confirmed'") == 1
    rows = await fetch("select purpose, brand.code from consent join brand on brand.id = brand order by 1, 2")
    assert [tuple(row) for row in rows] == [
        ("alliance_marketing", "aito"), ("alliance_marketing", "luxeed"), ("share_with_dealer", "aito"),
    ]  # fmt: skip
    assert (
        await value(
            "select count(*) from consent join notice_version on notice_version.id = notice_version where language = 'en'"
        )
        == 3
    )


async def test_a_form_sent_twice_registers_once(tent):
    once = key(tent)

    first, second = [await sends(tent, form=once) for _ in range(2)]

    assert first.headers["location"] == second.headers["location"]
    assert await value("select count(*) from registration") == 1


async def test_somebody_else_who_fills_in_the_same_form_gets_a_registration_of_their_own(tent):
    once = key(tent)

    first, second = [await sends(tent, form=once, phone=another_phone(n)) for n in (1, 2)]
    again = await sends(tent, form=once, phone=f"+86 {another_phone(1)}")

    assert first.headers["location"] != second.headers["location"]
    assert again.headers["location"] == first.headers["location"]
    assert await value("select count(*) from registration where state = 'confirmed'") == 2


async def test_a_known_and_registered_person_is_answered_like_anybody(tent):
    await comes(tent, person=WANG, slot=(await a_slot(tent, starts_at=SOON, places=9)).id)

    known, new = await sends(tent, phone=WANG["phone"]), await sends(tent, phone=another_phone(8))
    pages = [(await browser().get(answer.headers["location"])).text for answer in (known, new)]

    assert known.status_code == new.status_code == 303
    assert known.headers.keys() == new.headers.keys()
    masked = re.compile(r"\d{3}\*{4}\d{4}")
    assert masked.sub("", without_links(pages[0])) == masked.sub("", without_links(pages[1]))
    assert "王" not in pages[0], "nothing of the first form"


@pytest.mark.parametrize("second", [WANG["phone"], another_phone(3)])
async def test_neither_places_left_nor_the_last_place_tell_whether_somebody_is_registered(clean_tables, second):
    event = await an_event(starts_at=SOON, ends_at=SOON + timedelta(hours=5), capacity=3)
    slot = await a_slot(event, starts_at=SOON, places=2)
    await sends(event, phone=WANG["phone"], slot=slot.id)
    await sends(event, phone=second, slot=slot.id)

    places = (await browser().get("/e/tent/places")).json()
    third, fourth = [await a_guest(event, phone=another_phone(n), slot=slot.id) for n in (4, 5)]

    assert places == {"full": False, "slots": {str(slot.id): 0}}
    assert "Waiting list, place 1" in (await browser().get(third)).text
    assert "You are on the waiting list" in (await browser().get(fourth)).text


async def test_the_page_is_told_the_places_of_now_as_it_tells_them(tent):
    slot = await a_slot(tent, starts_at=SOON, places=2)
    before = (await browser().get("/e/tent/places")).json()
    await sends(tent, slot=slot.id)

    after = (await browser().get("/e/tent/places")).json()

    assert (before, after) == ({"full": False, "slots": {str(slot.id): 2}}, {"full": False, "slots": {str(slot.id): 1}})


async def test_what_is_wrong_stands_at_its_field_and_what_was_typed_is_there_again(tent):
    answer = await sends(tent, phone="138000080", car="M9", agreed="share_with_brand:aito")

    assert answer.status_code == 422
    assert 'id="phone-error"' in answer.text
    assert 'value="138000080"' in answer.text
    assert re.search(r'value="M9" checked', answer.text)
    assert await value("select count(*) from registration") == 0


@pytest.mark.parametrize(
    "facts",
    [
        {"website": "http://spam"},
        {"form": "nonsense"},
        {"form": ""},
        {"agreed": "share_with_dealer:maextro"},
        {"car": "M99"},
        {"vip": "1"},
    ],
)
async def test_what_no_person_sends_registers_nobody(tent, facts):
    answer = await sends(tent, **facts)

    assert answer.status_code == 422
    assert await value("select count(*) from registration") == 0


async def test_a_form_as_big_as_no_form_is_refused(tent):
    answer = await sends(tent, name="x" * 70_000)

    assert answer.status_code == 413


async def test_a_form_of_a_moment_ago_is_sent_again_after_a_look(tent):
    once = key(tent, seconds=0)

    answer = await sends(tent, form=once)

    assert (answer.status_code, "very quick" in answer.text) == (422, True)
    assert once in answer.text, "the same form can be sent a moment later"


async def test_a_contact_can_be_registered_so_often_and_no_more(tent):
    answers = [await sends(tent) for _ in range(form_tries.BY_CONTACT + 1)]

    assert [answer.status_code for answer in answers] == [303] * form_tries.BY_CONTACT + [429]
    assert await value("select count(distinct key) from form_try") == 2, "the address and the contact, as digests"


async def test_pages_of_unknown_and_unopened_events_are_alike_and_closed_and_past_ones_say_so(tent):
    async with transaction() as connection:
        await connection.execute(
            "insert into event (campaign, code, name) select campaign, 'found', 'Found' from event"
        )
    unknown, unopened = [await browser().get(f"/e/{code}") for code in ("nowhere", "found")]

    assert (unknown.status_code, unopened.status_code) == (404, 404)
    assert unknown.text.replace("nowhere", "") == unopened.text.replace("found", "")
    async with transaction() as connection:
        await connection.execute("update event set is_open = false where code = 'tent'")
    closed, refused = await browser().get("/e/tent"), await sends(tent)
    assert (closed.status_code, "Registration is closed" in closed.text) == (200, True)
    assert (refused.status_code, "Registration is closed" in refused.text) == (409, True)
    async with transaction() as connection:
        await connection.execute(
            "update event set ends_at = now() - interval '1 day', starts_at = now() - interval '2 days' where code = 'tent'"
        )
    past = await browser().get("/e/tent")
    assert (past.status_code, "This event is over" in past.text) == (410, True)


async def test_staff_see_the_very_page_that_everybody_sees(tent):
    public, staff = [(await client.get("/e/tent")).text for client in (browser(), await signed_in("alliance_admin"))]

    assert re.sub(r'name="form" value="[^"]+"', "", public) == re.sub(r'name="form" value="[^"]+"', "", staff)


async def test_nothing_is_taken_from_a_page_of_somebody_else(tent):
    answer = await browser(**{"sec-fetch-site": "cross-site"}).post(
        "/e/tent", data={"form": key(tent), "phone": another_phone(1)}
    )

    assert answer.status_code == 403


# ---------- the guest's own page ----------


async def a_guest(event, **facts):
    return (await sends(event, **facts)).headers["location"]


async def test_an_address_nobody_gave_out_leads_nowhere(tent):
    path = await a_guest(tent)

    changed = path[:-2] + ("A" if path[-2] != "A" else "B") + path[-1]

    assert [(await browser().get(one)).status_code for one in (path, changed, "/g/x")] == [200, 404, 404]


async def test_a_renewed_link_replaces_the_old_one(tent):
    path = await a_guest(tent)
    async with transaction():
        await guest_links.renew(await guest_links.registration_of(path.removeprefix("/g/")), actor="tester", at=SOON)

    assert (await browser().get(path)).status_code == 404


async def test_the_calendar_file_is_of_the_booked_time_and_follows_it(tent):
    slot = await a_slot(tent, starts_at=SOON)
    path = await a_guest(tent, slot=slot.id)

    answer = await browser().get(f"{path}/event.ics")
    event = icalendar.Calendar.from_ical(answer.content).walk("VEVENT")[0]
    await browser().post(f"{path}/cancellation")
    gone = icalendar.Calendar.from_ical((await browser().get(f"{path}/event.ics")).content)

    assert "method=REQUEST" in answer.headers["content-type"]
    assert event.decoded("DTSTART") == SOON.replace(microsecond=0)
    assert "沈予安" not in answer.text
    assert (gone["METHOD"], gone.walk("VEVENT")[0]["UID"]) == ("CANCEL", event["UID"])


async def test_the_code_can_be_saved(tent):
    answer = await browser().get(f"{await a_guest(tent)}/code.svg")

    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert answer.content.startswith(b"<?xml")


async def test_cars_time_and_language_are_changed_on_the_same_page(tent):
    first, second = [await a_slot(tent, starts_at=SOON) for _ in range(2)]
    path = await a_guest(tent, slot=first.id, car="M9")

    answer = await browser().post(f"{path}/changes", data={"car": "R7", "slot": second.id, "language": "en"})

    assert answer.status_code == 303
    assert [row["taken"] for row in await fetch("select taken from slot order by id")] == [0, 1]
    assert await value("select code from registration_wish join model on model.id = model") == "R7"
    assert await value("select language from registration") == "en"


async def test_saving_the_page_keeps_a_time_that_was_closed_meanwhile_unless_it_is_let_go(tent):
    slot, _other = [await a_slot(tent, starts_at=SOON) for _ in range(2)]
    path = await a_guest(tent, slot=slot.id, car="M9")
    async with transaction():
        await scheduling.close_slot(slot, event=tent, actor="tester", at=SOON)

    page = (await browser().get(path)).text
    await browser().post(f"{path}/changes", data={"car": "R7", "language": "en"})
    kept = await value("select state from booking")
    await browser().post(f"{path}/changes", data={"car": "R7", "language": "en", "slot": ""})

    assert re.search(rf'name="slot" value="{slot.id}" checked', page)
    assert (kept, await value("select state from booking")) == ("confirmed", "cancelled")


async def test_a_page_is_changed_so_often_and_no_more_and_still_cancelled(tent):
    slots = [await a_slot(tent, starts_at=SOON) for _ in range(2)]
    path = await a_guest(tent, slot=slots[0].id)

    answers = [
        await browser().post(f"{path}/changes", data={"slot": slots[n % 2].id, "language": "zh"})
        for n in range(1, form_tries.BY_CONTACT + 1)
    ]

    assert [answer.status_code for answer in answers] == [303] * (form_tries.BY_CONTACT - 1) + [429]
    assert "too often" in answers[-1].text
    assert (await browser().post(f"{path}/cancellation")).status_code == 303


async def test_who_has_to_wait_for_another_time_keeps_the_one_they_have(tent):
    first, full = [await a_slot(tent, starts_at=SOON) for _ in range(2)]
    await sends(tent, phone=another_phone(11), slot=full.id)
    path = await a_guest(tent, slot=first.id)

    await browser().post(f"{path}/changes", data={"slot": full.id, "language": "zh"})

    rows = await fetch(
        "select slot, state from booking where registration = (select max(id::text)::uuid from registration) order by slot"
    )
    assert [tuple(row) for row in rows] == [(first.id, "confirmed"), (full.id, "waiting")]


async def test_who_is_offered_a_place_takes_it_or_passes_it_on(clean_tables):
    event = await an_event(starts_at=SOON, ends_at=SOON + timedelta(hours=5), capacity=1, offer_minutes=60)
    first, second, third = [await a_guest(event, phone=another_phone(n)) for n in (1, 2, 3)]
    waiting = (await browser().get(second)).text
    await browser().post(f"{first}/cancellation")

    offered = (await browser().get(second)).text
    await browser().post(f"{second}/offers/refusal")
    await browser().post(f"{third}/offers/acceptance")

    assert "Waiting list, place 1" in waiting
    assert "A place came free for you" in offered
    assert "You have a place" in (await browser().get(third)).text
    assert (await browser().post(f"{second}/offers/acceptance")).status_code == 410


async def test_each_consent_is_withdrawn_by_itself(tent):
    path = await a_guest(tent, agreed=["share_with_dealer:aito", "share_with_brand:aito"])

    answer = await browser().post(f"{path}/consents/withdrawal", data={"purpose": "share_with_dealer", "brand": "aito"})
    other = await browser().post(
        f"{path}/consents/withdrawal", data={"purpose": "share_with_dealer", "brand": "luxeed"}
    )

    assert (answer.status_code, other.status_code) == (303, 404)
    rows = await fetch("select purpose, state from consent order by recorded_at, purpose")
    assert [tuple(row) for row in rows] == [
        ("share_with_brand", "given"),
        ("share_with_dealer", "given"),
        ("share_with_dealer", "withdrawn"),
    ]
    assert await value("select count(*) from change where kind = 'consent_withdrawn'") == 1
    assert html.unescape((await browser().get(path)).text).count(">Withdraw<") == 1


async def test_another_guests_booking_is_not_there(tent):
    slot = await a_slot(tent, starts_at=SOON, places=5)
    mine, _theirs = await a_guest(tent, slot=slot.id), await a_guest(tent, phone=another_phone(9), slot=slot.id)
    theirs = await value("select booking.id from booking order by booked_at desc limit 1")

    answer = await browser().post(f"{mine}/cancellation", data={"booking": str(theirs)})

    assert answer.status_code == 404
    assert await value("select count(*) from booking where state = 'confirmed'") == 2
