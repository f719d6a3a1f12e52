"""How the SMS gateway and we know each other: HMAC-SHA256 over the moment and the raw body, in both directions.

Promises that a signature is checked over the very bytes that came, in constant time, and that an old call is none. The body is never parsed before.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

TIMESTAMP, SIGNATURE = "x-marquee-timestamp", "x-marquee-signature"
TOLERANCE = timedelta(minutes=5)


def headers(secret: str, body: bytes, *, at: datetime) -> dict[str, str]:
    """What goes along with a body."""
    timestamp = str(int(at.timestamp()))
    return {TIMESTAMP: timestamp, SIGNATURE: _signature(secret, timestamp, body)}


def is_ours(secret: str, body: bytes, told: Mapping[str, str], *, at: datetime) -> bool:
    """Whether whoever holds the secret sent this body just now."""
    timestamp, signature = told.get(TIMESTAMP, ""), told.get(SIGNATURE, "")
    expected = _signature(secret, timestamp, body)
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        return False
    return timestamp.isascii() and timestamp.isdigit() and _is_fresh(int(timestamp), at)


def call_id(told: Mapping[str, str]) -> bytes:
    """What tells this call from every other one."""
    return hashlib.sha256(f"{told.get(TIMESTAMP)}|{told.get(SIGNATURE)}".encode()).digest()


def _is_fresh(timestamp: int, at: datetime) -> bool:
    try:
        return abs(at - datetime.fromtimestamp(timestamp, UTC)) <= TOLERANCE
    except (OverflowError, ValueError, OSError):
        return False


def _signature(secret: str, timestamp: str, body: bytes) -> str:
    return hmac.digest(secret.encode(), timestamp.encode() + b"." + body, "sha256").hex()
