"""Mails that came back later: the report of a mail server (RFC 3464) read for which message it is about and whether nobody is there for good.

Promises that only our own Message-IDs count. Refuses nothing: what is no such report says nothing.
"""

from collections.abc import Iterator, Sequence
from email import message_from_bytes
from email.message import Message
from email.policy import default
from uuid import UUID

FOR_GOOD = "5"  # the class of a status; 4 may pass


def read(report: bytes) -> list[UUID]:
    """The messages that a report says came back for good."""
    mail = message_from_bytes(report, policy=default)
    parts = list(mail.walk())
    if not any(_status(block).startswith(FOR_GOOD) for part in parts for block in _blocks(part)):
        return []
    return sorted(set(_ours(parts)))


def _blocks(part: Message) -> list[Message]:
    if part.get_content_type() != "message/delivery-status":
        return []
    inside = part.get_payload()
    return [one for one in inside if isinstance(one, Message)] if isinstance(inside, list) else []


def _status(block: Message) -> str:
    failed = str(block.get("Action", "")).strip().lower() == "failed"
    return str(block.get("Status", "")).strip() if failed else ""


def _ours(parts: Sequence[Message]) -> Iterator[UUID]:
    for part in parts[1:]:
        text = str(part.get("Message-ID") or "") + (
            str(part.get_payload()) if part.get_content_type() == "text/rfc822-headers" else ""
        )
        for line in text.replace(">", " ").replace("<", " ").split():
            try:
                yield UUID(line.partition("@")[0])
            except ValueError:
                continue
