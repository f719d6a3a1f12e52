"""The story of a lead in dated events: captured, joined to a person, consented, routed, offered, answered, worked on by us.

Promises that nothing is in it that its reader may not see: it is told about the interests of a dossier that passed their scope, about consents
of brands in scope, and about notes and reveals of those they work with. Kinds are few, so that it can be filtered.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from typing import Any, Literal, TypeAlias, get_args
from uuid import UUID

import msgspec
from asyncpg import Record

from crm import languages, notes, tasks
from crm.database import current
from crm.notes import Note
from crm.roles import EVERYTHING, Condition, Scope, numbered
from crm.tasks import Task
from leads.dossier import Dossier, InterestSeen

Kind: TypeAlias = Literal["enquiry", "person", "consent", "offer", "answer", "note", "task", "change", "reveal"]
KINDS: tuple[Kind, ...] = get_args(Kind)
# What comes first when several things happened at the same moment, as at capture.
ORDER = {
    kind: place
    for place, kind in enumerate(
        ("enquiry", "consent", "person", "change", "offer", "answer", "note", "task", "reveal")
    )
}


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened. `what` is a code that the template puts into words; `who` one of us, where it was one."""

    kind: Kind
    what: str
    at: datetime
    who: str | None = None
    brand: int | None = None
    model: str | None = None
    facts: dict[str, Any] = {}


async def tell(lead: Dossier, *, scope: Scope, at: datetime, kinds: Iterable[str] = KINDS) -> list[Event]:
    """What happened until `at`, the latest first, of these kinds alone."""
    written = await notes.on("lead", [lead.id], scope=scope)
    asked = await tasks.on("lead", [lead.id], scope=scope)
    told = [
        *_enquiry(lead),
        *await _person(lead),
        *await _consents(lead, scope=scope),
        *await _decisions(lead),
        *_offers(lead, at=at),
        *_notes(written),
        *_tasks(asked),
        *await _changes(lead, scope=scope),
    ]
    wanted = set(kinds)
    return sorted((one for one in told if one.kind in wanted), key=_place, reverse=True)


def _place(event: Event) -> tuple[datetime, bool, int]:
    # An offer that is taken back for another one ends before the other begins.
    return event.at, event.what != "withdrawn", ORDER[event.kind]


def by_day(events: Iterable[Event]) -> list[tuple[str, list[Event]]]:
    """The events under the words for their days on the reader's calendar, in their order."""
    return [
        (languages.weekday(of_day[0].at), of_day)
        for _, group in groupby(events, key=lambda one: languages.iso_day(one.at))
        if (of_day := list(group))
    ]


def _enquiry(lead: Dossier) -> Iterator[Event]:
    facts = {"campaign": lead.campaign_name or lead.campaign, "booth": lead.booth, "source": lead.source}
    yield Event(kind="enquiry", what="captured", at=lead.captured_at, who=lead.entered_by, facts=facts)
    if lead.changed_at:
        yield Event(kind="enquiry", what="sent_again", at=lead.changed_at)


async def _person(lead: Dossier) -> list[Event]:
    rows = await current().fetch(
        "select outcome, margin, at from decision where observation = $1 order by at, id", lead.observation
    )
    return [
        Event(kind="person", what=f"person_{row['outcome']}", at=row["at"], facts={"margin": row["margin"]})
        for row in rows
    ]


async def _consents(lead: Dossier, *, scope: Scope) -> list[Event]:
    query, values = numbered(
        _CONSENTS, [scope.of_brands("consent.brand")], lead.person, lead.observation, lead.received_at
    )
    return [
        Event(
            kind="consent",
            what=f"consent_{row['state']}",
            at=row["captured_at"],
            who=row["staff"],
            facts={name: row[name] for name in ("purpose", "brands", "notice", "version")},
        )
        for row in await current().fetch(query, *values)
    ]


async def _decisions(lead: Dossier) -> list[Event]:
    """Decisions that ended in no offer; the others are told by their offers."""
    interests = {one.id: one for one in lead.interests}
    rows = await current().fetch(_DECISIONS, list(interests))
    return [
        Event(
            kind="offer",
            what=f"routed_{row['outcome']}",
            at=row["decided_at"],
            **_of(interests[row["interest"]]),
            facts={"receipt": row["id"]},
        )
        for row in rows
    ]


