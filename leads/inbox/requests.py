"""Requests that callers name themselves (`Idempotency-Key`): the same name again gets the first answer.

Promises that a named request takes effect once within its time, also when both are in flight, and that one that was
refused may be sent again under its name. Refuses the name for anything else.
"""

from datetime import datetime, timedelta

from crm import vault
from crm.access import Principal
from crm.database import current, statement
from crm.errors import Refused

KEPT = timedelta(hours=24)


class NameTaken(Refused):
    status = 422
    sentence = "This Idempotency-Key belongs to another request of yours; use a new one."


async def first_reference(
    key: str | None, *, caller: Principal, route: str, body: bytes, reference: str, at: datetime
) -> str | None:
    """None when the request is to be carried out, its answer being found by `reference`; else the first one's."""
    if key is None:
        return None
    # Keyed, because a body may hold a note on somebody.
    body_hash = vault.match_key("request", body.hex())
    name = (caller.kind, caller.id, route, key)
    if await current().fetchval(statement("leads", "remember_request"), *name, body_hash, reference, at, at + KEPT):
        return None
    (first,) = await current().fetch(statement("leads", "known_request"), *name)
    if first["body_hash"] != body_hash:
        raise NameTaken
    known: str = first["reference"]
    return known
