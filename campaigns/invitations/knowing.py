"""What a decision needs to know of many people at once: consents, ways to reach them, cars, what they got lately and what waits for them.

Promises a handful of statements however many people are asked about, and that a consent counts where it was given alone.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Self
from uuid import UUID

import msgspec

from campaigns.invitations import reaching
from campaigns.invitations.deciding import Known, Use
from campaigns.invitations.rules import Rules
from campaigns.invitations.writing import Recipient
from crm import consent, vault
from crm.database import current, statement
from crm.network import local_day


class Person(msgspec.Struct, frozen=True):
    """Somebody as a decision and a letter need them; personal, so never to be logged."""

    known: Known
    recipient: Recipient | None
    waiting: Mapping[int, int]

    def before(self, priority: int, *, is_reserved: bool = False, is_invited: bool = False) -> Known:
        """What is known of them by a message of this priority."""
        ahead = sum(count for other, count in self.waiting.items() if other > priority)
        is_invited = is_invited or self.known.is_invited
        return msgspec.structs.replace(self.known, ahead=ahead, is_reserved=is_reserved, is_invited=is_invited)

    def after(self, use: Use) -> Self:
        """The same person when one more message like this goes to them."""
        known = msgspec.structs.replace(self.known, uses=[*self.known.uses, use], is_invited=True)
        return msgspec.structs.replace(self, known=known)

    def __repr__(self) -> str:
        return "Person(...)"


def address_key(channel: str, address: str) -> bytes:
    """By what an address is found again that nobody wants, or can, be reached at."""
    return vault.match_key("contact_address", address.lower(), namespace=channel)


async def people(
    persons: Collection[UUID], *, channel: str, brands: Sequence[int], rules: Rules, at: datetime, priority: int = 0
) -> dict[UUID, Person]:
    """These surviving persons, by id, for brands that would speak; `priority`: more important messages than this one are looked for."""
    asked = sorted(set(persons))
    found = await reaching.reach(asked, channel=channel, brands=brands)
    unheard = [one for reach in found.values() for one in reach.unheard]
    said = await consent.standing(asked, purpose="alliance_marketing", unheard=unheard)
    recipients = {person: reach.recipient for person, reach in found.items() if reach.recipient}
    stops = await stopped(recipients, channel=channel)
    owns, uses = await _owns(asked, at=at), await _uses(asked, rules=rules, at=at)
    waiting = await _waiting(asked, priority=priority, at=at)
    return {
        person: Person(
            Known(
                standings=said.get(person, ()),
                has_address=person in recipients,
                stop=stops.get(person),
                owns=frozenset(owns.get(person, ())),
                uses=uses.get(person, ()),
            ),
            recipients.get(person),
            waiting.get(person, {}),
        )
        for person in asked
    }


async def stopped(recipients: Mapping[UUID, Recipient], *, channel: str) -> dict[UUID, Any]:
    """Why nothing may go to the addresses of these persons, where something speaks against it."""
    keys = {person: address_key(channel, one.address) for person, one in recipients.items()}
    rows = await current().fetch(_STOPS, channel, sorted(set(keys.values())))
    reasons = {row["address_key"]: row["reason"] for row in rows}
    return {person: reasons[key] for person, key in keys.items() if key in reasons}


async def _owns(persons: Sequence[UUID], *, at: datetime) -> dict[UUID, set[int]]:
    found = defaultdict(set)
    for row in await current().fetch(_OWNS, persons, local_day(at)):
        found[row["person"]].add(row["brand"])
    return found


async def _uses(persons: Sequence[UUID], *, rules: Rules, at: datetime) -> dict[UUID, list[Use]]:
    found = defaultdict(list)
    for row in await current().fetch(statement("campaigns", "contact_uses"), persons, at - rules.window, at):
        found[row["person"]].append(Use(row["at"], row["kind"]))
    return found


async def _waiting(persons: Sequence[UUID], *, priority: int, at: datetime) -> dict[UUID, dict[int, int]]:
    found: dict[UUID, dict[int, int]] = defaultdict(dict)
    for row in await current().fetch(statement("campaigns", "more_important_messages"), persons, at, priority):
        found[row["person"]][row["priority"]] = row["waiting"]
    return found


_STOPS = "select address_key, reason from contact_stop where channel = $1 and address_key = any($2::bytea[])"
# Brands of the cars that these persons have today. Grain: one row per person and brand. $1 survivors, $2 day.
_OWNS = """
select distinct asked.person, vehicle.brand
from unnest($1::uuid[]) as asked (person)
cross join lateral (
    select asked.person as id union all select person.id from person where person.merged_into = asked.person
) as known_as
join ownership on ownership.person = known_as.id
join vehicle on vehicle.id = ownership.vehicle
where vehicle.brand is not null and ownership.valid_from_on <= $2 and coalesce(ownership.valid_until_on > $2, true)
"""
