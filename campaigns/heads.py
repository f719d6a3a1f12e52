"""One campaign as every page about it begins: its name, its days, where it stands, and where its page is.

Promises that a campaign which the reader may not see is not there, and an address for every code, whatever a lead wrote.
"""

import re
from datetime import date, datetime, time
from urllib.parse import quote
from zoneinfo import ZoneInfo

import msgspec

from crm import languages, regions
from crm.database import current
from crm.errors import NotThere
from crm.roles import Scope, numbered


class CampaignHead(msgspec.Struct, frozen=True):
    """What stands above every part of a campaign's page."""

    id: int
    code: str
    name: str
    status: str
    starts_on: date | None
    ends_on: date | None
    time_zone: str
    region: str | None
    version: int

    @property
    def address(self) -> str:
        """Where its page is: by its code, or by its number where no address can hold the code."""
        return f"/campaigns/{self.ref}"

    @property
    def ref(self) -> str:
        """The code as it stands in addresses."""
        return reference(self.code, self.id)

    def day(self, at: datetime) -> int | None:
        """The how many-th of its days a moment falls on (1 is the first); None outside them."""
        if self.starts_on is None or self.ends_on is None:
            return None
        today = at.astimezone(ZoneInfo(self.time_zone)).date()
        return (today - self.starts_on).days + 1 if self.starts_on <= today <= self.ends_on else None

    @property
    def place(self) -> str | None:
        """The city it is in."""
        return "".join(regions.called(self.region)) if self.region else None

    @property
    def zone(self) -> str:
        """Its zone on its first day, or today's: UTC+8."""
        first = datetime.combine(self.starts_on, time(), tzinfo=ZoneInfo(self.time_zone)) if self.starts_on else None
        return languages.offset(first or datetime.now(ZoneInfo(self.time_zone)))

    @property
    def days(self) -> int | None:
        """How many days it has."""
        return (self.ends_on - self.starts_on).days + 1 if self.starts_on and self.ends_on else None


def reference(code: str, number: int) -> str:
    """How an address names a campaign: by its code, or by ~ and its number where the code means something else in an address."""
    plain = code not in OWN_WORDS and not re.search(r"[/\\\x00-\x1f]|^\.{1,2}$|^~", code)
    return quote(code, safe="") if plain else f"~{number}"


async def head(code: str, scope: Scope) -> CampaignHead:
    """The campaign with this code; NotThere for one beyond the scope."""
    number = int(code[1:]) if NUMBER.fullmatch(code) else None
    text, values = numbered(_HEAD, [scope.of_campaigns()], code, number)
    row = await current().fetchrow(text, *values)
    if row is None:
        raise NotThere
    return CampaignHead(*row.values())


_HEAD = """
select id, code, name, status, starts_on, ends_on, time_zone, region, version from campaign where (code = $1 or id = $2) and {}
order by code = $1 desc limit 1
"""
OWN_WORDS = frozenset({"new", "calendar"})  # pages of ours that stand where codes do
NUMBER = re.compile(r"~[0-9]{1,9}")