def _offers(lead: Dossier, *, at: datetime) -> Iterator[Event]:
    for interest in lead.interests:
        named = _of(interest)
        for offer in interest.offers:
            facts = {name: getattr(offer, name) for name in ("reason", "note", "receipt")} | {"store": offer.store_name}
            what = "joined" if offer.joined else "offered"
            yield Event(kind="offer", what=what, at=offer.offered_at, **named, facts=facts)
            if offer.is_late(at):
                yield Event(kind="answer", what="late", at=offer.answer_due_at, **named, facts=facts)
            if offer.accepted_at:
                yield Event(kind="answer", what="accepted", at=offer.accepted_at, **named, facts=facts)
            if offer.ended_at:
                kind: Kind = "answer" if offer.state == "refused" else "offer"
                yield Event(kind=kind, what=offer.state, at=offer.ended_at, **named, facts=facts)
        stores = {offer.id: offer.store_name for offer in interest.offers}
        for answer in interest.answers:
            told = {name: getattr(answer, name) for name in ("reason", "note", "value_fen", "next_follow_up_at")}
            facts = {**told, "store": stores[answer.offer], "answer": answer.kind}
            yield Event(kind="answer", what="disposed", at=answer.at, **named, facts=facts)


def _notes(written: Iterable[Note]) -> Iterator[Event]:
    for note in written:
        yield Event(kind="note", what="note", at=note.at, who=note.author_name, facts={"text": note.text})


def _tasks(asked: Iterable[Task]) -> Iterator[Event]:
    for task in asked:
        facts = {"text": task.text, "assignee": task.assignee_name}
        yield Event(kind="task", what="task_set", at=task.at, who=task.author_name, facts=facts)
        if task.done_at:
            yield Event(kind="task", what="task_done", at=task.done_at, who=task.done_by_name, facts=facts)


async def _changes(lead: Dossier, *, scope: Scope) -> list[Event]:
    """What the history says of this lead and its interests, and whose details were revealed since it came."""
    interests = {one.id: one for one in lead.interests}
    ids = [str(lead.id), *map(str, interests)]
    query, values = numbered(_CHANGES, [_known_to(scope), _revealed_to(scope)], ids, str(lead.person), lead.received_at)
    return [_change(row, interests) for row in await current().fetch(query, *values)]


def _change(row: Record, interests: dict[UUID, InterestSeen]) -> Event:
    interest = interests.get(UUID(row["subject"])) if row["subject_kind"] == "interest" else None
    return Event(
        kind="reveal" if row["action"] == "revealed" else "change",
        what=row["action"],
        at=row["at"],
        who=row["staff"],
        **(_of(interest) if interest else {}),
        facts=msgspec.json.decode(row["details"]),
    )


def _known_to(scope: Scope) -> Condition:
    # Of a lead that two brands share each hears what was done; who works for the other one is not theirs to know.
    return EVERYTHING if scope.brand is None else Condition("(staff.brand is null or staff.brand = {})", (scope.brand,))


def _revealed_to(scope: Scope) -> Condition:
    # That another brand's staff looked somebody up would tell that the other brand knows them.
    return EVERYTHING if scope.brand is None else Condition("staff.brand = {}", (scope.brand,))


def _of(interest: InterestSeen) -> dict[str, Any]:
    return {"brand": interest.brand, "model": interest.model}


# Answers given with this lead, and those that the person gave since, by occasion. Grain: one row per occasion, purpose and state.
# $1 survivor, $2 the lead's observation, $3 when the lead came, then the scope's values.
_CONSENTS = """
with family as (select $1::uuid as id union all select person.id from person where person.merged_into = $1)
select consent.captured_at, consent.state, consent.purpose, notice.code as notice, notice_version.version, staff.name as staff,
       array_agg(distinct consent.brand order by consent.brand) as brands
from consent
left join notice_version on notice_version.id = consent.notice_version
left join notice on notice.id = notice_version.notice
left join staff on consent.actor = 'staff:' || staff.id
where consent.person in (select id from family) and (consent.observation = $2 or (consent.observation is null and consent.recorded_at >= $3))
      and {}
group by consent.captured_at, consent.state, consent.purpose, notice.code, notice_version.version, staff.name
"""

_DECISIONS = """
select id, interest, outcome, decided_at from receipt where interest = any($1::uuid[]) and outcome <> 'offered'
"""

# What we did. Grain: one row per entry of the history. $1 ids of the lead and its interests, $2 person, $3 when the lead came,
# then the scope's values.
_CHANGES = """
select entry.action, entry.subject_kind, entry.subject, entry.details, entry.at, case when {} then staff.name end as staff
from history_entry as entry
left join staff on entry.actor = 'staff:' || staff.id
where (entry.subject_kind in ('lead', 'interest') and entry.subject = any($1::text[]))
      or (entry.subject_kind = 'person' and entry.subject = $2 and entry.action = 'revealed' and entry.at >= $3 and {})
"""
