"""The form of a plan: its fields, how they become a plan, and what there is to choose from.

Promises that money is read to the fen, and that what cannot be read is told at its field.
"""

from datetime import date
from functools import cache
from typing import Annotated

import msgspec

from campaigns.planning.plans import Plan
from campaigns.planning.shares import money, read_money
from crm import regions
from crm.errors import Fault, Invalid

# Where the alliance works; a campaign that was planned elsewhere keeps its zone.
ZONES = (
    "Asia/Shanghai",
    "Asia/Urumqi",
    "Asia/Hong_Kong",
    "Asia/Macau",
    "Asia/Singapore",
    "Asia/Dubai",
    "Europe/Berlin",
    "Europe/London",
)


class PlanForm(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A plan as people write it down; the budget in yuan."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    starts_on: date | None = None
    ends_on: date | None = None
    time_zone: Annotated[str, msgspec.Meta(max_length=40)] = "Asia/Shanghai"
    region: str | None = None
    budget: str | None = None
    takes_registrations: bool = False

    def plan(self) -> Plan:
        """The plan that was written down; refuses a budget that is none."""
        budget = read_money(self.budget) if self.budget else None
        if self.budget and budget is None:
            raise Invalid(errors=[Fault(path="budget", message="Please write an amount like 4,800,000 or 1250.50.")])
        facts = {name: getattr(self, name) for name in Plan.__struct_fields__ if name != "budget_fen"}
        return Plan(**facts, budget_fen=budget)


class ChangedPlan(PlanForm, forbid_unknown_fields=True, kw_only=True):
    """A plan with the version that was opened."""

    version: int


def typed(plan: Plan) -> dict[str, object]:
    """What stands in the form's fields for a plan."""
    facts = msgspec.structs.asdict(plan)
    return facts | {"budget": money(plan.budget_fen) if plan.budget_fen is not None else None}


@cache
def cities() -> list[tuple[str, str]]:
    """Every city of the country by its code."""
    found = {city: "".join(regions.called(city)) for code in regions.table() if (city := regions.city_of(code))}
    return sorted((code, name) for code, name in found.items() if name)


def zones(kept: str | None) -> list[tuple[str, str]]:
    """The zones to choose from, with the one that a campaign has."""
    every = (*ZONES, kept) if kept and kept not in ZONES else ZONES
    return [(zone, zone) for zone in every]
