"""The doors for systems that register guests: what they are told, once and again, and what is not theirs to know."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from crm import access
from crm.database import transaction
from tests.campaigns.registering.coming import a_slot, an_event
from tests.cast import NOTICE, WANG, _application, another_phone, value

SOON = datetime.now(UTC) + timedelta(days=20)


async def client(code="web"):
    async with transaction():
        key = await access.create_key("source", code, at=datetime.now(UTC))
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(_application()),
        base_url="https://marquee.test",
        headers={"authorization": f"Bearer {key}"},
    )


@pytest.fixture
async def tent(clean_tables):
    return await an_event(starts_at=SOON, ends_at=SOON + timedelta(hours=5), capacity=2)


async def slot_in(event, places=1):
    return await a_slot(event, places=places, starts_at=SOON)


def guest(number=1, **facts):
    return {"external_id": f"G{number}", "person": {"phone": another_phone(number)}} | facts


async def test_open_events_are_listed_with_their_slots(tent):
    await slot_in(tent, places=3)

    [event] = (await (await client()).get("/api/v1/events")).json()["events"]

    assert (event["code"], event["full"], event["slots"][0]["left"], event["slots"][0]["model"]) == (
        "tent",
        False,
        3,
        "M9",
    )


async def test_a_registration_is_created_once_and_told_again(tent):
    web = await client()
    agreed = {"purpose": "share_with_dealer", "given": True, "brands": ["aito"], "notice": NOTICE}
    said = guest(wishes=[{"brand": "aito", "model": "M9"}], consents=[agreed])

    first, again = [await web.post("/api/v1/events/tent/registrations", json=said) for _ in range(2)]

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert first.json()["state"] == "confirmed"


async def test_who_comes_after_the_last_place_waits(tent):
    web = await client()

    answers = [await web.post("/api/v1/events/tent/registrations", json=guest(number)) for number in range(4)]

    assert [answer.status_code for answer in answers] == [201, 201, 202, 202]
    assert [answer.json()["position"] for answer in answers] == [None, None, 1, 2]


@pytest.mark.parametrize("second", [{"person": WANG}, {}])
async def test_a_known_person_is_answered_like_a_new_one_and_so_is_whoever_comes_next(tent, second):
    web, hotline = await client(), await client("hotline")
    await hotline.post("/api/v1/events/tent/registrations", json=guest(person=WANG))

    answers = [await web.post("/api/v1/events/tent/registrations", json=one) for one in (guest(1, **second), guest(2))]

    told = [(answer.status_code, answer.json()["state"], answer.json()["position"]) for answer in answers]
    assert told == [(201, "confirmed", None), (202, "waiting", 1)]
    assert await value("select taken from event where code = 'tent'") == 2


async def test_a_booking_is_made_shown_and_cancelled_and_the_next_moves_up(tent):
    slot = await slot_in(tent)
    web, doors = await client(), f"/api/v1/events/tent/slots/{slot.id}/bookings"
    first, second = [await web.post(doors, json=guest(number)) for number in (1, 2)]

    gone = await web.post(f"{doors}/G1/cancellation")

    assert (first.status_code, second.status_code, second.json()["position"]) == (201, 202, 1)
    assert (gone.status_code, gone.json()["state"]) == (200, "cancelled")
    assert (await web.get(f"{doors}/G2")).json()["state"] == "confirmed"
    assert (await web.post(doors, json=guest(2))).json()["state"] == "waiting", "a repeat gets the first answer"


async def test_another_sources_booking_is_not_there(tent):
    slot = await slot_in(tent)
    doors = f"/api/v1/events/tent/slots/{slot.id}/bookings"
    await (await client()).post(doors, json=guest(1))

    answers = [await (await client("hotline")).get(f"{doors}/{name}") for name in ("G1", "G77")]

    assert {answer.status_code for answer in answers} == {404}
    assert answers[0].json()["detail"] == answers[1].json()["detail"]


async def test_an_event_that_was_never_opened_does_not_exist(tent):
    async with transaction() as connection:
        await connection.execute("update event set is_open = false, opened_at = null")

    answers = [
        await (await client()).post(f"/api/v1/events/{code}/registrations", json=guest())
        for code in ("tent", "nowhere")
    ]

    assert {answer.status_code for answer in answers} == {404}


async def test_a_closed_event_still_tells_a_repeat_its_first_answer(tent):
    web = await client()
    first = await web.post("/api/v1/events/tent/registrations", json=guest(1))
    async with transaction() as connection:
        await connection.execute("update event set is_open = false")

    again, new = [await web.post("/api/v1/events/tent/registrations", json=guest(number)) for number in (1, 2)]

    assert (again.status_code, again.json()) == (200, first.json())
    assert (new.status_code, new.json()["detail"]) == (409, "Registration for this event is closed.")


@pytest.mark.parametrize(
    ("facts", "path"),
    [
        ({"person": {"name": "王"}}, "person"),
        ({"person": {"phone": "12"}}, "person.phone"),
        ({"wishes": [{"model": "M99"}]}, "wishes[0].model"),
        ({"wishes": [{}]}, "wishes[0]"),
        ({"channel": "nowhere"}, "channel"),
        ({"vip": True}, ""),
    ],
)
async def test_what_cannot_be_used_is_told_at_its_path(tent, facts, path):
    answer = await (await client()).post("/api/v1/events/tent/registrations", json=guest() | facts)

    assert answer.status_code == 422
    assert [fault["path"] for fault in answer.json()["errors"]] == [path]


async def test_a_key_of_before_may_register_as_well(tent):
    web = await client()
    async with transaction() as connection:
        await connection.execute("update api_key set scopes = 'consents leads'")

    assert (await web.get("/api/v1/events")).status_code == 200


async def test_the_bodies_are_described_for_programs(tent):
    described = (await (await client()).get("/schema/openapi.json")).json()["components"]["schemas"]

    assert {"RegistrationBody", "BookingBody", "GuestSaid"} <= described.keys()


async def test_an_external_id_that_stands_for_something_elsewhere_is_refused(tent):
    web, other = await client(), await an_event("other", starts_at=SOON, ends_at=SOON + timedelta(hours=5))
    slots = [await slot_in(tent), await slot_in(tent)]
    await web.post("/api/v1/events/tent/registrations", json=guest())
    await web.post(f"/api/v1/events/tent/slots/{slots[0].id}/bookings", json=guest(2))

    answers = [
        await web.post(f"/api/v1/events/{other.code}/registrations", json=guest()),
        await web.post(f"/api/v1/events/tent/slots/{slots[1].id}/bookings", json=guest(2)),
    ]

    assert [answer.status_code for answer in answers] == [409, 409]
    assert all("external id" in answer.text for answer in answers)
    assert await value("select count(*) from registration") == 2
