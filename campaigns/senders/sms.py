"""SMS by any gateway that takes a signed POST: JSON with the number, the text and the approved template's name.

Promises one message per idempotency key however often it is tried. A gateway of another dialect gets a small translator before it, not a branch here.
"""

from datetime import UTC, datetime
from http import HTTPStatus

import httpx
import msgspec

from campaigns.senders import signing
from campaigns.senders.letters import Letter, Outcome
from crm.settings import settings

PATIENCE = 15.0
MAY_PASS = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})


class Order(msgspec.Struct, frozen=True):
    """What the gateway is told."""

    id: str
    to: str
    text: str
    template: str | None


class Receipt(msgspec.Struct, frozen=True):
    """What it answers: its own name for the message."""

    id: str | None = None


async def send(client: httpx.AsyncClient, letter: Letter) -> Outcome:
    """Hand an SMS over; never raises for what the gateway or the network does."""
    body = msgspec.json.encode(Order(str(letter.message), letter.to, letter.text, letter.template))
    told = signing.headers(settings().sms_secret or "", body, at=datetime.now(UTC))
    told |= {"content-type": "application/json", "idempotency-key": str(letter.message)}
    try:
        answer = await client.post(settings().sms_url or "", content=body, headers=told)
    except httpx.HTTPError as broken:
        is_away = isinstance(broken, httpx.ConnectError | httpx.ConnectTimeout)
        return Outcome("again", type(broken).__name__, is_away=is_away)
    # A conflict says that this key was served before: it went out.
    if answer.is_success or answer.status_code == HTTPStatus.CONFLICT:
        return Outcome("sent", gateway_id=_id(answer.content))
    passes = answer.status_code in MAY_PASS or answer.is_server_error
    return Outcome("again" if passes else "failed", f"http_{answer.status_code}")


def _id(content: bytes) -> str | None:
    try:
        found = msgspec.json.decode(content, type=Receipt).id
    except msgspec.DecodeError:
        return None
    return found[:120] if found else None
