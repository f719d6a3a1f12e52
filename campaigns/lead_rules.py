"""What a campaign's registrations become: when a guest is a lead, for which brands, and how many brands may ask at once.

Promises that a campaign without a rule of its own follows the usual one. Only says the rule: making leads is for the app above.
"""

from typing import Annotated, Literal

import msgspec

from crm.database import current

When = Literal["registered", "confirmed", "attended", "slot_done"]
FanOut = Literal["exclusive", "in_turn", "parallel"]
Once = Literal["person", "registration"]


class LeadRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`when` a registration becomes a lead; for which `brands` (codes; none: all that the guest named); and how many may ask at once.

    exclusive: the guest's first brand alone. in_turn: one brand after the other, the next when one is lost. parallel: up to `at_most` at
    once, the next when one is lost. `once` per person: whoever became a lead for a brand at this campaign does not for it again.
    """

    when: When = "registered"
    brands: tuple[str, ...] = ()
    fan_out: FanOut = "parallel"
    at_most: Annotated[int, msgspec.Meta(ge=1, le=20)] = 5
    once: Once = "person"

    @property
    def width(self) -> int:
        """How many brands may have the guest at the same time."""
        return self.at_most if self.fan_out == "parallel" else 1

    @property
    def goes_on(self) -> bool:
        """Whether the next brand's turn comes when one is lost."""
        return self.fan_out != "exclusive"


USUAL = LeadRule()


async def of_campaigns(campaigns: list[int]) -> dict[int, LeadRule]:
    """The rule that each of these campaigns follows."""
    rows = await current().fetch("select id, lead_rule from campaign where id = any($1::int[])", campaigns)
    return {row["id"]: read(row["lead_rule"]) for row in rows}


def read(stored: str | None) -> LeadRule:
    """A rule as it is stored; the usual one when none is."""
    return msgspec.json.decode(stored, type=LeadRule) if stored else USUAL
