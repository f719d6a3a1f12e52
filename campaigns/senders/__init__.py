"""Out of the house: each letter by the way its channel has, or into the local outbox where none is set up.

Promises that no letter is handed over before `may_go` said yes for it at that moment, that each outcome is told before its lane takes the next
letter (so that no more letters are ever in flight than there are lanes), and that lines are used again. A server that is away is asked once.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import httpx

from campaigns.senders import sink, sms, smtp
from campaigns.senders.letters import Letter, Outcome
from crm.settings import settings

LANES = 4


class Sent(NamedTuple):
    """A letter's outcome and when it was known."""

    message: UUID
    outcome: Outcome
    at: datetime


class Parcel(NamedTuple):
    """A letter and the kind of message that it is."""

    letter: Letter
    kind: str


MayGo = Callable[[UUID], Awaitable[Outcome | None]]
Tell = Callable[[Sent], Awaitable[None]]


async def send_all(parcels: Sequence[Parcel], *, may_go: MayGo, tell: Tell, at: datetime) -> None:
    """Hand these over, as many at once as there are lanes; one outcome is told for each, whatever happens outside.

    Once a server cannot be reached, none of these knocks again: they are tried later.
    `may_go` answers what became of a letter that is not to leave any more, and None for one that is.
    """
    began, away = time.monotonic(), dict[str, Outcome]()

    async def outcome_of(parcel: Parcel, line: smtp.Line, gateway: httpx.AsyncClient | None) -> Outcome:
        channel = parcel.letter.channel
        if outcome := await may_go(parcel.letter.message) or away.get(channel):
            return outcome
        outcome = await _send(parcel, line, gateway, at=at)
        if outcome.is_away:
            away[channel] = outcome
        return outcome

    async def walk(mine: Sequence[Parcel], gateway: httpx.AsyncClient | None) -> None:
        async with smtp.line() as line:
            for parcel in mine:
                outcome = await outcome_of(parcel, line, gateway)
                await tell(Sent(parcel.letter.message, outcome, at + timedelta(seconds=time.monotonic() - began)))

    lanes = [parcels[lane::LANES] for lane in range(LANES)]
    async with _gateway(parcels) as gateway:
        # A lane that breaks must not leave the others without anybody who waits for them.
        ended = await asyncio.gather(*(walk(mine, gateway) for mine in lanes if mine), return_exceptions=True)
    for broken in ended:
        if isinstance(broken, BaseException):
            raise broken


async def send_one(letter: Letter, *, kind: str, at: datetime) -> Outcome:
    """Hand a letter over that is no message of the house, to try how it looks; nothing but the sender's answer is kept."""
    told: list[Sent] = []

    async def may_go(_: UUID) -> Outcome | None:
        return None

    async def tell(sent: Sent) -> None:
        told.append(sent)

    await send_all([Parcel(letter, kind)], may_go=may_go, tell=tell, at=at)
    return told[0].outcome


@contextlib.asynccontextmanager
async def _gateway(parcels: Sequence[Parcel]) -> AsyncIterator[httpx.AsyncClient | None]:
    """A client for the SMS gateway where any of these needs one; reading certificates costs 20 ms."""
    if settings().sms_url and any(parcel.letter.channel == "sms" for parcel in parcels):
        async with httpx.AsyncClient(timeout=sms.PATIENCE, trust_env=False) as client:
            yield client
    else:
        yield None


async def _send(parcel: Parcel, line: smtp.Line, gateway: httpx.AsyncClient | None, *, at: datetime) -> Outcome:
    letter = parcel.letter
    if letter.channel == "email" and settings().smtp_url:
        return await line.send(letter)
    if letter.channel == "sms" and gateway is not None:
        return await sms.send(gateway, letter)
    return await sink.keep(letter, kind=parcel.kind, at=at)
