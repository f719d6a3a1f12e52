"""The show going on while one watches: the dealers answer over HTTP with keys of their own, and people keep writing from the web.

Promises what any dealer or source can do, and no more: nothing here touches the database but the making of keys, which
are kept in memory alone.
"""

import asyncio
import contextlib
import heapq
import json
import signal
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count, cycle
from random import Random
from typing import Any, NamedTuple

import msgspec
import structlog

from crm import access
from crm import keys as key_ring
from crm.database import current
from crm.errors import NotReady
from leads.demo import dealers, showcase
from leads.demo.dealers import Answer, Character
from leads.demo.enquiries import WEB
from leads.demo.ground import ACTOR

LOOK_SECONDS = 0.1  # between the looks of two dealers: with 150 of them each looks about every 20 s
WRITE_SECONDS = (2.0, 8.0)
PATIENCE = 10
READY_TRIES = 300
SECOND_THOUGHTS = 20

log = structlog.get_logger()


class Keys(NamedTuple):
    """The keys of this run: one of the web source, one per dealer company, by code."""

    web: str
    dealers: Mapping[str, str]


class _Act(NamedTuple):
    at: datetime
    no: int
    key: str
    path: str
    body: dict[str, Any] | None


async def make_keys(at: datetime) -> Keys:
    """New keys for everybody who takes part, in the caller's transaction; those of the last run open nothing any more."""
    await key_ring.revoke_made_by(ACTOR, at=at)
    codes = [row["code"] for row in await current().fetch("select code from dealer order by code")]
    return Keys(
        web=await access.create_key("source", WEB, at=at, actor=ACTOR),
        dealers={code: await access.create_key("dealer", code, at=at, actor=ACTOR) for code in codes},
    )


async def until_ready(base_url: str) -> None:
    """Wait until the server says that it is ready; refuses after a minute."""
    for _ in range(READY_TRIES):
        with contextlib.suppress(OSError, ValueError):
            await asyncio.to_thread(_read, urllib.request.Request(f"{base_url}/health/ready"))  # noqa: S310 - our own server
            return
        await asyncio.sleep(0.2)
    raise NotReady(why="the server did not answer within a minute; its log says more.")


async def go_on(base_url: str, keys: Keys, *, seed: int) -> None:
    """Let dealers answer and visitors write until SIGINT or SIGTERM."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for told in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(told, stop.set)
    await asyncio.gather(
        dealers_at_work(base_url, keys.dealers, stop, seed=seed),
        visitors_writing(base_url, keys.web, stop, seed=seed),
    )


async def dealers_at_work(base_url: str, keys: Mapping[str, str], stop: asyncio.Event, *, seed: int) -> None:
    """Look into one inbox after the other and answer what is offered, each dealer in its own character, until told to stop."""
    desks = {code: _Desk(code, key, seed=seed) for code, key in keys.items()}
    later: list[_Act] = []
    for desk in cycle(desks.values()):
        if await _told(stop, LOOK_SECONDS):
            return
        # A server that is away for a moment: the next round asks again.
        with contextlib.suppress(OSError):
            for act in await desk.look(base_url):
                heapq.heappush(later, act)
            while later and later[0].at <= datetime.now(UTC):
                await _send(base_url, later[0])
                heapq.heappop(later)


async def visitors_writing(base_url: str, key: str, stop: asyncio.Event, *, seed: int) -> None:
    """Every few seconds somebody fills in the form on the web, until told to stop."""
    chance = Random()
    for no in count(1_000_000):
        if await _told(stop, chance.uniform(*WRITE_SECONDS)):
            return
        body = showcase.newcomer(no, at=datetime.now(UTC), seed=seed)
        with contextlib.suppress(OSError):
            await _call(f"{base_url}/api/v1/leads", key=key, body=msgspec.json.encode(body))


class _Desk:
    """One dealer's inbox as it has been read so far."""

    _numbers = count()

    def __init__(self, code: str, key: str, *, seed: int) -> None:
        self.key = key
        self.character = dealers.character_of(code, seed=seed)
        self.after = 0
        self.chance = Random()

    async def look(self, base_url: str) -> list[_Act]:
        """What is new, as the answers that this dealer will give to it."""
        page = await _call(f"{base_url}/api/v1/inbox?after={self.after}&limit=200", key=self.key)
        self.after = page["next"]
        offers = {item["offer"]["id"]: item["offer"] for item in page["items"] if item["type"] == "offered"}
        return [act for offer in offers.values() if offer["state"] == "offered" for act in self._acts(offer)]

    def _acts(self, offer: dict[str, Any]) -> list[_Act]:
        path = f"/api/v1/inbox/offers/{offer['id']}"
        answer = _from_now_on(self.character, offer, chance=self.chance)
        if answer.act == "silence":
            return []
        if answer.act == "refuse":
            return [self._act(answer.at, f"{path}/refusal", {"reason": answer.reason, "note": None})]
        told = dealers.story(accepted_at=answer.at, reference=offer["id"][-6:], chance=self.chance)
        return [
            self._act(answer.at, f"{path}/acceptance", None),
            *(self._act(said.at, f"{path}/dispositions", msgspec.to_builtins(said)) for said in told),
        ]

    def _act(self, at: datetime, path: str, body: dict[str, Any] | None) -> _Act:
        return _Act(at, next(self._numbers), self.key, path, body)


def _from_now_on(character: Character, offer: dict[str, Any], *, chance: Random) -> Answer:
    """An answer that lies ahead: what this dealer would have said before we came, it has not said."""
    offered_at, expires_at = (datetime.fromisoformat(offer[name]) for name in ("offered_at", "expires_at"))
    for _ in range(SECOND_THOUGHTS):
        answer = dealers.answer(character, offered_at=offered_at, expires_at=expires_at, chance=chance)
        if answer.at > datetime.now(UTC):
            return answer
    return Answer("silence", expires_at)


async def _send(base_url: str, act: _Act) -> None:
    try:
        await _call(f"{base_url}{act.path}", key=act.key, body=json.dumps(act.body).encode() if act.body else b"")
    except urllib.error.HTTPError as refused:
        # Taken back meanwhile, or its time was up: an answer like any other.
        log.debug("dealer_was_refused", status=refused.code)


async def _call(url: str, *, key: str, body: bytes | None = None) -> Any:
    return await asyncio.to_thread(_call_now, url, key, body)


def _call_now(url: str, key: str, body: bytes | None) -> Any:
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    return _read(urllib.request.Request(url, data=body, headers=headers))  # noqa: S310 - our own server


def _read(request: urllib.request.Request) -> Any:
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
        return json.load(answer)


async def _told(stop: asyncio.Event, seconds: float) -> bool:
    """Wait, and say whether it is time to stop."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
    return stop.is_set()
