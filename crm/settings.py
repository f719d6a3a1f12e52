"""The environment, read once into one frozen object; nothing else in the house reads it.

Every value has a default that lets a newcomer start; a value that cannot be used is refused by name at the first look.
"""

import functools
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

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
    # Where messages go; without them they stay in the local outbox. The first and the last carry a password.
    smtp_url: str | None = field(default=None, repr=False)
    smtp_from: str | None = None
    sms_url: str | None = None
    sms_secret: str | None = field(default=None, repr=False)
    public_url: str = "http://127.0.0.1:8000"
    # Off only by an explicit word: whoever has a key may then ask as fast as they can.
    rate_limits: bool = True


@functools.cache
def settings() -> Settings:
    """What the environment said when it was first asked."""
    return read(os.environ)


def answer_at(url: str) -> None:
    """Where people reach us, for this process and those that it starts from now on, unless the operator said so."""
    os.environ.setdefault("MARQUEE_PUBLIC_URL", url)
    settings.cache_clear()


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
        smtp_url=_url(given, "MARQUEE_SMTP_URL", "smtp", "smtps"),
        smtp_from=_needed_with(given, "MARQUEE_SMTP_FROM", "MARQUEE_SMTP_URL"),
        sms_url=_url(given, "MARQUEE_SMS_URL", "https", "http"),
        sms_secret=_needed_with(given, "MARQUEE_SMS_SECRET", "MARQUEE_SMS_URL"),
        public_url=(_url(given, "MARQUEE_PUBLIC_URL", "https", "http") or Settings.public_url).rstrip("/"),
        rate_limits=_is_on(given, "MARQUEE_RATE_LIMITS"),
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


def _is_on(given: Mapping[str, str], name: str) -> bool:
    typed = given.get(name, "on")
    if typed not in ("on", "off"):
        raise NotReady(why=f"{name} must be on or off, not {typed!r}.")
    return typed == "on"


def _url(given: Mapping[str, str], name: str, *schemes: str) -> str | None:
    typed = given.get(name)
    if typed is None:
        return None
    parts = urlsplit(typed)
    if parts.scheme not in schemes or not parts.hostname:
        # Without the value: it may carry a password.
        raise NotReady(why=f"{name} must be an address like {schemes[0]}://host.")
    return typed


def _needed_with(given: Mapping[str, str], name: str, other: str) -> str | None:
    if other in given and name not in given:
        raise NotReady(why=f"With {other} set, {name} is needed too.")
    return given.get(name)


def _log_level(given: Mapping[str, str]) -> str:
    level = given.get("MARQUEE_LOG_LEVEL", "info").lower()
    if level not in LOG_LEVELS:
        raise NotReady(why=f"MARQUEE_LOG_LEVEL must be one of {', '.join(LOG_LEVELS)}.")
    return level
