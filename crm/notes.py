"""Notes that staff leave on a lead or a person: sealed, signed, and seen by those who work for the same brand.

Promises that a note of one brand's staff is never shown to another brand's, and that taking one back hides it and can be undone. Refuses
an empty note, and to touch what somebody else wrote.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec
from asyncpg import Record

from crm import vault
from crm.database import current, insert
from crm.errors import Fault, Invalid, NotThere
from crm.ids import uuid7
from crm.languages import say
from crm.roles import EVERYTHING, NOTHING, Actor, Condition, Scope, numbered
from crm.tables import StaffNote

SubjectKind: TypeAlias = Literal["lead", "person"]
LONGEST = 2000


class Note(msgspec.Struct, frozen=True):
    """A note as it is read; `brand` None is one of the alliance's own. Personal, so never to be logged."""

    id: UUID
    subject: UUID
    text: str
    author: int
    author_name: str
    brand: int | None
    at: datetime

    def __repr__(self) -> str:
        return f"Note({self.id})"


async def write(
    kind: SubjectKind, subject: UUID, *, text: str, by: Actor, at: datetime, brand: int | None = None
) -> UUID:
    """Leave a note, and return its id. Staff of a brand write for their own; the alliance may write for one, or for itself."""
    said = text.strip()
    if not said or len(said) > LONGEST:
        raise Invalid(errors=[Fault(path="text", message=f"Write 1 to {LONGEST} characters.")])
    of_brand = by.brand if by.brand is not None else brand
    if of_brand is not None and await current().fetchval("select id from brand where id = $1", of_brand) is None:
        raise Invalid(errors=[Fault(path="brand", message=say("Please choose one of the list."))])
    fresh = uuid7(at)
    note = StaffNote(
        id=fresh,
        subject_kind=kind,
        subject=subject,
        brand=of_brand,
        text=vault.seal(said, place=_place(fresh)),
        author=by.id,
        at=at,
    )
    await insert([note])
    return fresh


async def retract(note: UUID, *, subject: UUID, by: Actor, at: datetime) -> None:
    """Hide a note of one's own; `restore` brings it back."""
    await _set_retracted(note, subject=subject, by=by, retracted_at=at)


async def restore(note: UUID, *, subject: UUID, by: Actor) -> None:
    """Show a note of one's own again."""
    await _set_retracted(note, subject=subject, by=by, retracted_at=None)


async def on(kind: SubjectKind, subjects: Iterable[UUID], *, scope: Scope) -> list[Note]:
    """The notes on these that may be seen, newest first; the caller has checked that the subjects may be seen."""
    query, values = numbered(_NOTES, [seen_with(scope, "staff_note")], kind, sorted(subjects))
    return [_opened(row) for row in await current().fetch(query, *values)]


def seen_with(scope: Scope, alias: str) -> Condition:
    """True for notes or tasks of whom the actor works with: their own brand's, for the alliance all, for others what they wrote themselves.

    Whom it was written for stays: not what becomes of the lead, nor the brand that its writer works for today, shows it to others.
    """
    actor = scope.actor
    if not actor.may("leads.see"):
        return NOTHING
    if scope.sees_all_brands:
        # Narrowed to a brand, the alliance still sees what it wrote for itself.
        if scope.brand is None:
            return EVERYTHING
        return Condition(f"({alias}.brand is null or {alias}.brand = {{}})", (scope.brand,))
    if actor.brand is None or not actor.may("leads.work"):
        return Condition(f"{alias}.author = {{}}", (actor.id,))
    return Condition(f"{alias}.brand = {{}}", (actor.brand,))


async def _set_retracted(note: UUID, *, subject: UUID, by: Actor, retracted_at: datetime | None) -> None:
    changed = await current().fetchval(
        "update staff_note set retracted_at = $4 where id = $1 and subject = $2 and author = $3 returning id",
        note,
        subject,
        by.id,
        retracted_at,
    )
    if changed is None:
        raise NotThere


def _opened(row: Record) -> Note:
    text = vault.open_(row["text"], place=_place(row["id"]))
    return Note(**{name: row[name] for name in Note.__struct_fields__ if name != "text"}, text=text)


def _place(note: UUID) -> str:
    return f"staff_note|text|{note}"


# Notes with their writers. Grain: one row per note. $1 subject kind, $2 subjects, then the scope's values.
_NOTES = """
select staff_note.id, staff_note.subject, staff_note.text, staff_note.author, staff.name as author_name, staff_note.brand, staff_note.at
from staff_note join staff on staff.id = staff_note.author
where subject_kind = $1 and subject = any($2::uuid[]) and retracted_at is null and {}
order by staff_note.at desc, staff_note.id desc
"""
