"""What has to be there before a campaign is launched, line by line, and where each is put right.

Promises that a campaign with a blocker is not scheduled, and that a warning never stops anybody.
"""

from datetime import datetime
from typing import Literal

import msgspec

from campaigns.planning import partners
from crm.database import current, statement
from crm.errors import NotThere
from crm.network import LOCAL
from crm.regions import city_of

Level = Literal["blocker", "warning"]


class Line(msgspec.Struct, frozen=True):
    """One thing to see to; `part` is the part of the campaign's page where that is done."""

    code: str
    level: Level
    is_done: bool
    part: str


# Code, level, and the part of the page where it is seen to, in the order in which one plans.
LINES: tuple[tuple[str, Level, str], ...] = (
    ("dates", "blocker", "edit"),
    ("city", "blocker", "edit"),
    ("shares", "blocker", "edit"),
    ("arrangement", "blocker", "arrangement"),
    ("accepted", "blocker", "arrangement"),
    ("event", "blocker", "events"),
    ("registration", "blocker", "events"),
    ("notice", "blocker", "notices"),
    ("channel", "blocker", "channels"),
    ("goals", "warning", "goals"),
    ("lead_rule", "warning", "lead-rule"),
)


async def lines(campaign: int, *, at: datetime) -> list[Line]:
    """The whole list, done or not."""
    today = at.astimezone(LOCAL).date()
    row = await current().fetchrow(statement("campaigns", "campaign_checklist"), campaign, today)
    if row is None:
        raise NotThere
    standing = await partners.of_campaign(campaign)
    done = {
        **row,
        "city": row["region"] is not None and city_of(row["region"]) is not None,
        "shares": partners.total(standing) == 1,
        "accepted": bool(standing) and all(one.answer == "accepted" for one in standing),
    }
    return [Line(code, level, bool(done[code]), part) for code, level, part in LINES]


def blockers(found: list[Line]) -> list[Line]:
    """What stands in the way of scheduling."""
    return [line for line in found if line.level == "blocker" and not line.is_done]
