"""The ways into the policies of a brand, and out again: who may see them, and where one stands after a change.

Promises a brand's own people their brand alone; any other one is not there for them.
"""

from collections.abc import Iterable
from typing import Annotated, TypeAlias

import msgspec
from litestar import Response
from litestar.di import NamedDependency

from crm import reference
from crm.errors import NotThere
from crm.languages import say
from crm.pages import frame
from crm.pages.frame import Asked
from crm.reference import BrandFacts
from crm.roles import Actor
from leads.routing.versions import Version

Reason = Annotated[str, msgspec.Meta(min_length=3, max_length=400)]
Me: TypeAlias = NamedDependency[Actor]


async def brand_of(code: str, actor: Actor) -> BrandFacts:
    """The brand of a code, if this actor may see it."""
    brand = (await reference.load()).brands.get(code)
    if brand is None or actor.brand not in (None, brand.id):
        raise NotThere
    return brand


def with_standing(line: Iterable[Version], standing: str) -> Version | None:
    """The newest version of a line that is active, or planned."""
    return next((one for one in line if one.standing == standing), None)


def after_activation(request: Asked, brand: BrandFacts, version: int) -> Response[None]:
    """To the brand's versions, with the way to undo it while nothing was routed."""
    told = say("Version %(version)s is in place.") % {"version": version}
    undo = f"/policies/{brand.code}/versions/{version}/undoing"
    return frame.back(request, f"/policies/{brand.code}", told=told, undo=undo)
