"""Expected refusals. Each carries the HTTP status and a sentence that a person can act on; app.py renders them all.

A sentence may name codes, states and times, never a name, phone or address. What is not a `Refused` is a bug and flies.
"""

from collections.abc import Sequence
from typing import ClassVar, TypedDict

import msgspec


class Refused(Exception):
    """The root of the family; `facts` fill the sentence and reach the answer's details."""

    status: ClassVar[int] = 409
    sentence: ClassVar[str] = "This cannot be done now."

    def __init__(self, **facts: object) -> None:
        super().__init__(self.sentence.format(**facts))
        self.facts = facts


class NotThere(Refused):
    """Also for what is somebody else's: both answer alike, so that nobody can probe."""

    status = 404
    sentence = "There is nothing here for you."


class NotKnown(Refused):
    """For people of ours, who may know what exists; a caller from outside gets NotThere."""

    status = 404
    sentence = "There is no {kind} {code}."


class NotAllowed(Refused):
    status = 403
    sentence = "Your key does not allow this."


class SignInNeeded(Refused):
    status = 401
    sentence = "Send a valid key: Authorization: Bearer ..."


class NotUnderstood(Refused):
    status = 400
    sentence = "This request cannot be read: {why}."


TOO_DEEP = "it is nested too deeply"


class NotSupported(Refused):
    status = 415
    sentence = "Send {expected}."


class Fault(TypedDict):
    """One thing to put right: where it stands (`interests[0].brand`) and what to do."""

    path: str
    message: str


class Invalid(Refused):
    """Carries every fault found, not only the first."""

    status = 422
    sentence = "Some of this cannot be used as it is; see errors."

    def __init__(self, *, errors: Sequence[Fault], **facts: object) -> None:
        super().__init__(**facts)
        self.errors = list(errors)


def faults_of(wrong: msgspec.ValidationError) -> list[Fault]:
    """What msgspec found wrong in a body, at its path; it stops at the first fault."""
    message, _, path = str(wrong).partition(" - at `$")
    return [Fault(path=path.rstrip("`").lstrip("."), message=message)]


class Busy(Refused):
    """Nothing is wrong with the request: the same one may be sent again after `retry_after` seconds."""

    status = 503
    sentence = "The house cannot answer just now; please try again in a few seconds."
    retry_after: ClassVar[int] = 3


class NotReady(Refused):
    """The operator has something to set right first; `why` says what."""

    status = 503
    sentence = "{why}"
