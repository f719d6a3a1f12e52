"""What people and stores say once a lead is on its way, for tests of the way: consents, merged records, answers to offers.

Each is said in a transaction of its own, ten minutes after noon when a test names no other time.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from crm import consent, people
from crm.access import Principal
from crm.database import transaction
from leads import inbox
from leads.inbox.dispositions import Said
from tests.cast import MINUTE, NOON, dealer, fetch, value

LATER = NOON + 10 * MINUTE


async def brand_id(code: str = "aito") -> int:
    """A brand by its code."""
    found: int = await value("select id from brand where code = $1", code)
    return found


async def give(person: UUID, *brands: str, at: datetime = LATER) -> None:
    """They may be handed over to dealers of these brands, AITO when none is named."""
    ids = [await brand_id(brand) for brand in brands or ("aito",)]
    async with transaction():
        await consent.give(person, purpose="share_with_dealer", brands=ids, at=at, actor="tester")


async def withdraw(person: UUID, *brands: str, at: datetime = LATER) -> None:
    """And not any more."""
    ids = [await brand_id(brand) for brand in brands or ("aito",)]
    async with transaction():
        await consent.withdraw(person, purpose="share_with_dealer", brands=ids, at=at, actor="tester")


async def merge(*persons: UUID, at: datetime = LATER) -> UUID:
    """Somebody finds that these are one."""
    async with transaction():
        [merge_id] = await people.merge(*persons, actor="staff:1", reason="one card", at=at)
        return merge_id


async def the_offer(lead: UUID) -> tuple[UUID, Principal]:
    """The latest offer of a lead, its own or one that it joined, and the dealer it went to."""
    [row] = await fetch(
        """
        select offer.id, dealer.code from interest
        join offer on offer.interest = interest.id or offer.id = interest.joined
        join dealer on dealer.id = offer.dealer where interest.lead = $1 order by offered_at desc limit 1
        """,
        lead,
    )
    return row["id"], await dealer(row["code"])


async def answered(
    verb: Callable[..., Awaitable[Any]], lead: UUID, *facts: Any, at: datetime = LATER, **more: Any
) -> Any:
    """The store that has the lead answers: inbox.accept, refuse or dispose."""
    offer, its_dealer = await the_offer(lead)
    async with transaction():
        return await verb(offer, *facts, dealer=its_dealer, at=at, **more)


async def accepted(lead: UUID, *dispositions: str, at: datetime = LATER) -> None:
    """The store takes the lead, and a minute later says how it went on."""
    await answered(inbox.accept, lead, at=at)
    for kind in dispositions:
        reason = "bought_elsewhere" if kind == "lost" else None
        await answered(inbox.dispose, lead, Said(kind=kind, at=at, reason=reason), at=at + MINUTE)
