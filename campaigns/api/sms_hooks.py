"""What the SMS gateway tells us: what became of a message, and what somebody answered. Signed calls, each heard once.

Promises that the signature is checked over the raw bytes before anything is read, in constant time, and that a call which comes again, or comes late,
changes nothing. Who has no secret is told no more than that.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, post

from campaigns.invitations import outcomes, unsubscribing
from campaigns.senders import signing
from crm import access, normalise
from crm.database import current, transaction
from crm.errors import Busy, Invalid, Refused, faults_of
from crm.settings import settings

MOST = 64 * 1024
Shape = TypeVar("Shape")


class NotSigned(Refused):
    status = 401
    sentence = "This call does not carry a valid signature of now."


class StillBeingSent(Busy):
    sentence = "This message is just being written down as sent; please tell again in a moment."


class Report(msgspec.Struct):
    """What became of a message, by our id for it."""

    id: UUID
    state: Literal["delivered", "failed", "bounced"]


class Answer(msgspec.Struct):
    """What somebody wrote back, and from which number."""

    sender: Annotated[str, msgspec.Meta(min_length=3, max_length=40)] = msgspec.field(name="from")
    text: Annotated[str, msgspec.Meta(max_length=2000)]


class SmsHooks(Controller):
    path = "/hooks/sms"
    guards = [access.anyone]
    include_in_schema = False

    @post("/reports", status_code=200, request_max_body_size=MOST)
    async def report(self, request: Request[Any, Any, Any]) -> Response[dict[str, bool]]:
        at = datetime.now(UTC)
        told = _read(await _signed(request, at), Report)
        async with transaction():
            if await _is_new(request, at=at):
                if await current().fetchval("select state from message where id = $1 for update", told.id) == "sending":
                    raise StillBeingSent
                await outcomes.deliver(told.id, told.state, at=at)
        return Response({"ok": True})

    @post("/answers", status_code=200, request_max_body_size=MOST)
    async def answer(self, request: Request[Any, Any, Any]) -> Response[dict[str, bool]]:
        at = datetime.now(UTC)
        told = _read(await _signed(request, at), Answer)
        phone = _number(told.sender)
        async with transaction():
            if await _is_new(request, at=at) and phone and unsubscribing.means_stop(told.text):
                await unsubscribing.stop_number(phone, at=at)
        return Response({"ok": True})


async def _signed(request: Request[Any, Any, Any], at: datetime) -> bytes:
    """The raw body of a call that the gateway signed just now."""
    body, secret = await request.body(), settings().sms_secret
    if not secret or not signing.is_ours(secret, body, request.headers, at=at):
        raise NotSigned
    return body


def _number(typed: str) -> str | None:
    try:
        return normalise.phone(typed).e164
    except normalise.Unreadable:
        return None


async def _is_new(request: Request[Any, Any, Any], *, at: datetime) -> bool:
    """Whether this very call was not heard before; remembers it in the transaction that acts on it."""
    new: bool | None = await current().fetchval(_HEARD, signing.call_id(request.headers), at)
    await current().execute("delete from hook_call where at < $1", at - 4 * signing.TOLERANCE)
    return bool(new)


def _read(body: bytes, shape: type[Shape]) -> Shape:
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as wrong:
        raise Invalid(errors=faults_of(wrong)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Invalid(errors=[{"path": "", "message": "Send one JSON object."}]) from None


_HEARD = "insert into hook_call (id, at) values ($1, $2) on conflict do nothing returning true"
CONTROLLERS = (SmsHooks,)
