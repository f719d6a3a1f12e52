"""A lead that one of us writes down: through the same capture as every other, signed by who wrote it.

Promises one lead however often the same form is sent, and a hint about somebody known only to whom this very number was told: to everybody
else, also to those who know the person by another one, it looks new. Refuses what capture refuses, and a brand that its writer does not
work for.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from crm import access, history, normalise
from crm.database import current
from crm.errors import Fault, Invalid
from crm.people import corrections, finding
from crm.roles import Actor, Scope, numbered
from leads import capture
from leads.capture import Incoming
from leads.submission import LeadBody

SOURCE = "desk-by-hand"


class Entered(msgspec.Struct, frozen=True):
    """The lead; `again` when the same form had made it before."""

    lead: UUID
    again: bool


async def enter(body: LeadBody, *, by: Actor, at: datetime) -> Entered:
    """Take in what somebody wrote, in the caller's transaction; refuses with every fault at its path in the body."""
    source = await capture.sender(await access.make_source(SOURCE, kind="event_desk"))
    raw = msgspec.json.encode(body)
    [outcome] = await capture.accept_many([Incoming(body, raw)], source=source, at=at)
    if outcome.lead_id is None:
        raise Invalid(errors=outcome.errors)
    if outcome.fate == "created":
        await current().execute("update lead set entered_by = $2 where id = $1", outcome.lead_id, by.id)
        await history.note(by.actor, "lead_entered", "lead", outcome.lead_id, at=at)
    elif not await _is_by(outcome.lead_id, by):
        # Ids of forms are random: nobody meets another's by accident.
        raise Invalid(errors=[Fault(path="external_id", message="Open the form anew; this one was used.")])
    return Entered(outcome.lead_id, again=outcome.fate != "created")


async def joins_somebody_known(scope: Scope, *, phone: str | None, email: str | None) -> bool:
    """Whether an enquiry with this phone or e-mail will join a record where this reader may see that value; never tells of any other."""
    digests = [digest for text in (_whole_number(phone), email) if text for digest in finding.digests_for(text)]
    if not digests:
        return False
    query, values = numbered(_KNOWN, [corrections.told(scope)], digests)
    known: bool = await current().fetchval(query, *values)
    return known


def _whole_number(typed: str | None) -> str | None:
    # The last digits of a number find many people; a hint is for the very number.
    try:
        return normalise.phone(typed).e164 if typed else None
    except normalise.Unreadable:
        return None


async def _is_by(lead: UUID, by: Actor) -> bool:
    entered_by: int | None = await current().fetchval("select entered_by from lead where id = $1", lead)
    return entered_by == by.id


_KNOWN = """
select exists (
    select from search_key
    join observation on observation.id = search_key.observation
    join link on link.observation = observation.id and link.closed_at is null
    where search_key.match_key = any($1::bytea[]) and {}
)
"""
