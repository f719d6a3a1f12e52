"""What is handed to a sender, and what the sender says came of it.

Promises that neither prints whom it is for nor what it says. A letter's identity is that of its message: sent twice, a receiver can tell.
"""

from typing import Literal, NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from crm.settings import settings

Fate = Literal["sent", "bounced", "failed", "again", "stopped", "later"]


class CalendarFile(NamedTuple):
    """An appointment as a calendar takes it; `method` says whether it is asked for or taken back."""

    content: bytes
    method: str


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A message ready to go: to whom, in which words; `template` is the name under which a gateway approved an SMS."""

    message: UUID
    channel: Literal["email", "sms"]
    to: str
    language: str
    text: str
    subject: str = ""
    html: str = ""
    sender: str = ""
    unsubscribe: str | None = None
    calendar: CalendarFile | None = None
    template: str | None = None

    @property
    def message_id(self) -> str:
        """The Message-ID of the mail: the same however often it is tried."""
        host = urlsplit(settings().public_url).hostname or "localhost"
        return f"<{self.message}@{host}>"

    def __repr__(self) -> str:
        return f"Letter({self.message})"


class Outcome(msgspec.Struct, frozen=True):
    """What became of a letter: sent, bounced (nobody is there), failed for good, to be tried again; stopped or put off before it left.

    `why` is the class of an error, never what a server said of somebody; `is_away`: no server was reached at all.
    """

    fate: Fate
    why: str | None = None
    gateway_id: str | None = None
    is_away: bool = False
