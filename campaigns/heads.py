"""One campaign as every page about it begins: its name, its days, where it stands.

Promises that a campaign which the reader may not see is not there.
"""

from datetime import date

import msgspec

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


async def head(code: str, scope: Scope) -> CampaignHead:
    """The campaign with this code; NotThere for one beyond the scope."""
    text, values = numbered(_HEAD, [scope.of_campaigns()], code)
    # PostgreSQL keeps no NUL, so that no campaign has a code with one.
    row = await current().fetchrow(text, *values) if "\0" not in code else None
    if row is None:
        raise NotThere
    return CampaignHead(*row.values())


_HEAD = """
select id, code, name, status, starts_on, ends_on, time_zone, region, version from campaign where code = $1 and {}
"""
