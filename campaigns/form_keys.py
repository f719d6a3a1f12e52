"""What a public form carries unseen: when it was shown, under which name it counts once, and which wording stood on it.

Promises that nobody but us can write one. Refuses what we did not seal, and what is older than a day.
"""

import base64
import binascii
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import msgspec

from crm import vault

GOOD_FOR = timedelta(days=1)
_PLACE = "form|key|"


class FormKey(msgspec.Struct, frozen=True):
    """One showing of a form; `number` makes its external id, so that sending it twice registers once."""

    at: datetime
    number: UUID
    notice: str
    version: str
    language: str

    @property
    def external_id(self) -> str:
        """The name under which what is sent counts once."""
        return f"form:{self.number.hex}"


def made(*, notice: str, version: str, language: str, event: str, at: datetime) -> str:
    """The key of a form of this event that is shown now."""
    key = FormKey(at, uuid4(), notice, version, language)
    sealed = vault.seal(msgspec.json.encode(key).decode(), place=_PLACE + event)
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def opened(text: str, *, event: str, at: datetime) -> FormKey | None:
    """What the key says; None for one of another event or of nobody, and for one that is too old."""
    try:
        sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        key = msgspec.json.decode(vault.open_(sealed, place=_PLACE + event), type=FormKey)
    except (binascii.Error, ValueError, vault.CannotOpen):
        return None
    return key if key.at > at - GOOD_FOR else None
