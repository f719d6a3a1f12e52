"""The history as those who watch over the house read it: who did what to which thing, and when.

Promises entries without personal data, newest first, and that whoever takes them away is an entry themselves.
"""

from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

import msgspec

from crm.database import current
from crm.languages import later, say
from crm.roles import Condition, numbered

PAGE = 50
MOST_TAKEN = 100_000

# What was done, in words; an action that is not here is told by its code.
ACTIONS = {
    "signed_in": later("signed in"),
    "signed_out": later("signed out"),
    "signed_out_everywhere": later("signed out everywhere"),
    "sign_in_blocked": later("too many sign-ins failed"),
    "staff_added": later("added a colleague"),
    "role_changed": later("changed a role"),
    "staff_disabled": later("disabled a colleague"),
    "staff_enabled": later("let a colleague sign in again"),
    "password_set": later("set a password"),
    "second_factor_set": later("set up a second factor"),
    "second_factor_dropped": later("turned a second factor off"),
    "recovery_code_used": later("used a recovery code"),
    "recovery_codes_made": later("made new recovery codes"),
    "key_made": later("made a key"),
    "key_changed": later("changed the terms of a key"),
    "key_revoked": later("revoked a key"),
    "notice_added": later("added a version of a notice"),
    "history_taken": later("took the history away as a file"),
    "revealed": later("revealed a contact detail"),
    "corrected": later("corrected a person"),
    "correction_undone": later("undid a correction"),
    "merged": later("merged two persons"),
    "unmerged": later("undid a merge"),
    "consent_given": later("recorded a consent"),
    "consent_withdrawn": later("recorded a withdrawal"),
    "network imported": later("imported the network"),
    "clock_ahead": later("sent a time that lay ahead"),
    "offer_taken_back": later("took an offer back"),
    "offered_by_hand": later("offered a lead by hand"),
    "routed_again": later("let a lead be routed again"),
    "place_said": later("set the place of a lead"),
    "interest_added": later("added an interest"),
    "closed_by_order": later("ended an interest: ordered elsewhere"),
    "lead_rule_chosen": later("chose what guests become"),
    "turn_came": later("gave the next brand its turn"),
    "interest_changed": later("changed an interest"),
    "interest_removed": later("removed an interest"),
    "marked_spam": later("marked as spam"),
    "unmarked_spam": later("took the mark of spam away"),
    "note_added": later("left a note"),
    "note_retracted": later("took a note back"),
    "task_added": later("gave a task"),
    "task_done": later("finished a task"),
    "view_saved": later("saved a view"),
    "view_changed": later("changed a view"),
    "view_removed": later("removed a view"),
    "view_restored": later("brought a view back"),
    "simulated": later("simulated a policy"),
    "exported": later("exported a list"),
    "lead_entered": later("entered a lead"),
    "consent_taken": later("recorded an answer by telephone"),
    "review_same": later("answered a review: one person"),
    "review_different": later("answered a review: two people"),
    "review_later": later("put a review off"),
    "review_undone": later("undid a review"),
    "drafted": later("drafted a policy"),
    "changed": later("changed a draft"),
    "discarded": later("discarded a draft"),
    "activated": later("activated a policy"),
    "undid": later("went back to an earlier policy"),
    "import_started": later("started an import"),
    "import_cancelled": later("cancelled an import"),
    "import_undo_asked": later("asked to undo an import"),
    "import_undone": later("undid an import"),
    "alliance_task_taken": later("took a task of the alliance queue"),
    "alliance_task_given_back": later("gave a task of the alliance queue back"),
    "alliance_task_opened_again": later("opened a task of the alliance queue again"),
    "bulk_started": later("started a bulk job"),
    "bulk_cancelled": later("cancelled a bulk job"),
    "bulk_undo_asked": later("asked to undo a bulk job"),
    "bulk_errors_taken": later("took the errors of a bulk job away as a file"),
    "campaign_given": later("gave a lead a campaign"),
    "closed_as_lost": later("closed a lead as lost"),
    "import_errors_taken": later("took the errors of an import away as a file"),
    "leads_exported": later("exported leads"),
    "recheck_confirmed": later("confirmed that a lead is lost"),
    "recheck_reopened": later("reopened a lost lead"),
    "recheck_taken_back": later("took the answer to a re-check back"),
    "store_changed": later("changed a store"),
    "store_reminded": later("reminded a store"),
    "event_added": later("planned an event"),
    "event_changed": later("changed an event"),
    "event_opened": later("opened an event for registration"),
    "event_closed": later("closed registration for an event"),
    "slot_added": later("added a slot"),
    "slot_changed": later("changed a slot"),
    "slot_closed": later("closed a slot"),
    "slot_opened": later("opened a slot again"),
    "guest_registered": later("registered a guest by hand"),
    "guest_attended": later("noted that a guest was there"),
    "guest_attendance_undone": later("took back that a guest was there"),
    "guest_link_renewed": later("renewed the link of a guest"),
    "registration_cancelled": later("cancelled a registration"),
    "registration_restored": later("took back that a registration was cancelled"),
    "booking_restored": later("took back that a booking was cancelled"),
    "booking_made": later("booked a slot for a guest"),
    "booking_cancelled": later("cancelled a booking"),
    "booking_done": later("noted that a booking took place"),
    "booking_done_undone": later("took back that a booking took place"),
    "guests_exported": later("exported guests"),
    "guests_told": later("wrote to the guests of a list"),
    "guests_printed": later("printed a list of guests"),
    "campaign_planned": later("planned a campaign"),
    "campaign_changed": later("changed a campaign’s plan"),
    "campaign_claimed": later("claimed a campaign that leads had named"),
    "campaign_cloned": later("planned a campaign like an earlier one"),
    "campaign_draft": later("took a campaign back to the drawing board"),
    "campaign_scheduled": later("scheduled a campaign"),
    "campaign_live": later("began a campaign"),
    "campaign_closed": later("closed a campaign"),
    "partners_changed": later("changed partners or shares"),
    "arrangement_published": later("published a data-sharing arrangement"),
    "terms_accepted": later("accepted share and arrangement"),
    "terms_declined": later("declined share and arrangement"),
    "goals_set": later("set goals"),
    "channel_added": later("added a channel"),
    "channel_changed": later("changed a channel"),
    "channel_closed": later("closed a channel"),
    "channel_reopened": later("opened a channel again"),
    "audience_created": later("made an audience"),
    "audience_changed": later("changed an audience"),
    "audience_closed": later("took an audience off the list"),
    "audience_reopened": later("brought an audience back"),
    "template_created": later("wrote a message template"),
    "template_changed": later("changed a message template"),
    "template_closed": later("took a message template off the list"),
    "template_reopened": later("brought a message template back"),
    "template_submitted": later("handed an SMS to the gateway for approval"),
    "template_approved": later("wrote down that an SMS is approved"),
    "template_refused": later("wrote down that an SMS was refused"),
    "template_draft": later("took an SMS back from approval"),
    "mailing_drafted": later("drafted a mailing"),
    "mailing_changed": later("changed a draft mailing"),
    "mailing_worded": later("chose the message of a mailing"),
    "mailing_planned": later("planned a mailing"),
    "mailing_started": later("started a mailing"),
    "mailing_paused": later("paused a mailing"),
    "mailing_held": later("held a mailing whose time had passed"),
    "mailing_resumed": later("let a mailing go on"),
    "mailing_retried": later("tried messages of a mailing again"),
    "mailing_cancelled": later("ended a mailing"),
    "mailing_done": later("finished a mailing"),
    "contact_rules_changed": later("changed the contact rules"),
    "unsubscribed": later("unsubscribed by a link"),
    "demo_begun": later("began the demo"),
    "demo_staged": later("finished the demo"),
}
DETAILS = {
    "by": later("by"),
    "sessions": later("browsers"),
    "role": later("role"),
    "brand": later("brand"),
    "region": later("region"),
    "dealer": later("dealer"),
    "store": later("store"),
    "before": later("before"),
    "after": later("after"),
    "prefix": later("beginning"),
    "version": later("version"),
    "language": later("language"),
    "valid_from": later("valid from"),
    "purpose": later("purpose"),
    "reason": later("reason"),
    "field": later("field"),
    "tries": later("tries"),
    "left": later("left"),
    "created": later("new"),
    "changed": later("changed"),
    "entries": later("entries"),
    "rows": later("rows"),
    "offer": later("offer"),
    "slot": later("slot"),
    "channel": later("channel"),
    "share": later("share"),
    "terms": later("terms"),
    "hash": later("fingerprint"),
    "source": later("source"),
}
ACTORS = {
    "system": later("Marquee itself"),
    "staff:cli": later("the command line"),
    "demo": later("the demo"),
    "guest": later("the guest"),
}
VALUES = {
    "password": later("password"),
    "second factor": later("second factor"),
    "demo": later("the demo"),
}
SUBJECTS = {
    "staff": later("colleague"),
    "person": later("person"),
    "lead": later("lead"),
    "interest": later("interest"),
    "source": later("source"),
    "dealer": later("dealer"),
    "store": later("store"),
    "notice": later("notice"),
    "network": later("network"),
    "campaign": later("campaign"),
    "policy": later("policy"),
    "import": later("import"),
    "bulk": later("bulk change"),
    "simulation": later("simulation"),
    "view": later("view"),
    "history": later("history"),
    "event": later("event"),
    "registration": later("registration"),
    "booking": later("booking"),
}
# Where a subject is shown.
PLACES = {
    "staff": "/staff/{}",
    "person": "/people/{}",
    "lead": "/leads/{}",
    "dealer": "/dealers/{}",
    "store": "/stores/{}",
    "import": "/imports/{}",
    "bulk": "/bulk/{}",
    "simulation": "/simulations/{}",
    "event": "/events/{}",
    "registration": "/guests/{}",
    "campaign": "/campaigns/~{}",
}


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries: `who` is a login or an actor (staff:7, source:desk), `kind` and `subject` what it was done to, days are inclusive."""

    who: str | None = None
    action: str | None = None
    kind: str | None = None
    subject: str | None = None
    since: date | None = None
    until: date | None = None


class Entry(msgspec.Struct, frozen=True):
    """One thing done; `name` is that of the colleague who did it, `subject_name` that of one it was done to."""

    id: int
    at: datetime
    actor: str
    name: str | None
    action: str
    subject_kind: str
    subject: str
    subject_name: str | None
    details: dict[str, Any]

    @property
    def who(self) -> str:
        """Who did it: one of us by name, a machine by its code."""
        return self.name or say(ACTORS.get(self.actor, self.actor))

    @property
    def words(self) -> str:
        """What was done, in the reader's language."""
        return say(ACTIONS.get(self.action, self.action.replace("_", " ")))

    @property
    def kind_words(self) -> str:
        """What it was done to, in the reader's language."""
        return say(SUBJECTS.get(self.subject_kind, self.subject_kind.replace("_", " ")))

    @property
    def href(self) -> str | None:
        """Where the subject is shown; None where it has no page."""
        place = PLACES.get(self.subject_kind)
        return place.format(self.subject) if place and self.subject != "unknown" else None

    @property
    def facts(self) -> list[tuple[str, str, Any]]:
        """The details: each name with its words and its value, as the reader says it."""
        return [
            (name, say(DETAILS.get(name, name.replace("_", " "))), _plain(value))
            for name, value in self.details.items()
        ]


