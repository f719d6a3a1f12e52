"""What a guest's calendar shows: the time they booked, else the event itself, in the language that is spoken.

Promises the same appointment (by its UID) as long as the registration or booking lives, and a cancellation once it is gone.
"""

from datetime import date, datetime

from campaigns import guest_links
from campaigns.calendar_file import Appointment
from campaigns.events import EventFacts, SlotFacts
from campaigns.registering.standing import BookingNow, Entry, GuestNow
from crm.languages import say


def of_guest(guest: GuestNow, *, origin: str, at: datetime) -> Appointment:
    """The appointment of a guest: their first standing booking, else their registration; `origin` stands before our paths.

    Of a registration that was cancelled it is the time that went with it, so that the file takes out what it had put in.
    """
    gone = guest.bookings[-1] if guest.bookings and guest.entry.state == "cancelled" else None
    booked = next((one for one in guest.standing_bookings if one.entry.state == "confirmed"), gone)
    return of_booking(guest, booked, origin=origin, at=at) if booked else of_event(guest, origin=origin, at=at)


def of_booking(guest: GuestNow, booked: BookingNow, *, origin: str, at: datetime) -> Appointment:
    """The appointment of one booking."""
    slot = booked.slot
    return _appointment(
        guest,
        booked.entry,
        title=f"{guest.event.name} · {title_of(slot)}",
        starts=slot.starts_at,
        ends=slot.ends_at,
        origin=origin,
        at=at,
    )


def of_event(guest: GuestNow, *, origin: str, at: datetime) -> Appointment:
    """The appointment of a registration itself."""
    event = guest.event
    starts = event.starts_at or event.starts_on
    return _appointment(
        guest,
        guest.entry,
        title=event.name,
        starts=starts or guest.registered_at,
        ends=event.ends_at if event.starts_at else event.ends_on,
        origin=origin,
        at=at,
    )


def title_of(slot: SlotFacts) -> str:
    """What a slot is called."""
    if slot.name:
        return slot.name
    what = say("Test drive") if slot.kind == "test_drive" else say("Session")
    return f"{what} {slot.model}" if slot.model else what


def where(event: EventFacts) -> str | None:
    """Where an event is, in one line."""
    return ", ".join(part for part in (event.venue, event.address) if part) or None


def _appointment(
    guest: GuestNow,
    entry: Entry,
    *,
    title: str,
    starts: datetime | date,
    ends: datetime | date | None,
    origin: str,
    at: datetime,
) -> Appointment:
    page = origin + guest_links.of_guest(guest.link)
    return Appointment(
        id=entry.id,
        title=title,
        starts=starts,
        ends=ends,
        venue=where(guest.event),
        description=say("Your registration, with the code for the desk: %(page)s") % {"page": page},
        url=page,
        sequence=entry.sequence,
        method="CANCEL" if entry.state == "cancelled" else "REQUEST",
        written_at=at,
    )
