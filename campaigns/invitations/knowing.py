"""What a decision needs to know of many people at once: consents, ways to reach them, cars, what they got lately and what waits for them.

Promises a handful of statements however many people are asked about. Addresses are opened here and go no further than the letter.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Self
from uuid import UUID

import msgspec
from asyncpg import Record

from campaigns.invitations.deciding import Known, Use
from campaigns.invitations.rules import Rules
from campaigns.invitations.writing import Recipient
from crm import consent, vault
from crm.database import current, statement
from crm.identity import observations
from crm.identity.observations import Particulars
from crm.network import local_day

LANDLINE = re.compile(r"\+86(?!1[3-9]\d{9}$)")


class Person(msgspec.Struct, frozen=True):
    """Somebody as a decision and a letter need them; personal, so never to be logged."""

    known: Known
    recipient: Recipient | None
    waiting: Mapping[int, int]

    def before(self, priority: int, *, is_reserved: bool = False) -> Known:
        """What is known of them by a message of this priority."""
        ahead = sum(count for other, count in self.waiting.items() if other > priority)
        return msgspec.structs.replace(self.known, ahead=ahead, is_reserved=is_reserved)

    def after(self, use: Use) -> Self:
        """The same person when one more message goes to them."""
        return msgspec.structs.replace(self, known=msgspec.structs.replace(self.known, uses=[*self.known.uses, use]))

    def __repr__(self) -> str:
        return "Person(...)"


def address_key(channel: str, address: str) -> bytes:
    """By what an address is found again that nobody wants, or can, be reached at."""
    return vault.match_key("contact_address", address.lower(), namespace=channel)


async def people(
    persons: Collection[UUID], *, channel: str, rules: Rules, at: datetime, priority: int = 0
) -> dict[UUID, Person]:
    """These surviving persons, by id; `priority`: more important messages than this one are looked for."""
    asked = sorted(set(persons))
    said = await consent.standing(asked, purpose="alliance_marketing")
    recipients = await reach(asked, channel=channel)
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


async def reach(persons: Collection[UUID], *, channel: str) -> dict[UUID, Recipient]:
    """Where these persons are reached by a channel: what was put right last, then what was said most often, then last."""
    rows = await current().fetch(statement("campaigns", "persons_reach"), list(persons))
    found = {}
    for person, theirs in groupby(rows, key=lambda row: row["person"]):
        said = [(_opened(row), bool(row["righted"])) for row in theirs]
        if address := _best((_address(one, channel), righted) for one, righted in said):
            found[person] = Recipient(address, _best((one.name, righted) for one, righted in said))
    return found


async def stopped(recipients: Mapping[UUID, Recipient], *, channel: str) -> dict[UUID, Any]:
    """Why nothing may go to the addresses of these persons, where something speaks against it."""
    keys = {person: address_key(channel, one.address) for person, one in recipients.items()}
    rows = await current().fetch(_STOPS, channel, sorted(set(keys.values())))
    reasons = {row["address_key"]: row["reason"] for row in rows}
    return {person: reasons[key] for person, key in keys.items() if key in reasons}


def _best(said: Iterable[tuple[str | None, bool]]) -> str | None:
    known = [(value, righted) for value, righted in said if value]
    times = Counter(value for value, _ in known)
    # Newest first already: of equals the first one stays.
    corrected = next((value for value, righted in known if righted), None)
    return corrected or max(times, key=lambda value: times[value], default=None)


def _address(said: Particulars, channel: str) -> str | None:
    # A masked number is none, and no SMS reaches a landline; of other countries we cannot tell.
    if channel == "email":
        return said.email
    return said.phone if said.phone and LANDLINE.match(said.phone) is None else None


def _opened(row: Record) -> Particulars:
    return observations.opened(row["particulars"], observation=row["id"])


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
