"""The environment, read once into one frozen object; nothing else in the house reads it.

Every value has a default that lets a newcomer start; a value that cannot be used is refused by name at the first look.
"""

import functools
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from crm.errors import NotReady

LOG_LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True)
class Settings:
    """How this process was told to run; `database_url` None means the embedded database in `data`."""

    data: Path
    database_url: str | None
    keys: str | None
    pool_min: int
    pool_max: int
    log_level: str
    # Only behind a proxy of ours may a request say by itself that it came by https, and from where.
    trust_proxy: bool
    idle_minutes: int


@functools.cache
def settings() -> Settings:
    """What the environment said when it was first asked."""
    return read(os.environ)


def read(environment: Mapping[str, str]) -> Settings:
    """The settings in these variables; empty ones count as absent. Refuses numbers and levels that make no sense."""
    given = {name: value for name, value in environment.items() if value}
    pool_min = _count(given, "MARQUEE_POOL_MIN", default=1)
    return Settings(
        data=Path(given.get("MARQUEE_DATA", "var")).expanduser().resolve(),
        database_url=given.get("DATABASE_URL"),
        keys=given.get("MARQUEE_KEYS"),
        pool_min=pool_min,
        pool_max=max(pool_min, _count(given, "MARQUEE_POOL_MAX", default=16)),
        log_level=_log_level(given),
        trust_proxy=_yes(given, "MARQUEE_TRUST_PROXY"),
        idle_minutes=_count(given, "MARQUEE_IDLE_MINUTES", default=60),
    )


def _count(given: Mapping[str, str], name: str, *, default: int) -> int:
    typed = given.get(name, str(default))
    if not typed.isascii() or not typed.isdigit() or int(typed) < 1:
        raise NotReady(why=f"{name} must be a whole number from 1 on, not {typed!r}.")
    return int(typed)


def _yes(given: Mapping[str, str], name: str) -> bool:
    typed = given.get(name, "0")
    if typed not in ("0", "1"):
        raise NotReady(why=f"{name} must be 1 or 0, not {typed!r}.")
    return typed == "1"


def _log_level(given: Mapping[str, str]) -> str:
    level = given.get("MARQUEE_LOG_LEVEL", "info").lower()
    if level not in LOG_LEVELS:
        raise NotReady(why=f"MARQUEE_LOG_LEVEL must be one of {', '.join(LOG_LEVELS)}.")
    return level
