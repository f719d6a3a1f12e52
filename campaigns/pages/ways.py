"""The ways into a campaign's page and around in it: which campaign an address means, what every part of it knows, and reasons.

Promises that a campaign which the reader may not see is answered like one that does not exist.
"""

from typing import Annotated, Any, TypeAlias

import msgspec
from litestar.di import NamedDependency
from litestar.response import Template

from campaigns import heads
from campaigns.heads import CampaignHead
from crm.pages import frame
from crm.pages.frame import Asked
from crm.roles import Actor

Me: TypeAlias = NamedDependency[Actor]
Reason = Annotated[str, msgspec.Meta(min_length=3, max_length=400)]


class Why(msgspec.Struct, forbid_unknown_fields=True):
    """A reason, for everybody who reads the history later."""

    reason: Reason


async def campaign_of(request: Asked, code: str) -> CampaignHead:
    """The campaign that an address means, if the reader may see it."""
    return await heads.head(code, frame.scope_of(request))


def part(request: Asked, name: str, campaign: CampaignHead, which: str, **context: Any) -> Template:
    """A part of a campaign's page: below its head, with its tab chosen."""
    return frame.page(request, name, campaign=campaign, part=which, **context)
