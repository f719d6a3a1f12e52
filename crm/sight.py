"""Whose names may be read in clear, by whom: the one rule for every list, page and file that shows people.

Promises that a brand's staff read names of those alone who agreed that their brand may know them, at this moment and not at the moment of
capture. Phones and e-mails are for nobody here: they stay masked until somebody reveals one, with a reason.
"""

from collections.abc import Collection
from uuid import UUID

from crm import consent
from crm.roles import Scope

# These roles work for everybody who brought the person in, and the event desk typed the name itself.
_IN_CLEAR = frozenset({"alliance_admin", "alliance_marketer", "auditor", "event_desk"})
_BY_CONSENT = frozenset({"brand_marketer", "regional_manager"})


async def names_in_clear(persons: Collection[UUID], scope: Scope) -> set[UUID]:
    """Those of these surviving persons whose names, as told on occasions within the scope, may be read; the others' are masked."""
    if scope.actor.role in _IN_CLEAR:
        return set(persons)
    if scope.actor.role not in _BY_CONSENT or scope.actor.brand is None:
        return set()
    standing = await consent.standing(set(persons), purpose="share_with_brand")
    return {person for person, answers in standing.items() if _agrees(answers, brand=scope.actor.brand)}


def _agrees(answers: Collection[consent.Standing], *, brand: int) -> bool:
    # A yes to one channel is no yes to being known; a no to any of them is a no to more than was allowed.
    mine = [answer for answer in answers if answer.brand == brand]
    general = next((answer for answer in mine if answer.channel is None), None)
    if general is None or general.state != "given":
        return False
    return all(answer.state == "given" or answer.captured_at < general.captured_at for answer in mine)
