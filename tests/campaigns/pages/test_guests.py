"""Guests as their people see them: found, printed, taken away, marked and cancelled; and as little as a brand may know."""

import csv
import html
import io
from datetime import UTC, datetime, timedelta

import pytest

from campaigns import registering
from crm.database import transaction
from tests.campaigns.registering.coming import a_slot, an_event, comes
from tests.cast import DU, LI, WANG, fetch, on_page, says, signed_in, value

SOON = datetime.now(UTC) + timedelta(days=20)
GUESTS = "/campaigns/tent/guests"
KNOWN = says(True, "aito", purpose="share_with_brand")


@pytest.fixture
async def tent(clean_tables):
    """王 agreed to be known to AITO, 李 did not, and 杜 came for Luxeed."""
    event = await an_event(starts_at=SOON, ends_at=SOON + timedelta(hours=5), partners=("aito", "luxeed"))
    slot = await a_slot(event, starts_at=SOON, places=2)
    wang = await comes(event, person=WANG, wishes=[{"model": "M9"}], consents=[KNOWN], slot=slot.id)
    li = await comes(event, person=LI, wishes=[{"model": "M9"}, {"model": "R7"}])
    du = await comes(event, person=DU, wishes=[{"model": "R7"}])
    return {"event": event, "slot": slot, "wang": wang, "li": li, "du": du}


async def seen(client, path=GUESTS):
    answer = await client.get(path)
    assert answer.status_code == 200
    return html.unescape(answer.text)


async def test_the_alliance_sees_names_and_masked_numbers(tent):
    page = await seen(await signed_in("alliance_marketer"))

    assert all(name in page for name in ("王建国", "李娜萌", "杜泽鹏", "137****7665"))
    assert "13788997665" not in page


async def test_a_brand_sees_its_own_guests_and_names_of_those_alone_who_agreed(tent):
    page = await seen(await signed_in("brand_marketer", brand="aito"))

    assert "王建国" in page
    assert "Not known to your brand" in page
    assert not [word for word in ("李娜萌", "139****5671", "杜泽鹏", "R7") if word in page]
    assert "2 guests" in page, "it may count them"


async def test_looking_for_somebody_tells_a_brand_nothing_of_who_did_not_agree(tent):
    brand, alliance = await signed_in("brand_marketer", brand="aito"), await signed_in("alliance_marketer")

    def found(page):
        return page.count("<tr data-href")

    for client, phone, expected in ((brand, LI["phone"], 0), (brand, WANG["phone"], 1), (alliance, LI["phone"], 1)):
        answer = await client.post(f"{GUESTS}/search", data={"q": phone})
        assert phone not in answer.headers["location"]
        assert found(await seen(client, answer.headers["location"])) == expected


async def test_another_brands_guest_is_not_there(tent):
    client = await signed_in("brand_marketer", brand="aito")

    answers = [
        await client.get(f"/guests/{number}") for number in (tent["du"].id, "018f0000-0000-7000-8000-0000000000aa")
    ]

    assert [answer.status_code for answer in answers] == [404, 404]


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ("?brand=luxeed", {"李娜萌", "杜泽鹏"}),
        ("?event=tent&slot={slot}", {"王建国"}),
        ("?standing=waiting", set()),
        ("?standing=confirmed", {"王建国", "李娜萌", "杜泽鹏"}),
    ],
)
async def test_the_list_is_narrowed_by_its_address(tent, filters, names):
    page = await seen(await signed_in("alliance_marketer"), GUESTS + filters.format(slot=tent["slot"].id))

    assert {name for name in ("王建国", "李娜萌", "杜泽鹏") if name in page} == names


async def test_the_file_says_what_the_list_shows_and_is_noted(tent):
    answer = await (await signed_in("brand_marketer", brand="aito")).get(f"{GUESTS}/export")

    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert sorted(row["Name"] for row in rows) == ["", "王建国"]
    assert "李娜萌" not in answer.text
    [noted] = await fetch("select details from history_entry where action = 'guests_exported'")
    assert '"rows": 2' in noted["details"] or '"rows":2' in noted["details"]


async def test_a_name_that_is_a_formula_is_a_word_in_the_file(tent):
    await comes(tent["event"], person={"name": "=1+1", "phone": "13612345678"})

    answer = await (await signed_in("alliance_marketer")).get(f"{GUESTS}/export")

    assert "'=1+1" in answer.text


