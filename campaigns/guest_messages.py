"""What a guest is told about a registration, from confirmed to reminded: by mail if they gave an address, else by SMS.

Promises each such message once, to the address in the registration, in the language in which it was written. It counts in the contact budget and
is never held back by it. With it come the way to the guest's own page and, by mail, their appointment as their calendar takes it.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from asyncpg import Record

from campaigns import appointments, calendar_file, guest_links, guest_words
from campaigns.invitations.rules import PRIORITIES, Rules
from campaigns.invitations.writing import LANGUAGES, Recipient, as_html, filled, filled_html, salutation
from campaigns.registering import reading, standing
from campaigns.registering.reading import Sealed
from campaigns.senders.letters import CalendarFile, Letter
from campaigns.tables import Message
from crm import languages, normalise
from crm.database import current, insert
from crm.ids import uuid7
from crm.settings import settings
from crm.work import Job, drain

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


# With these a guest's calendar is brought up to date; a waiting guest has nothing in it yet.
TELLS_CALENDAR = frozenset({"confirmed", "changed", "reminder", "cancelled"})


async def advance(at: datetime) -> int:
    """Queue a message for everything that guests are to be told by now; says how many."""

    async def claim(limit: int) -> Sequence[Record]:
        rows: Sequence[Record] = await current().fetch(_CLAIM, at, limit)
        return rows

    async def postpone(row: Record, wait: timedelta | None) -> None:
        await current().execute(_POSTPONE, row["id"], at + wait if wait else None)

    async def handle(rows: Sequence[Record]) -> None:
        await _queue(rows, at=at)

    return await drain(claim, handle, postpone)


JOB = Job("guest_messages", advance)


async def recipients(claimed: Sequence[Record]) -> dict[UUID, Recipient]:
    """Where these messages go, by message: the address in the registration that they are about."""
    rows = await current().fetch(_REGISTRATIONS, [row["id"] for row in claimed])
    found = {}
    for row in rows:
        guest = reading.opened(row["sealed"], registration=row["registration"])
        if address := _address(guest, row["channel"]):
            found[row["id"]] = Recipient(address, guest.name)
    return found


async def letters(going: Sequence[tuple[Record, Recipient]], rules: Rules) -> list[Letter]:
    """The letters of these messages, in their order."""
    rows = {row["id"]: row for row in await current().fetch(_FACTS, [row["id"] for row, _ in going])}
    return [
        _letter(row, facts := rows[row["id"]], recipient, rules, calendar=await _calendar(row, facts))
        for row, recipient in going
    ]


def when(starts_at: datetime | None, starts_on: date | None, *, zone: str, language: str) -> str:
    """Day and, where it is known, time, on the event's own clock: 12月10日 14:00, 10 December 14:00."""
    local = starts_at.astimezone(ZoneInfo(zone)) if starts_at else None
    day = local.date() if local else starts_on
    if day is None:
        return ""
    said = f"{day.month}月{day.day}日" if language == "zh-Hans" else f"{day.day} {_MONTHS[day.month - 1]}"
    return f"{said} {local:%H:%M}" if local else said


def _address(guest: Sealed, channel: str) -> str | None:
    """What they wrote, as a sender needs it; None for what is no address."""
    try:
        if channel == "email":
            return normalise.email(guest.email).address if guest.email else None
        return normalise.phone(guest.phone).e164 if guest.phone else None
    except normalise.Unreadable:
        return None


async def _queue(rows: Sequence[Record], *, at: datetime) -> None:
    queued = [_message(row, at=at) for row in rows]
    await insert([message for message in queued if message])
    await current().execute(_TOLD, sorted(row["id"] for row in rows), at)


def _message(row: Record, *, at: datetime) -> Message | None:
    guest = reading.opened(row["sealed"], registration=row["registration"])
    channel = next((one for one in ("email", "sms") if _address(guest, one)), None)
    if channel is None:
        return None
    return Message(
        id=uuid7(at),
        kind="transactional",
        priority=PRIORITIES["transactional"],
        mailing=None,
        guest_message=row["id"],
        campaign=row["campaign"],
        channel=channel,
        person=row["person"],
        language=row["language"] if row["language"] in LANGUAGES else LANGUAGES[0],
        detail=None,
        due_at=at,
        brands=[],
    )


