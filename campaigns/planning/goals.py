"""What each brand aims at: how many of which figure.

Promises one number per brand and figure, and that who saves over somebody else's goals is refused. Refuses goals of brands that take no part.
"""

from collections.abc import Mapping
from datetime import datetime

from campaigns.figures import Figure
from campaigns.planning import plans
from crm import history
from crm.database import current
from crm.errors import Fault, Invalid

Goals = dict[int, dict[Figure, int]]  # by brand


async def of_campaign(campaign: int) -> Goals:
    """The goals of a campaign; brands without any are not in it."""
    found: Goals = {}
    rows = await current().fetch("select brand, figure, number from campaign_goal where campaign = $1", campaign)
    for row in rows:
        found.setdefault(row["brand"], {})[Figure(row["figure"])] = row["number"]
    return found


async def put(
    campaign: int, wanted: Mapping[int, Mapping[Figure, int]], *, version: int, actor: str, at: datetime
) -> None:
    """These are the goals from now on; refuses what somebody changed since it was opened as `version`."""
    await plans.locked(campaign, version=version)
    partners = {
        row["brand"] for row in await current().fetch("select brand from partner where campaign = $1", campaign)
    }
    if wanted.keys() - partners:
        raise Invalid(errors=[Fault(path="goals", message="Only partners have goals.")])
    if await of_campaign(campaign) == {brand: dict(goals) for brand, goals in wanted.items() if goals}:
        return
    await current().execute("delete from campaign_goal where campaign = $1", campaign)
    rows = [
        (campaign, brand, int(figure), number) for brand, goals in wanted.items() for figure, number in goals.items()
    ]
    await current().executemany(
        "insert into campaign_goal (campaign, brand, figure, number) values ($1, $2, $3, $4)", sorted(rows)
    )
    await plans.touch(campaign)
    await history.note(actor, "goals_set", "campaign", campaign, at=at, entries=len(rows))
