"""Registrations for events and bookings of their slots: who comes, who waits, who lets a place go, who was there.

Promises that no place is given twice under any number of hands, that waiting is numbered without gaps and first come is first served, and
that nobody learns from an answer whether a person was known or registered before. Refuses what is closed, full of faults or over.
"""

from campaigns.registering.arriving import (
    EventClosed,
    EventOver,
    NamedElsewhere,
    RegistrationCancelled,
    SlotClosed,
    WaitsForEvent,
    book,
    book_for,
    register,
)
from campaigns.registering.attending import HasNoPlace, mark_attended, mark_done, unmark_attended, unmark_done
from campaigns.registering.changing import change_language, change_wishes, choose_slot, withdraw
from campaigns.registering.leaving import (
    OfferGone,
    accept,
    cancel_booking,
    cancel_registration,
    decline,
    erase,
    lapse,
    unregister,
)
from campaigns.registering.lines import EVENT, SLOT, FewerThanTaken
from campaigns.registering.returning import Returned, TooLateToReturn, restore_booking, restore_registration
from campaigns.registering.shapes import (
    FORM_SOURCE,
    Booked,
    BookingBody,
    GuestSaid,
    OfFile,
    Registered,
    RegistrationBody,
    WishSaid,
)

__all__ = [
    "EVENT",
    "FORM_SOURCE",
    "SLOT",
    "Booked",
    "BookingBody",
    "EventClosed",
    "EventOver",
    "FewerThanTaken",
    "GuestSaid",
    "HasNoPlace",
    "NamedElsewhere",
    "OfFile",
    "OfferGone",
    "Registered",
    "RegistrationBody",
    "RegistrationCancelled",
    "Returned",
    "SlotClosed",
    "TooLateToReturn",
    "WaitsForEvent",
    "WishSaid",
    "accept",
    "book",
    "book_for",
    "cancel_booking",
    "cancel_registration",
    "change_language",
    "change_wishes",
    "choose_slot",
    "decline",
    "erase",
    "lapse",
    "mark_attended",
    "mark_done",
    "register",
    "restore_booking",
    "restore_registration",
    "unmark_attended",
    "unmark_done",
    "unregister",
    "withdraw",
]
