"""What a guest changes afterwards: the cars, the time, the language, and what they agreed to.

Promises that an old time is let go only once another one is booked, and that a withdrawal counts at once everywhere. Refuses to withdraw
what was not agreed to on this very form.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from campaigns.registering import arriving, leaving, lines
from campaigns.registering.arriving import By
from campaigns.registering.lines import EVENT, SLOT
from campaigns.registering.reading import Wish
from campaigns.registering.shapes import Language
from campaigns.tables import RegistrationWish, Touchpoint
from campaigns.touchpoints import Touch, record_touches
from crm import consent, history
from crm.consent import Answer, Purpose
from crm.database import current, insert
from crm.errors import NotThere
from crm.ids import uuid7

ACTOR = "guest"


async def change_wishes(registration: UUID, wishes: Sequence[Wish], *, at: datetime) -> None:
    """These are the cars they want to see from now on; a brand that is new to them is met now."""
    row = await _locked(registration)
    before = await current().fetch(
        "select brand, model from registration_wish where registration = $1 order by rank", registration
    )
    if [Wish(*one.values()) for one in before] == list(wishes):
        return
    await current().execute("delete from registration_wish where registration = $1", registration)
    await insert(
        [
            RegistrationWish(id=uuid7(at), registration=registration, rank=rank, brand=wish.brand, model=wish.model)
            for rank, wish in enumerate(wishes, start=1)
        ]
    )
    new = {wish.brand for wish in wishes} - {one["brand"] for one in before}
    if not row["test"]:
        await record_touches([_touch(row, brand, at=at) for brand in sorted(new)])
    await leaving.leads_due(EVENT, [registration], at=at)


async def change_language(registration: UUID, language: Language) -> None:
    """What is sent to them comes in this language."""
    await current().execute("update registration set language = $2 where id = $1", registration, language)


async def choose_slot(registration: UUID, slot: int | None, *, at: datetime, by: By) -> None:
    """They come at this time and at no other one; None lets go of any. Who has to wait for it keeps the time they have.

    What has begun or took place stays what it was.
    """
    await lines.alone(registration)
    held = await current().fetch(_TO_COME, registration, at)
    # All slots in their order, before anything moves: two guests who swap would wait for each other.
    for number in sorted({row["slot"] for row in held} | ({slot} if slot is not None else set())):
        await lines.lock(SLOT, number)
    if slot is not None and (await arriving.book_for(registration, slot, at=at, by=by)).state != "confirmed":
        return
    for row in held:
        if row["slot"] != slot:
            await leaving.cancel_booking(row["id"], at=at)


async def withdraw(registration: UUID, *, purpose: Purpose, brand: int, at: datetime) -> None:
    """Take back what was agreed to on this form, for every channel; what stood on it is taken back by whoever hears of it."""
    row = await _locked(registration)
    if not any((one.purpose, one.brand) == (purpose, brand) for one in await agreed(row["observation"])):
        raise NotThere
    answers = [Answer(purpose, brand, "withdrawn")]
    person = row["person"]
    evidence = f"{ACTOR} {registration} {purpose} {brand}".encode()
    await insert(
        consent.rows(
            answers,
            person=person,
            observation=row["observation"],
            captured_at=at,
            at=at,
            actor=ACTOR,
            evidence=evidence,
        )
    )
    await consent.announce(answers, person=person, at=at)
    await history.note(ACTOR, "consent_withdrawn", "person", person, at=at, purpose=purpose, brand=brand)


async def agreed(observation: UUID) -> list[Answer]:
    """What stands of the answers that were given on one form and taken back there; of other forms it says nothing."""
    rows = await current().fetch(_ANSWERS, observation)
    return [Answer(row["purpose"], row["brand"], row["state"]) for row in rows if row["state"] == "given"]


async def _locked(registration: UUID) -> Record:
    rows = await current().fetch(_ROW, registration)
    if not rows:
        raise NotThere
    found: Record = rows[0]
    return found


def _touch(row: Record, brand: int, *, at: datetime) -> Touchpoint:
    return Touchpoint(
        id=uuid7(at),
        person=row["person"],
        observation=row["observation"],
        kind=int(Touch.registration),
        campaign=row["campaign"],
        event=row["event"],
        brand=brand,
        channel=row["channel"],
        at=at,
        recorded_at=at,
    )


# The bookings that can still be let go. $1 registration, $2 now.
_TO_COME = """
select booking.id, booking.slot from booking join slot on slot.id = booking.slot
where registration = $1 and state <> 'cancelled' and done_at is null and starts_at > $2 order by slot, booking.id
"""

# The person of today, who may have been merged since.
_ROW = """
select registration.observation, registration.campaign, registration.event, registration.channel, link.person, source.test
from registration
join source on source.id = registration.source
join link on link.observation = registration.observation and link.closed_at is null
where registration.id = $1
for no key update of registration
"""
_ANSWERS = """
select distinct on (purpose, brand) purpose, brand, state from consent
where observation = $1 and channel is null
order by purpose, brand, captured_at desc, state desc, id desc
"""
