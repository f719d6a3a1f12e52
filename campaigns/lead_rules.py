"""What a campaign's registrations become: when a guest is a lead, for which brands, and how many brands may ask at once.

Promises that a campaign without a rule of its own follows the usual one. Only says the rule: making leads is for the app above.
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from campaigns.heads import CampaignHead
from crm import history
from crm.database import current, notify
from crm.errors import Refused
from crm.roles import EVERYTHING, Scope, numbered

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


class RuleMoved(Refused):
    sentence = "Somebody changed this campaign meanwhile. Below is what stands now beside what you chose; save again to keep yours."


class Followed(msgspec.Struct, frozen=True):
    """The rule of a campaign; how many of its guests became leads by it, and how many may still."""

    rule: LeadRule
    is_own: bool
    version: int
    leads: int
    others: int


async def followed(campaign: int, scope: Scope) -> Followed:
    """What a campaign follows now, and what came of it: of a brand's people their own guests are counted."""
    counted = EVERYTHING if scope.actor.brand is None else scope.of_registrations()
    text, values = numbered(_FOLLOWED, [counted], campaign)
    row = await current().fetchrow(text, *values)
    if row is None:
        raise LookupError(f"no campaign {campaign}")
    return Followed(read(row["lead_rule"]), row["lead_rule"] is not None, row["version"], row["leads"], row["others"])


async def choose(campaign: CampaignHead, rule: LeadRule, *, version: int, actor: str, at: datetime) -> None:
    """Let a campaign follow this rule from now on; guests who are no leads yet are looked at again. Leads that are there stay."""
    changed = await current().fetchval(
        "update campaign set lead_rule = $3, version = version + 1 where id = $1 and version = $2 returning id",
        campaign.id,
        version,
        msgspec.json.encode(rule).decode(),
    )
    if changed is None:
        raise RuleMoved
    await current().execute(
        "update registration set leads_due_at = $2, attempts = 0 where campaign = $1 and state <> 'cancelled'",
        campaign.id,
        at,
    )
    said = {"when": rule.when, "fan_out": rule.fan_out, "at_most": rule.at_most, "once": rule.once}
    await history.note(actor, "lead_rule_chosen", "campaign", campaign.id, at=at, **said, brands=list(rule.brands))
    await notify(history.CHANGES)


def read(stored: str | None) -> LeadRule:
    """A rule as it is stored; the usual one when none is."""
    return msgspec.json.decode(stored, type=LeadRule) if stored else USUAL


# What a campaign follows, and its guests. Grain: one row. $1 campaign.
_FOLLOWED = """
select campaign.lead_rule, campaign.version, count(registration.id) filter (where lead is not null) as leads,
       count(registration.id) filter (where lead is null and registration.state <> 'cancelled') as others
from campaign
left join registration on registration.campaign = campaign.id and {}
where campaign.id = $1
group by campaign.id
"""