async def test_who_was_there_is_noted_and_taken_back(tent):
    client, guest = await signed_in("alliance_marketer"), f"/guests/{tent['wang'].id}"

    noted = await client.post(f"{guest}/attendance")
    at = await value("select attended_at from registration where id = $1", tent["wang"].id)
    await client.post(f"{guest}/attendance/undoing")

    assert (noted.status_code, at is not None) == (303, True)
    assert await value("select attended_at from registration where id = $1", tent["wang"].id) is None


async def test_a_guest_is_registered_by_hand_once(tent):
    client = await signed_in("alliance_marketer")
    said = {
        "event": "tent",
        "name": "赵一鸣",
        "phone": "13698761234",
        "car": "M9",
        "number": "018f0000-0000-7000-8000-0000000000ab",
    }

    first, again = [await client.post(f"{GUESTS}/new", data=said) for _ in range(2)]
    wrong = await client.post(f"{GUESTS}/new", data={"event": "tent", "phone": "12"})

    assert first.headers["location"] == again.headers["location"]
    assert (wrong.status_code, 'id="phone-error"' in wrong.text) == (422, True)
    assert await value("select count(*) from registration") == 4


async def test_the_form_by_hand_registers_somebody_else_when_it_is_filled_in_again(tent):
    client, number = await signed_in("alliance_marketer"), "018f0000-0000-7000-8000-0000000000ac"

    first, other = [
        await client.post(f"{GUESTS}/new", data={"event": "tent", "phone": phone, "number": number})
        for phone in ("13698761234", "13698761235")
    ]

    assert first.headers["location"] != other.headers["location"]


async def test_a_slot_is_booked_and_let_go_by_hand(tent):
    client, guest = await signed_in("alliance_marketer"), f"/guests/{tent['li'].id}"

    await client.post(f"{guest}/bookings", data={"slot": tent["slot"].id})
    booking = await value("select id from booking where registration = $1", tent["li"].id)
    taken = await value("select taken from slot")
    await client.post(f"{guest}/bookings/{booking}/done")
    done = await value("select done_at from booking where id = $1", booking)
    await client.post(f"{guest}/bookings/{booking}/cancellation")

    assert (taken, done is not None) == (2, True)
    assert await value("select taken from slot") == 1


async def test_the_list_to_print_has_names_for_those_who_may_read_them(tent):
    alliance, brand = await signed_in("alliance_marketer"), await signed_in("brand_marketer", brand="aito")

    assert "李娜萌" in await seen(alliance, f"{GUESTS}/print?event=tent")
    assert "李娜萌" not in await seen(brand, f"{GUESTS}/print?event=tent")


async def test_a_cancellation_by_mistake_is_taken_back_from_the_toast(tent):
    client, guest = await signed_in("alliance_marketer"), f"/guests/{tent['wang'].id}"
    booking = await value("select id from booking where registration = $1", tent["wang"].id)

    for path in (f"{guest}/cancellation", f"{guest}/bookings/{booking}/cancellation"):
        await client.post(path)
        toast = on_page(rf'action="({path}/undoing)"', await seen(client, guest))
        assert (await client.post(toast)).status_code == 303
        assert "Taken back: they have what they had." in await seen(client, guest)

    states = await fetch(
        "select registration.state as one, booking.state as other from registration join booking on registration = registration.id"
    )
    assert [tuple(row) for row in states] == [("confirmed", "confirmed")]


async def test_a_place_that_was_taken_meanwhile_is_said_to_be_gone(tent):
    client, guest = await signed_in("alliance_marketer"), f"/guests/{tent['wang'].id}"
    booking = await value("select id from booking where registration = $1", tent["wang"].id)
    await client.post(f"{guest}/bookings/{booking}/cancellation")
    for name in ("li", "du"):
        await client.post(f"/guests/{tent[name].id}/bookings", data={"slot": tent["slot"].id})

    await client.post(f"{guest}/bookings/{booking}/cancellation/undoing")

    assert "The place was taken meanwhile: they are at the end of the waiting list now." in await seen(client, guest)


async def test_what_the_guest_cancelled_comes_back_as_a_refusal_on_the_page(tent):
    client, guest = await signed_in("alliance_marketer"), f"/guests/{tent['wang'].id}"
    async with transaction():
        await registering.cancel_registration(tent["wang"].id, at=datetime.now(UTC))

    answer = await client.post(f"{guest}/cancellation/undoing")

    assert answer.status_code == 409
    assert "This can no longer be taken back" in answer.text
