"""Routing policies for people: what each brand follows, its versions and how they differ, going back, and what a change would have done.

Promises a brand's own people their brand alone, and that nothing is routed by what is only read here. Drafts are in `policy_drafts`.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath
from litestar.response import Template

from crm import access, reference, regions
from crm.database import current, transaction
from crm.errors import Invalid, NotThere
from crm.languages import say
from crm.pages import frame
from crm.pages.frame import Asked
from crm.reference import BrandFacts
from crm.roles import Scope, numbered
from leads.pages.policy_drafts import PolicyDrafts
from leads.pages.policy_ways import Me, Reason, after_activation, brand_of, with_standing
from leads.routing import drafts, simulation, versions
from leads.routing.comparison import Result
from leads.routing.policies import Policy
from leads.routing.versions import Version


class Why(msgspec.Struct, forbid_unknown_fields=True):
    """A reason, for everybody who reads the versions later."""

    reason: Reason


class Policies(Controller):
    """What brands follow."""

    path = "/policies"
    guards = [access.permits("policies.see")]
    include_in_schema = False

    @get("/")
    async def show_all(self, request: Asked) -> Template:
        at, scope = datetime.now(UTC), frame.scope_of(request)
        async with transaction():
            brands = [brand for brand in request.state.brands if scope.brand in (None, brand.id)]
            rows = [await _row(brand, at=at) for brand in brands]
        return frame.page(request, "leads/policies.html", rows=rows)

    @get("/{code:str}")
    async def show_brand(self, request: Asked, code: FromPath[str], actor: Me) -> Template:
        at = datetime.now(UTC)
        async with transaction():
            brand = await brand_of(code, actor)
            line = await versions.of_brand(brand.id, at=at)
            tried = await simulation.of_brand(brand.id, limit=10)
            begun = await drafts.of_brand(brand.id)
        return frame.page(
            request,
            "leads/policy_versions.html",
            brand=brand,
            versions=line,
            changes=_changes(line),
            followed=with_standing(line, "active"),
            drafts=begun,
            simulations=tried,
        )

    @get("/{code:str}/versions/{number:int}")
    async def show_version(self, request: Asked, code: FromPath[str], number: FromPath[int], actor: Me) -> Template:
        async with transaction():
            brand = await brand_of(code, actor)
            return await version_page(request, brand, number)


class PolicyVersions(Controller):
    """Going back to an older version, and undoing one that routed nothing."""

    path = "/policies/{code:str}/versions/{number:int}"
    guards = [access.permits("policies.work")]
    include_in_schema = False

    @post("/return")
    async def go_back(
        self, request: Asked, code: FromPath[str], number: FromPath[int], actor: Me
    ) -> Template | Response[None]:
        at = datetime.now(UTC)
        async with transaction():
            brand = await brand_of(code, actor)
            try:
                why = await frame.form(request, Why)
            except Invalid as wrong:
                return await version_page(request, brand, number, wrong)
            newest = await versions.roll_back(number, brand=brand.id, reason=why.reason, staff=actor.id, at=at)
        return after_activation(request, brand, newest)

    @post("/undoing")
    async def undo(self, request: Asked, code: FromPath[str], number: FromPath[int], actor: Me) -> Response[None]:
        async with transaction():
            brand = await brand_of(code, actor)
            followed = await versions.undo(number, brand=brand.id, staff=actor.id, at=datetime.now(UTC))
        told = say("Undone: version %(version)s is followed again.") % {"version": followed}
        return frame.back(request, f"/policies/{brand.code}", told=told)


class Simulations(Controller):
    """What a policy would have done, as it comes."""

    path = "/simulations"
    guards = [access.permits("policies.see")]
    include_in_schema = False

    @get("/{asked:uuid}")
    async def show(self, request: Asked, asked: FromPath[UUID], actor: Me) -> Template:
        async with transaction():
            found = await simulation.find(asked)
            brand = await brand_of((await reference.load()).brand(found.question.brand).code, actor)
            context = await _of_simulation(found, brand, frame.scope_of(request))
        # While it runs, the page asks for this part alone every second.
        name = "leads/_simulation.html" if frame.wants_fragment(request) else "leads/simulation.html"
        return frame.page(request, name, brand=brand, **context)


async def version_page(request: Asked, brand: BrandFacts, number: int, wrong: Invalid | None = None) -> Template:
    """One version, how it differs from the one that is followed, and the ways back."""
    at = datetime.now(UTC)
    line = await versions.of_brand(brand.id, at=at)
    version = next((one for one in line if one.version == number), None)
    followed = with_standing(line, "active")
    if version is None or followed is None:
        raise NotThere
    context: dict[str, Any] = {
        "brand": brand,
        "version": version,
        "followed": followed,
        "planned": with_standing(line, "planned"),
        "differences": drafts.differences(followed.rules, version.rules),
        "changes": _changes(line)[number],
        "can_undo": _can_be_undone(version, line),
    }
    if wrong:
        return frame.invalid(request, "leads/policy_version.html", wrong, **context)
    return frame.page(request, "leads/policy_version.html", **context)


async def _row(brand: BrandFacts, *, at: datetime) -> dict[str, Any]:
    line = await versions.of_brand(brand.id, at=at)
    return {
        "brand": brand,
        "followed": with_standing(line, "active"),
        "planned": with_standing(line, "planned"),
        "drafts": len(await drafts.of_brand(brand.id)),
    }


def _changes(line: list[Version]) -> dict[int, list[drafts.Difference]]:
    """By version, how it differs from the one that was followed before it; the first one differs from the usual rules."""
    found, before = {}, Policy()
    for version in reversed(line):
        found[version.version] = drafts.differences(before, version.rules)
        before = before if version.standing == "undone" else version.rules
    return found


def _can_be_undone(version: Version, line: list[Version]) -> bool:
    newest = next(one for one in line if one.active_until is None)
    return version.id == newest.id and not version.routed and version.version > 1


async def _of_simulation(found: simulation.Simulated, brand: BrandFacts, scope: Scope) -> dict[str, Any]:
    followed = await versions.followed(brand.id, at=datetime.now(UTC))
    result = found.result
    return {
        "simulation": found,
        "result": result,
        "differences": drafts.differences(followed.rules, found.question.rules),
        "followed": followed,
        "stores": await _names_of_stores(result) if result else {},
        "cities": _names_of_cities(result) if result else {},
        "leads": await _leads_of(result, scope) if result else {},
    }


async def _names_of_stores(result: Result) -> dict[str, str]:
    codes = sorted({store.store for store in result.stores})
    rows = await current().fetch("select code, name_zh from store where code = any($1::text[])", codes)
    return {row["code"]: row["name_zh"] for row in rows}


def _names_of_cities(result: Result) -> dict[str, str]:
    return {city.city: regions.table()[city.city].name for city in result.cities if city.city}


async def _leads_of(result: Result, scope: Scope) -> dict[UUID, UUID]:
    """The leads of those examples that the reader may see, by interest."""
    text, values = numbered(
        "select interest.id, interest.lead from interest where interest.id = any($1::uuid[]) and {}",
        [scope.of_interests()],
        [one.interest for one in result.examples],
    )
    return {row["id"]: row["lead"] for row in await current().fetch(text, *values)}


CONTROLLERS = (Policies, PolicyVersions, PolicyDrafts, Simulations)
