"""What every page about invitations begins with: the campaign within the reader's sight, and whether they may change what belongs to a sender.

Promises that what is beyond the scope is not there, and that what may be seen but not changed says so.
"""

from typing import Annotated, TypeAlias
from uuid import UUID

import msgspec
from litestar.di import NamedDependency

from campaigns import audiences, heads
from campaigns.heads import CampaignHead
from campaigns.invitations import mailings
from crm import reference
from crm.access import NotPermitted
from crm.database import current
from crm.errors import Fault, Invalid
from crm.pages import frame
from crm.pages.frame import Asked
from crm.reference import BrandFacts
from crm.roles import Actor, Scope

Me: TypeAlias = NamedDependency[Actor]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
ALLIANCE = "alliance"


async def campaign_of(request: Asked, code: str) -> tuple[CampaignHead, Scope]:
    """The campaign of an address, and what its reader may see."""
    scope = frame.scope_of(request)
    return await heads.head(code, scope), scope


def refuse_to_change(brand: int | None, scope: Scope) -> None:
    """Refuse, in a sentence, what may be read but not changed: the alliance's by a brand's own people."""
    if not audiences.may_change(brand, scope):
        raise NotPermitted(permission="invitations.work")


async def sender_of(code: str) -> int | None:
    """The brand that a form names as its sender; None for the alliance."""
    if code == ALLIANCE:
        return None
    brand = (await reference.load()).brands.get(code)
    if brand is None:
        raise Invalid(errors=[Fault(path="sender", message="Please choose one of the list.")])
    return brand.id


async def senders(scope: Scope, *, campaign: int | None = None) -> list[BrandFacts]:
    """The brands in whose name the reader may write; of a campaign those that are partners of it."""
    partners = None
    if campaign is not None:
        rows = await current().fetch("select brand from partner where campaign = $1", campaign)
        partners = {row["brand"] for row in rows}
    brands = (await reference.load()).brands.values()
    return [one for one in brands if scope.brand in (None, one.id) and (partners is None or one.id in partners)]


async def mailing_of(request: Asked, code: str, mailing: UUID) -> tuple[CampaignHead, mailings.Known, Scope]:
    """A mailing of a campaign within sight, for whoever may change it."""
    head, scope = await campaign_of(request, code)
    known = await mailings.find(mailing, head.id, scope)
    refuse_to_change(known.brand, scope)
    return head, known, scope
