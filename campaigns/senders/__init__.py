"""Out of the house: each letter by the way its channel has, or into the local outbox where none is set up.

Promises that no letter is handed over before `may_go` said yes for it at that moment, that each outcome is told before its lane takes the next
letter (so that no more letters are ever in flight than there are lanes), and that lines are used again.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
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


MayGo = Callable[[UUID], Awaitable[bool]]
Tell = Callable[[Sent], Awaitable[None]]


async def send_all(parcels: Sequence[Parcel], *, may_go: MayGo, tell: Tell, at: datetime) -> None:
    """Hand these over, as many at once as there are lanes; one outcome is told for each, whatever happens outside."""
    began = time.monotonic()

    async def walk(mine: Sequence[Parcel]) -> None:
        async with smtp.line() as line, httpx.AsyncClient(timeout=sms.PATIENCE, trust_env=False) as client:
            for parcel in mine:
                outcome = await _send(parcel, line, client, at=at) if await may_go(parcel.letter.message) else _STOPPED
                await tell(Sent(parcel.letter.message, outcome, at + timedelta(seconds=time.monotonic() - began)))

    lanes = [parcels[lane::LANES] for lane in range(LANES)]
    await asyncio.gather(*map(walk, filter(None, lanes)))


async def _send(parcel: Parcel, line: smtp.Line, client: httpx.AsyncClient, *, at: datetime) -> Outcome:
    letter = parcel.letter
    if letter.channel == "email" and settings().smtp_url:
        return await line.send(letter)
    if letter.channel == "sms" and settings().sms_url:
        return await sms.send(client, letter)
    return await sink.keep(letter, kind=parcel.kind, at=at)


_STOPPED = Outcome("stopped")
