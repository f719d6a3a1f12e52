"""What the next page says of what was just done, with the way to undo it: carried by the browser for a minute, signed by us.

Promises that nobody else can put words or a path into it. What was told to another reader, or comes without our signature, says nothing.
"""

import base64
import hmac

import msgspec

from crm import vault
from crm.roles import Actor

COOKIE = "told"
SECONDS = 60


class Told(msgspec.Struct, frozen=True):
    """What a toast says; `undo` is where a POST takes it back."""

    text: str
    undo: str | None = None


def sealed(told: Told, *, reader: Actor | None) -> str:
    """The cookie's value, for this reader alone."""
    said = base64.urlsafe_b64encode(msgspec.json.encode(told)).decode()
    return f"{said}.{_signature(said, reader)}"


def opened(cookie: str, *, reader: Actor | None) -> Told | None:
    """What the cookie says; None for one that we did not write for this reader."""
    said, _, signature = cookie.partition(".")
    if not hmac.compare_digest(signature.encode(), _signature(said, reader).encode()):
        return None
    return msgspec.json.decode(base64.urlsafe_b64decode(said), type=Told)


def _signature(said: str, reader: Actor | None) -> str:
    # By the reader, not by their session: a new password is told in the session that follows it.
    return vault.match_key("told", said, namespace=str(reader.id) if reader else "").hex()
