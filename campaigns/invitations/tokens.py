"""The words in the links of a message: which message it was, and that we wrote the link.

Promises that a token is not to be guessed, holds no personal data, and opens one kind of link alone. Refuses nothing: what we did not write is None.
"""

import base64
import binascii
import hmac
from typing import Literal
from uuid import UUID

from crm import vault

Kind = Literal["link", "unsubscribe"]
MAC_BYTES = 12
LENGTH = 38  # 28 bytes in base64 without padding


def made(kind: Kind, message: UUID) -> str:
    """The token of this message for links of this kind."""
    return base64.urlsafe_b64encode(message.bytes + _mac(kind, message)).rstrip(b"=").decode()


def read(kind: Kind, token: str) -> UUID | None:
    """The message that a link of this kind names."""
    if len(token) != LENGTH or not token.isascii():
        return None
    try:
        said = base64.b64decode(token + "==", altchars=b"-_", validate=True)
    except binascii.Error:
        return None
    message = UUID(bytes=said[:16])
    # Of the last character some bits are spare: one message has one spelling.
    return message if hmac.compare_digest(made(kind, message).encode(), token.encode()) else None


def _mac(kind: Kind, message: UUID) -> bytes:
    return vault.match_key("message_token", message.hex, namespace=kind)[:MAC_BYTES]
