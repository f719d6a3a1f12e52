"""The ways by which people come to a campaign, each with a code of its own, a short link and a QR code.

Promises links that can be typed from a poster (no signs that look alike), one for good per channel, and that what is behind a link is never
another campaign. A channel is closed, never deleted: its link says then that it ended.
"""

import re
import secrets
from datetime import datetime
from typing import Literal, get_args
from urllib.parse import quote, urlencode

import msgspec

from crm import history
from crm.database import current
from crm.errors import Fault, Invalid, NotThere, Refused

Medium = Literal["booth", "email", "sms", "social", "search", "display", "poster", "web", "partner", "other"]
MEDIA: tuple[Medium, ...] = get_args(Medium)
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}[A-Za-z0-9]")
TAKEN_WORDS = frozenset({"sheet", "new"})  # addresses of our own pages
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # without 0 and o, 1, i and l
LENGTH = 7  # 27 milliard links


class ChannelClosed(Refused):
    sentence = "This channel is closed."


class Channel(msgspec.Struct, frozen=True):
    """A channel of a campaign; `slug` is its short link."""

    id: int
    campaign: int
    code: str
    name: str
    medium: str
    slug: str
    created_at: datetime
    closed_at: datetime | None

    @property
    def link(self) -> str:
        """Where its short link is, on our own site."""
        return f"/r/{self.slug}"


async def of_campaign(campaign: int) -> list[Channel]:
    """The channels of a campaign, open ones first, in the order of their codes."""
    rows = await current().fetch(f"{_READ} where campaign = $1 order by closed_at is not null, code", campaign)
    return [Channel(*row.values()) for row in rows]


async def find(campaign: int, code: str) -> Channel:
    """A channel of a campaign by its code."""
    row = await current().fetchrow(f"{_READ} where campaign = $1 and code = $2", campaign, code)
    if row is None:
        raise NotThere
    return Channel(*row.values())


async def add(campaign: int, *, code: str, name: str, medium: str, actor: str, at: datetime) -> str:
    """A new channel with a link of its own, which is answered; refuses a code that this campaign has already."""
    if not CODE.fullmatch(code) or code.lower() in TAKEN_WORDS:
        raise Invalid(errors=[Fault(path="code", message="A channel’s code is 2 to 40 letters, digits or dashes.")])
    if await current().fetchval(
        f"select exists ({_READ} where campaign = $1 and lower(code) = lower($2))", campaign, code
    ):
        raise Invalid(errors=[Fault(path="code", message="This campaign has a channel of that code already.")])
    slug = await _write(campaign, code=code, name=name, medium=medium, at=at)
    await history.note(actor, "channel_added", "campaign", campaign, at=at, channel=code)
    return slug


async def change(channel: Channel, *, name: str, medium: str, actor: str, at: datetime) -> None:
    """Another name or medium; code and link stay what is printed."""
    if (name, medium) == (channel.name, channel.medium):
        return
    await current().execute("update channel set name = $2, medium = $3 where id = $1", channel.id, name, medium)
    await history.note(actor, "channel_changed", "campaign", channel.campaign, at=at, channel=channel.code)


async def close(channel: Channel, *, actor: str, at: datetime) -> None:
    """End a channel: its link says so from now on, and counts nobody any more."""
    closed = await current().fetchval(
        "update channel set closed_at = $2 where id = $1 and closed_at is null returning id", channel.id, at
    )
    if closed is None:
        raise ChannelClosed
    await history.note(actor, "channel_closed", "campaign", channel.campaign, at=at, channel=channel.code)


async def reopen(channel: Channel, *, actor: str, at: datetime) -> None:
    """Bring a closed channel back, with the link it had."""
    await current().execute("update channel set closed_at = null where id = $1", channel.id)
    await history.note(actor, "channel_reopened", "campaign", channel.campaign, at=at, channel=channel.code)


async def copy(source: int, campaign: int, *, at: datetime) -> None:
    """The open channels of a campaign for another one, each with a new link."""
    for channel in await of_campaign(source):
        if channel.closed_at is None:
            await _write(campaign, code=channel.code, name=channel.name, medium=channel.medium, at=at)


def registration(event: str, *, campaign: str, channel: str, medium: str) -> str:
    """Where somebody who came by a channel registers for an event, with what the analytics of others call where they came from."""
    source = {"c": channel, "utm_source": channel, "utm_medium": medium, "utm_campaign": campaign}
    return f"/e/{quote(event, safe='')}?{urlencode(source)}"


async def _write(campaign: int, *, code: str, name: str, medium: str, at: datetime) -> str:
    # A link that is taken is thrown again; of so many it happens once in a lifetime.
    while True:
        slug = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        made = await current().fetchval(_MAKE, campaign, code, name, medium, slug, at)
        if made is not None:
            return slug


_READ = "select id, campaign, code, name, medium, slug, created_at, closed_at from channel"
_MAKE = """
insert into channel (campaign, code, name, medium, slug, created_at) values ($1, $2, $3, $4, $5, $6)
on conflict (slug) do nothing returning id
"""