async def _calendar(row: Record, facts: Record) -> CalendarFile | None:
    """The appointment that the message is about, as it stands now; none by SMS, and none for who still waits."""
    if row["channel"] != "email" or facts["kind"] not in TELLS_CALENDAR:
        return None
    guest = await standing.of_guest(facts["registration"])
    booked = next((one for one in guest.bookings if one.entry.id == facts["booking"]), None)
    about = {"origin": settings().public_url, "at": facts["due_at"]}
    with languages.speaking(row["language"]):
        appointment = (
            appointments.of_booking(guest, booked, **about) if booked else appointments.of_event(guest, **about)
        )
    return CalendarFile(calendar_file.written(appointment), appointment.method)


def _letter(row: Record, facts: Record, to: Recipient, rules: Rules, *, calendar: CalendarFile | None) -> Letter:
    language = row["language"]
    values = _values(facts, to, language)
    words = guest_words.of(facts["kind"], language)
    common: dict[str, Any] = {"message": row["id"], "to": to.address, "language": language}
    if row["channel"] == "sms":
        name = f"【{rules.signature_zh}】" if language == "zh-Hans" else f"[{rules.signature_en}] "
        return Letter(channel="sms", text=f"{name}{filled(words.sms, values)}{values['link']}", **common)
    text = f"{words.text}\n\n{{link}}"
    return Letter(
        channel="email",
        subject=filled(words.subject, values),
        text=filled(text, values),
        html=str(filled_html(as_html(text), values)),
        sender=rules.signature_zh if language == "zh-Hans" else rules.signature_en,
        calendar=calendar,
        **common,
    )


def _values(facts: Record, to: Recipient, language: str) -> dict[str, str]:
    slot = facts["slot_name"] or (facts["slot_at"] and guest_words.TEST_DRIVE[language]) or ""
    until = when(facts["offer_until"], None, zone=facts["time_zone"], language=language)
    return {
        "name": salutation(to.name, language),
        "event": " · ".join(filter(None, (facts["event_name"], slot))),
        "date": when(
            facts["slot_at"] or facts["starts_at"], facts["starts_on"], zone=facts["time_zone"], language=language
        ),
        "venue": facts["venue"] or "",
        "until": until,
        "link": settings().public_url + guest_links.of_guest(facts["link"]),
    }


_CLAIM = """
select guest_message.id, guest_message.attempts, registration.id as registration, registration.sealed, registration.person,
       registration.language, registration.campaign
from guest_message join registration on registration.id = guest_message.registration
where guest_message.due_at <= $1 and guest_message.told_at is null
order by guest_message.due_at, guest_message.id limit $2 for update of guest_message skip locked
"""
_TOLD = "update guest_message set told_at = $2, due_at = null where id = any($1::uuid[])"
_POSTPONE = "update guest_message set attempts = attempts + 1, due_at = $2 where id = $1"
_REGISTRATIONS = """
select message.id, message.channel, registration.id as registration, registration.sealed
from message join guest_message on guest_message.id = message.guest_message
join registration on registration.id = guest_message.registration
where message.id = any($1::uuid[])
"""
_FACTS = """
select message.id, message.due_at, guest_message.kind, guest_message.booking, registration.id as registration,
       registration.link, event.name as event_name, event.venue, event.starts_at, event.ends_at,
       event.starts_on, campaign.time_zone, slot.name as slot_name, slot.starts_at as slot_at, slot.minutes,
       coalesce(booking.offer_until, registration.offer_until) as offer_until
from message
join guest_message on guest_message.id = message.guest_message
join registration on registration.id = guest_message.registration
join event on event.id = registration.event
join campaign on campaign.id = registration.campaign
left join booking on booking.id = guest_message.booking
left join slot on slot.id = booking.slot
where message.id = any($1::uuid[])
"""
