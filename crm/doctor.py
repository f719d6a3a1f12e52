"""Is the house in order? Looks at what an operator should know before customers do; changes nothing."""

import os
import shutil
from datetime import datetime
from typing import Literal

import msgspec

from crm import database, keys, vault
from crm.database import current
from crm.settings import settings

Verdict = Literal["good", "warning", "bad"]

LEAST_DISK = 2 * 1024**3
MOST_SECONDS_APART = 5


class Finding(msgspec.Struct, frozen=True):
    """One thing looked at, and what to do when it is not good."""

    what: str
    verdict: Verdict
    says: str


async def examine(*, at: datetime) -> list[Finding]:
    """Look at the vault's keys, database, clock, disk and the keys of machines; the caller's transaction reads only."""
    here = [_keys(), _kind_of_database(), await _server(), await _clock(at), _disk()]
    return [*here, _rate_limits(), await _ending_keys(at)]


def _keys() -> Finding:
    vault.ready()
    file = settings().data / "keys.json"
    if settings().keys is None:
        return Finding(
            "keys",
            "warning",
            f"The keys lie beside the data in {file.name}; keep a copy elsewhere, or set MARQUEE_KEYS.",
        )
    return Finding("keys", "good", "Read from MARQUEE_KEYS.")


def _kind_of_database() -> Finding:
    if settings().database_url is None:
        return Finding("database", "warning", "Embedded: fine for trying out; set DATABASE_URL to run it for real.")
    return Finding("database", "good", "Outside, by DATABASE_URL.")


async def _server() -> Finding:
    version = await current().fetchval("show server_version_num")
    synchronous = await current().fetchval("show synchronous_commit")
    if int(version) // 10000 < database.OLDEST_SERVER:
        return Finding("server", "bad", f"PostgreSQL {database.OLDEST_SERVER} or newer is needed.")
    if synchronous == "off":
        return Finding("server", "bad", "synchronous_commit is off: an acknowledged lead could be lost.")
    return Finding("server", "good", f"PostgreSQL {int(version) // 10000}, synchronous_commit {synchronous}.")


async def _clock(at: datetime) -> Finding:
    theirs = await current().fetchval("select clock_timestamp()")
    apart = abs((theirs - at).total_seconds())
    if apart > MOST_SECONDS_APART:
        return Finding("clock", "bad", f"Ours and the database's are {apart:.0f} s apart; set up time synchronisation.")
    return Finding("clock", "good", "Ours and the database's agree.")


def _disk() -> Finding:
    folder = settings().data if settings().data.exists() else os.curdir
    free = shutil.disk_usage(folder).free
    verdict: Verdict = "good" if free > LEAST_DISK else "bad"
    return Finding("disk", verdict, f"{free / 1024**3:.0f} GiB free.")


def _rate_limits() -> Finding:
    if not settings().rate_limits:
        return Finding(
            "limits",
            "warning",
            "MARQUEE_RATE_LIMITS is off: one system gone wild can keep all others out. Set it to on.",
        )
    return Finding("limits", "good", "Requests are counted by key.")


async def _ending_keys(at: datetime) -> Finding:
    ending = await keys.ending_soon(at=at)
    if not ending:
        return Finding("key ends", "good", "No key in use ends within two weeks, or its owner has another.")
    named = ", ".join(f"{key.code} on {key.expires_at:%Y-%m-%d}" for key in ending)
    return Finding("key ends", "warning", f"Nothing will open any more for {named}; make another key in time.")
