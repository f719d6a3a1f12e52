"""The alliance's rules for writing to people: how often, at which hours, whose owners are spared, how long an SMS may be.

Promises one set of rules for every brand and channel; a change counts from the next decision on. Refuses rules that nobody could keep.
"""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from crm import history
from crm.database import current
from crm.errors import Fault, Invalid, Refused

PRIORITIES: dict[str, int] = {"service": 4, "transactional": 3, "joint": 2, "brand": 1}
ALWAYS = ("service", "transactional")  # they count in the budget and are never held back by it
DAY = timedelta(days=1)


class RulesAreNewer(Refused):
    sentence = "Somebody changed these rules meanwhile; look at them again."


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """`budget` messages in any `days` days over all brands and channels; written to from `opens` until `closes` on the clock of `zone`."""

    budget: int
    days: int
    opens: time
    closes: time
    zone: str
    spares_owners: bool
    segments: int
    signature_zh: str
    signature_en: str
    version: int

    @property
    def window(self) -> timedelta:
        """How long a message counts."""
        return timedelta(days=self.days)

    def is_open(self, at: datetime) -> bool:
        """Whether people may be written to at this moment; hours that close after midnight are one piece too."""
        clock = at.astimezone(ZoneInfo(self.zone)).time()
        if self.opens < self.closes:
            return self.opens <= clock < self.closes
        return clock >= self.opens or clock < self.closes

    def next_opening(self, at: datetime) -> datetime:
        """The first moment from `at` on at which people may be written to."""
        if self.is_open(at):
            return at
        local = at.astimezone(ZoneInfo(self.zone))
        today = local.replace(hour=self.opens.hour, minute=self.opens.minute, second=0, microsecond=0)
        opening = today if today > local else today + DAY
        return opening.astimezone(at.tzinfo)

    def free_from(self, used: list[datetime], at: datetime) -> datetime:
        """The first moment at which one more message fits, given when the last ones went; `at` itself when it does now."""
        counted = sorted(moment for moment in used if moment > at - self.window)
        beyond = len(counted) - self.budget
        if beyond < 0:
            return at
        # With no budget at all nothing ever fits: a window from now is the next time to look.
        return (counted[beyond] if counted else at) + self.window


async def load() -> Rules:
    """The rules as they are this moment."""
    [row] = await current().fetch(_RULES)
    return Rules(**row)


async def change(rules: Rules, *, actor: str, at: datetime) -> None:
    """Let these rules hold from now on; `rules.version` is the one that was looked at."""
    if rules.zone not in available_timezones():
        raise Invalid(errors=[Fault(path="zone", message="Write a time zone like Asia/Shanghai.")])
    if rules.opens == rules.closes:
        raise Invalid(errors=[Fault(path="closes", message="The hours must end at another time than they begin.")])
    values = [getattr(rules, name) for name in Rules.__struct_fields__]
    if not await current().fetchval(_CHANGE, *values):
        raise RulesAreNewer
    facts = {name: str(getattr(rules, name)) for name in Rules.__struct_fields__}
    await history.note(actor, "contact_rules_changed", "contact_rule", 1, at=at, **facts)


_RULES = "select budget, days, opens, closes, zone, spares_owners, segments, signature_zh, signature_en, version from contact_rule"
_CHANGE = """
update contact_rule set budget = $1, days = $2, opens = $3, closes = $4, zone = $5, spares_owners = $6, segments = $7,
       signature_zh = $8, signature_en = $9, version = version + 1
where version = $10 returning version
"""
