"""The brands in a campaign: which, in what role, with which share, and what each of them said to the terms in force.

Promises that shares are exact and that parts in fen add up to the budget. Any change of who takes part, as what and with which share asks
everybody again. Refuses to leave a running campaign with shares that do not add up.
"""

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from typing import Literal, NamedTuple

import msgspec

from campaigns.planning import plans
from campaigns.planning.shares import FINEST, split
from campaigns.tables import Partner
from crm import history
from crm.database import current
from crm.errors import Fault, Invalid

Role = Literal["host", "partner"]


class Partnership(NamedTuple):
    """A brand's part in a campaign; no share yet while it is talked about."""

    brand: int
    role: Role = "partner"
    share: Fraction | None = None


class Standing(msgspec.Struct, frozen=True):
    """A partner as everybody sees it: its part in fen, and its answer to the terms in force (none yet: asked)."""

    brand: int
    role: str
    share: Fraction | None
    fen: int | None
    answer: str | None
    reason: str | None
    answered_by: str | None
    answered_at: datetime | None


async def of_campaign(campaign: int) -> list[Standing]:
    """The partners in the order of their brands."""
    rows = await current().fetch(_PARTNERS, campaign)
    shares = {row["brand"]: _share(row["share_part"], row["share_of"]) for row in rows}
    budget = rows[0]["budget_fen"] if rows else None
    parts = split(budget, {brand: share for brand, share in shares.items() if share is not None}) if budget else {}
    return [
        Standing(
            row["brand"],
            row["role"],
            shares[row["brand"]],
            parts.get(row["brand"]),
            row["answer"],
            row["reason"],
            row["answered_by"],
            row["answered_at"],
        )
        for row in rows
    ]


async def put(campaign: int, wanted: Sequence[Partnership], *, version: int, actor: str, at: datetime) -> None:
    """These are the partners from now on, every one of them asked again when anything differs; refuses what somebody changed since."""
    before = await plans.locked(campaign, version=version)
    _check(wanted, status=before.status)
    if set(wanted) == set(await partnerships(campaign)):
        return
    await Partner.delete().where(Partner.campaign == campaign)
    await add(campaign, wanted)
    await plans.touch(campaign)
    await plans.new_terms(campaign, actor=actor, at=at)
    shares = {str(one.brand): str(one.share) for one in wanted if one.share is not None}
    await history.note(
        actor, "partners_changed", "campaign", campaign, at=at, brand=sorted(shares), share=list(shares.values())
    )


async def add(campaign: int, wanted: Sequence[Partnership]) -> None:
    """Write partners of a campaign that has none."""
    rows = (
        Partner(
            campaign=campaign,
            brand=one.brand,
            role=one.role,
            share_part=one.share.numerator if one.share is not None else None,
            share_of=one.share.denominator if one.share is not None else None,
        )
        for one in sorted(wanted)
    )
    if wanted:
        await Partner.insert(*rows)


async def partnerships(campaign: int) -> list[Partnership]:
    """The partners as they were put down."""
    rows = await current().fetch(
        "select brand, role, share_part, share_of from partner where campaign = $1 order by brand", campaign
    )
    return [Partnership(row["brand"], row["role"], _share(row["share_part"], row["share_of"])) for row in rows]


def total(wanted: Sequence[Partnership | Standing]) -> Fraction:
    """What the shares add up to."""
    return sum((one.share for one in wanted if one.share is not None), Fraction(0))


def _check(wanted: Sequence[Partnership], *, status: str) -> None:
    faults = []
    if len({one.brand for one in wanted}) < len(wanted):
        faults.append(Fault(path="brand", message="Each brand takes part once."))
    if any(one.share is not None and one.share.denominator > FINEST for one in wanted):
        faults.append(Fault(path="share", message="This share is finer than a millionth."))
    if total(wanted) > 1 or (status == "live" and total(wanted) != 1):
        faults.append(Fault(path="share", message="The shares must add up to the whole."))
    if faults:
        raise Invalid(errors=faults)


def _share(part: int | None, of: int | None) -> Fraction | None:
    return Fraction(part, of) if part is not None and of is not None else None


# Grain: one row per partner of a campaign. $1 campaign. The answer is the latest one to the terms in force.
_PARTNERS = """
select partner.brand, partner.role, partner.share_part, partner.share_of, campaign.budget_fen,
       said.answer, said.reason, said.at as answered_at, staff.name as answered_by
from partner
join campaign on campaign.id = partner.campaign
join brand on brand.id = partner.brand
left join lateral (
    select answer, reason, at, staff from partner_answer
    where partner_answer.campaign = campaign.id and partner_answer.brand = partner.brand
          and partner_answer.terms = campaign.terms
    order by id desc limit 1
) as said on true
left join staff on staff.id = said.staff
where partner.campaign = $1
order by partner.role = 'partner', brand.rank
"""
