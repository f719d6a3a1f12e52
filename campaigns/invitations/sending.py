"""Messages on their way: due ones are claimed, decided and reserved in one transaction, handed over outside of it, and their outcome written down.

Promises that a sender which dies loses nothing: what it held is due again after its lease, under the same identity. Only what was being handed
over at that moment, a letter per lane, may arrive twice.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from asyncpg import Record

from campaigns.invitations import composing, outcomes, reaching, reserving, rules, starting
from campaigns.senders import Parcel, Sent, send_all
from campaigns.senders.letters import Outcome
from crm import consent
from crm.database import AWAY, current, statement, transaction
from crm.errors import Busy
from crm.ids import uuid7
from crm.work import Job

log = structlog.get_logger()

BATCH = 50
LEASE = timedelta(minutes=5)  # whoever holds a message longer finds before handing it over that it is another's
TRIES, PAUSE = 6, 2.0  # to write outcomes down while the database is away


async def advance(at: datetime) -> int:
    """Start what is due to start, then send one batch; says how many messages were handled."""
    if started := await starting.advance(at):
        return started
    token = uuid7(at)
    claimed, parcels = await _next(token, at=at)
    if parcels:
        await hand_over(parcels, token, at=at)
    return claimed or await starting.finish(at)


JOB = Job("mailings", advance, is_apart=True)


async def _next(token: UUID, *, at: datetime) -> tuple[int, list[Parcel]]:
    """The next batch for this sender; when something in it cannot be made a letter, one message, so that a bad one stands alone."""
    try:
        async with transaction():
            claimed = await _due(BATCH, at=at)
            return len(claimed), await _held(claimed, token, at=at)
    except (Busy, *AWAY):
        raise
    except Exception:
        log.warning("batch_failed", exc_info=True)
    async with transaction() as connection:
        claimed = await _due(1, at=at)
        try:
            async with connection.transaction():
                return len(claimed), await _held(claimed, token, at=at)
        except (Busy, *AWAY):
            raise
        except Exception:
            log.exception("message_failed", message=str(claimed[0]["id"]))
            await connection.execute(_BROKEN, claimed[0]["id"], at)
            await outcomes.give_back([claimed[0]["id"]])
    return len(claimed), []


async def _due(limit: int, *, at: datetime) -> Sequence[Record]:
    """Messages that are due, locked: those of guests first, then those of one mailing."""
    await current().execute(_GIVE_UP_LEASES, at)
    claimed: Sequence[Record] = await current().fetch(statement("campaigns", "claim_guest_messages"), at, limit)
    if not claimed and (mailing := await current().fetchval(_DUE_MAILING, at)):
        claimed = await current().fetch(statement("campaigns", "claim_messages"), mailing, at, limit)
    return claimed


async def _held(claimed: Sequence[Record], token: UUID, *, at: datetime) -> list[Parcel]:
    """Decide about these, and hold for this sender those that may go: their letters."""
    if not claimed:
        return []
    house = await rules.load()
    going = await reserving.reserve(claimed, house, at=at)
    parcels = await composing.parcels(going, house)
    await current().execute(_HOLD, [parcel.letter.message for parcel in parcels], token, at + LEASE)
    return parcels


async def hand_over(parcels: Sequence[Parcel], token: UUID, *, at: datetime) -> None:
    """Let these leave the house, each if it is still wanted, and write down what came of it before the next one goes."""

    async def may_go(message: UUID) -> Outcome | None:
        return await _not_to_leave(message, token)

    async def tell(sent: Sent) -> None:
        await _write_down(sent, token)

    await send_all(parcels, may_go=may_go, tell=tell, at=at)


async def _not_to_leave(message: UUID, token: UUID) -> Outcome | None:
    """Asked just before it leaves: what becomes of a message that somebody stopped, paused or took over since; None for all others."""
    async with transaction():
        row = await current().fetchrow(_STANDS, message, token)
        if row is None or row["reason"] is not None:
            return Outcome("stopped")
        if row["state"] == "cancelled":
            return Outcome("stopped", "cancelled")
        if row["state"] == "running" and not await _is_allowed(row):
            # Decided anew, it says why it does not go, or speaks for the other brands alone.
            return Outcome("later")
    return None if row["state"] in ("running", None) else Outcome("later")


async def _is_allowed(row: Record) -> bool:
    """Whether every brand that this message speaks for may still write to the person, who may be another's by now."""
    person, channel = row["person"], row["channel"]
    found = await reaching.reach([person], channel=channel, brands=row["brands"])
    unheard = found[person].unheard if person in found else ()
    standings = (await consent.standing([person], purpose="alliance_marketing", unheard=unheard)).get(person, [])
    return all(consent.may_contact(standings, brand=brand, channel=channel) for brand in row["brands"])


async def _write_down(sent: Sent, token: UUID) -> None:
    """The outcome, however long the database takes to come back: what is not written down would be sent again."""
    for _ in range(TRIES - 1):
        try:
            async with transaction():
                return await outcomes.record([sent], token=token)
        except Busy:
            log.warning("outcome_waits", message=str(sent.message))
            await asyncio.sleep(PAUSE)
    async with transaction():
        return await outcomes.record([sent], token=token)


_GIVE_UP_LEASES = """
update message set state = 'queued', claimed_until = null, claimed_by = null, attempts = attempts + 1
where id in (
    select id from message where state = 'sending' and claimed_until <= $1 order by id limit 500 for update skip locked
)
"""
# A mailing with something due: the more important first, of equals any, so that several workers do not all take the same.
_DUE_MAILING = """
select id from mailing
where state = 'running'
      and exists (select from message where message.mailing = mailing.id and message.state = 'queued' and message.due_at <= $1)
order by priority desc, random() limit 1
"""
_BROKEN = "update message set state = 'failed', reason = 'broken', ended_at = $2 where id = $1"
_HOLD = """
update message set state = 'sending', claimed_by = $2, claimed_until = $3, reason = null, next_at = null, detail = null
where id = any($1::uuid[])
"""
_STANDS = """
select message.reason, mailing.state, coalesce(person.merged_into, message.person) as person, message.channel, message.brands
from message
left join mailing on mailing.id = message.mailing
left join person on person.id = message.person
where message.id = $1 and message.claimed_by = $2 and message.state = 'sending'
"""