async def newest(
    wanted: Filter, *, zone: tzinfo, before: int | None = None, after: int | None = None, limit: int = PAGE
) -> list[Entry]:
    """Entries, newest first: a page of those before an entry (or the ones just after it), and one more on that side."""
    conditions = await _conditions(wanted, zone=zone)
    backwards = after is not None
    if after is not None:
        conditions.append(Condition(_NEWER, (after,)))
    elif before is not None:
        conditions.append(Condition(_OLDER, (before,)))
    order = "asc" if backwards else "desc"
    text = _ENTRIES.format(where=" and ".join("{}" for _ in conditions) or "true", order=order)
    query, values = numbered(text, conditions, limit + 1)
    rows = await current().fetch(query, *values)
    return [_entry(row) for row in (reversed(rows) if backwards else rows)]


def actions() -> list[tuple[str, str]]:
    """What can be asked for, with its words, in the order of these."""
    return sorted(((code, say(words)) for code, words in ACTIONS.items()), key=lambda it: it[1])


async def _conditions(wanted: Filter, *, zone: tzinfo) -> list[Condition]:
    found = []
    if wanted.who:
        found.append(Condition("entry.actor = {}", (await _actor(wanted.who),)))
    if wanted.action:
        found.append(Condition("entry.action = {}", (wanted.action,)))
    if wanted.kind:
        found.append(Condition("entry.subject_kind = {}", (wanted.kind,)))
    if wanted.subject:
        found.append(Condition("entry.subject = {}", (wanted.subject,)))
    if wanted.since:
        found.append(Condition("entry.at >= {}", (_midnight(wanted.since, zone),)))
    if wanted.until:
        found.append(Condition("entry.at < {}", (_midnight(wanted.until + timedelta(days=1), zone),)))
    return found


async def _actor(typed: str) -> str:
    number = await current().fetchval("select id from staff where login = $1", typed.strip().lower())
    return typed.strip() if number is None else f"staff:{number}"


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone)


def _entry(row: Any) -> Entry:
    return Entry(**{**row, "details": msgspec.json.decode(row["details"])})


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return say(VALUES[value]) if isinstance(value, str) and value in VALUES else value


_NEWER = "(entry.at, entry.id) > (select at, id from history_entry where id = {})"
_OLDER = "(entry.at, entry.id) < (select at, id from history_entry where id = {})"
# Grain: one row per history entry. $1 limit. Conditions: on the entry.
_ENTRIES = """
select entry.id, entry.at, entry.actor, staff.name as name, entry.action, entry.subject_kind, entry.subject,
       other.name as subject_name, entry.details
from history_entry as entry
left join staff on entry.actor = 'staff:' || staff.id
left join staff as other on entry.subject_kind = 'staff' and entry.subject = other.id::text
where {where}
order by entry.at {order}, entry.id {order} limit $1
"""
