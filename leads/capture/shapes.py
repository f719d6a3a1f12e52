"""What goes into capture and what comes out: items with their source, outcomes with the answer that the source gets."""

from typing import Literal
from uuid import UUID

import msgspec

from crm.errors import Fault
from crm.sources import Sender
from leads.submission import LeadBody

__all__ = ["Answer", "CapturedInterest", "Incoming", "Outcome", "Sender"]


class CapturedInterest(msgspec.Struct, frozen=True):
    """One interest as its source may see it."""

    id: UUID
    stage: str
    hold: str | None


class Answer(msgspec.Struct, frozen=True):
    """What a source gets back for a lead; `person_id` is its own reference to the person, unlike any other principal's."""

    id: UUID
    external_id: str
    stage: str
    hold: str | None
    person_id: str
    interests: list[CapturedInterest]


class Met(msgspec.Struct, frozen=True):
    """Whom a lead is of, where they were met before: their observation is kept and linked, their contact in the ledger, their answers given."""

    observation: UUID
    person: UUID


class Incoming(msgspec.Struct, frozen=True):
    """A decoded body, the bytes it came in, its row where it came from a file, and who it is of when that is known."""

    body: LeadBody
    raw: bytes
    row_no: int | None = None
    met: Met | None = None


class Outcome(msgspec.Struct, frozen=True):
    """The fate of one item: created and repeat carry the answer, error its faults; `changed` marks a repeat with another body."""

    fate: Literal["created", "repeat", "error"]
    answer: Answer | None = None
    observation: UUID | None = None
    errors: list[Fault] = []
    changed: bool = False

    @property
    def lead_id(self) -> UUID | None:
        """The lead, where there is one."""
        return self.answer.id if self.answer else None
