"""Out of the house: each letter by the way its channel has, or into the local outbox where none is set up.

Promises that no letter is handed over before `may_go` said yes for it at that moment, and that a batch takes several lines at once, each used again.
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

MayGo = Callable[[UUID], Awaitable[bool]]


class Sent(NamedTuple):
    """A letter's outcome and when it was known."""

    message: UUID
    outcome: Outcome
    at: datetime


class Parcel(NamedTuple):
    """A letter and the kind of message that it is."""

    letter: Letter
    kind: str


async def send_all(parcels: Sequence[Parcel], *, may_go: MayGo, at: datetime) -> list[Sent]:
    """Hand these over, as many at once as there are lanes; one outcome for each, whatever happens outside."""
    began = time.monotonic()

    async def walk(mine: Sequence[Parcel]) -> list[Sent]:
        sent = []
        async with smtp.line() as line, httpx.AsyncClient(timeout=sms.PATIENCE, trust_env=False) as client:
            for parcel in mine:
                outcome = await _send(parcel, line, client, at=at) if await may_go(parcel.letter.message) else _STOPPED
                sent.append(Sent(parcel.letter.message, outcome, at + timedelta(seconds=time.monotonic() - began)))
        return sent

    lanes = [parcels[lane::LANES] for lane in range(LANES)]
    return [one for several in await asyncio.gather(*map(walk, filter(None, lanes))) for one in several]


async def _send(parcel: Parcel, line: smtp.Line, client: httpx.AsyncClient, *, at: datetime) -> Outcome:
    letter = parcel.letter
    if letter.channel == "email" and settings().smtp_url:
        return await line.send(letter)
    if letter.channel == "sms" and settings().sms_url:
        return await sms.send(client, letter)
    return await sink.keep(letter, kind=parcel.kind, at=at)


_STOPPED = Outcome("stopped")
