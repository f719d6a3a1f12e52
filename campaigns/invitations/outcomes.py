"""What came of messages: handed over, bounced, failed, to be tried again; later delivered, as the gateway tells.

Promises that an outcome counts only for the sender that holds the message, that a message which came to nothing gives its place in the budget back,
and that nothing more goes to an address that bounced for good.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record

from campaigns.senders import Sent
from campaigns.senders.letters import Outcome
from campaigns.tables import Touchpoint
from campaigns.touchpoints import Touch, record_touches
from crm.database import current
from crm.ids import uuid7
from crm.work import backoff

STATES = {"sent": "sent", "bounced": "bounced", "failed": "failed", "stopped": "suppressed"}


class _Row(NamedTuple):
    # A message as it becomes: `again` is when it is tried next.
    id: UUID
    state: str
    reason: str | None
    again: datetime | None
    at: datetime
    gateway_id: str | None


async def record(sent: Sequence[Sent], *, token: UUID) -> None:
    """Write these outcomes down; those of messages that another sender took over meanwhile are its own to tell."""
    by_id = {one.message: one for one in sent}
    held = await current().fetch(_HELD, sorted(by_id), token)
    rows = [_becomes(row, by_id[row["id"]]) for row in held]
    if not rows:
        return
    await current().execute(_WRITE, *map(list, zip(*rows, strict=True)))
    gone = [row for row in rows if row.state == "sent"]
    if gone:
        await current().execute(_COUNT, [row.id for row in gone], [row.at for row in gone])
    if len(gone) < len(rows):
        # What is tried again keeps its place in the budget: it is on its way.
        await give_back([row.id for row in rows if row.state != "sent" and row.again is None])
    await _stop([(row, by_id[row["id"]].at) for row in held if by_id[row["id"]].outcome.fate == "bounced"])
    await _tell([row for row in held if by_id[row["id"]].outcome.fate == "sent"], by_id)


async def deliver(message: UUID, state: str, *, at: datetime) -> None:
    """What the gateway says became of a message that it took: delivered, bounced or failed; later words of another kind are ignored."""
    row = await current().fetchrow(_DELIVER, message, state, at)
    if row is not None and state == "bounced":
        await _stop([(row, at)])


async def stop_address(channel: str, keys: Collection[bytes], *, reason: str, at: datetime) -> None:
    """Send nothing more to these addresses."""
    await current().execute(_STOP, channel, sorted(set(keys)), reason, at)


async def give_back(messages: Collection[UUID]) -> None:
    """Let the places be free again that these messages kept in budgets, where they went to nobody."""
    await current().execute(_GIVE_BACK, sorted(messages))


def _becomes(row: Record, one: Sent) -> _Row:
    outcome, wait = one.outcome, backoff(row["attempts"] + 1)
    if outcome.fate == "again":
        if wait is None:
            return _Row(row["id"], "failed", _why(outcome), None, one.at, None)
        return _Row(row["id"], "queued", None, one.at + wait, one.at, None)
    if outcome.fate == "later":
        return _Row(row["id"], "queued", None, None, one.at, None)
    reason = (outcome.why or row["reason"] or "unsubscribed") if outcome.fate == "stopped" else _why(outcome)
    return _Row(row["id"], STATES[outcome.fate], reason, None, one.at, outcome.gateway_id)


def _why(outcome: Outcome) -> str | None:
    return None if outcome.fate == "sent" else (outcome.why or outcome.fate)[:20]


async def _stop(bounced: Iterable[tuple[Record, datetime]]) -> None:
    for row, at in bounced:
        if row["address_key"]:
            await stop_address(row["channel"], [row["address_key"]], reason="bounced", at=at)


async def _tell(rows: Sequence[Record], sent: dict[UUID, Sent]) -> None:
    """Invitations are contacts of a campaign: one for every brand that the message spoke for."""
    await record_touches(
        [
            touch(Touch.invitation_sent, row, brand=brand, at=sent[row["id"]].at)
            for row in rows
            if row["mailing"] is not None
            for brand in row["brands"] or (None,)
        ]
    )


def touch(kind: Touch, row: Record, *, brand: int | None, at: datetime) -> Touchpoint:
    """A contact by a message, ready to be recorded."""
    return Touchpoint(
        id=uuid7(at),
        person=row["person"],
        observation=None,
        kind=int(kind),
        campaign=row["campaign"],
        event=row["event"],
        booth=None,
        brand=brand,
        channel=row["way"],
        at=at,
        recorded_at=at,
        retracted_at=None,
    )


# In the order of ids, as everybody locks messages.
_HELD = """
select message.id, message.attempts, message.reason, message.channel, message.address_key, message.person, message.brands, message.mailing,
       message.campaign, mailing.event, mailing.way
from message left join mailing on mailing.id = message.mailing
where message.id = any($1::uuid[]) and message.claimed_by = $2 and message.state = 'sending'
order by message.id for update of message
"""
_WRITE = """
update message set state = told.state, reason = told.reason, due_at = coalesce(told.again, message.due_at),
       next_at = told.again, attempts = message.attempts + (told.again is not null)::int,
       claimed_until = null, claimed_by = null,
       sent_at = case when told.state = 'sent' then told.at end,
       ended_at = case when told.state <> 'queued' then told.at end,
       gateway_id = told.gateway_id
from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::text[])
     as told (id, state, reason, again, at, gateway_id)
where message.id = told.id
"""
_COUNT = """
update contact_use set sent_at = gone.at from unnest($1::uuid[], $2::timestamptz[]) as gone (message, at)
where contact_use.message = gone.message
"""
_GIVE_BACK = "delete from contact_use where message = any($1::uuid[]) and sent_at is null"
_DELIVER = """
update message set state = $2::text, ended_at = $3, reason = case when $2::text = 'delivered' then null else 'report' end
where id = $1 and state = 'sent' returning channel, address_key
"""
_STOP = """
insert into contact_stop (channel, address_key, reason, at) select $1, key, $3, $4 from unnest($2::bytea[]) as given (key)
on conflict (channel, address_key) do nothing
"""
