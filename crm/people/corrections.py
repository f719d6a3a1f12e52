"""What staff put right about a person: a name, a phone or an e-mail, each kept as an observation of its own with who said so.

Promises that nothing observed before is changed, that the next enquiry meets the person under the corrected value, and that a correction can
be taken back. Refuses to write over what somebody else changed in the meantime.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from crm import access, history, normalise, people
from crm.database import current, insert, lock_stripes
from crm.errors import Fault, Invalid, NotThere, Refused
from crm.identity import IDENTITY_LOCKS, digests, observations
from crm.identity.digests import Key
from crm.identity.observations import Observed
from crm.identity.scoring import model
from crm.ids import uuid7
from crm.languages import later
from crm.normalise import Email, Name, Phone
from crm.people import finding
from crm.roles import EVERYTHING, NOTHING, Actor, Condition, Scope
from crm.tables import Decision, IdentityKey, Link, ReviewTask

Field = Literal["name", "phone", "email"]
Heard = Literal["customer_by_phone", "id_seen", "dealer_told", "slip"]

SOURCE = "staff"
ASKED_AT_MOST = (
    3  # people who gave the corrected value before: beyond that it is a shared one, and no question for anybody
)


class ChangedMeanwhile(Refused):
    sentence = "Somebody changed this person while you were writing. Nothing of yours is lost: choose which of the two is kept."


def told(scope: Scope, alias: str = "observation") -> Condition:
    """True for observations that may be seen: what was said with leads in scope, and what the brand's own staff put right."""
    seen = scope.of_observations(alias)
    if seen in (EVERYTHING, NOTHING):
        return seen
    own = (
        f"exists (select from decision as righted where righted.observation = {alias}.id "
        "and righted.outcome = 'corrected' and (righted.parts -> 0 ->> 'brand')::int = {})"
    )
    return Condition(f"({seen.text} or {own})", (*seen.values, scope.brand))


async def correct(
    person: UUID, *, field: Field, value: str, heard: Heard, actor: Actor, brand: int | None, version: int, at: datetime
) -> UUID:
    """Put one value of a person right; returns the observation that says so. `brand` is whose staff may see it, None the alliance's.

    Where somebody else gave the same phone or e-mail before, people are asked whether the two are one. Refuses what cannot be read, and a
    `version` of the person that is no longer the latest.
    """
    observed = await _observed(_read(field, value), at=at)
    keys = digests.of(observations.seen(observations.particulars(observed), region=None))
    await lock_stripes(IDENTITY_LOCKS, (key.match_key.hex() for key in keys if key.is_strong))
    await _claim(person, version=version)
    decision = _decision(observed.id, person, field=field, heard=heard, brand=brand, actor=actor, at=at)
    await _write(observed, person, keys, decision, at=at)
    await _ask(person, keys, decision, at=at)
    facts = {"field": field, "heard": heard, "brand": brand, "observation": str(observed.id)}
    await history.note(actor.actor, "corrected", "person", person, at=at, **facts)
    return observed.id


async def take_back(observation: UUID, *, actor: Actor, brand: int | None, at: datetime) -> UUID:
    """Undo a correction: its value counts no longer, neither on the record nor for the next enquiry; returns the person.

    Refuses what is no correction, or was taken back already, or came from other staff than those of `brand` (None: the alliance takes back all).
    """
    found = await current().fetchrow(_STANDING, observation, brand)
    if found is None:
        raise NotThere
    await people.hold_still([found["person"]])
    closed = await current().fetchval(
        "update link set closed_at = $2 where observation = $1 and closed_at is null returning person", observation, at
    )
    if closed is None:
        raise NotThere
    await current().execute(_WITHDRAW_QUESTIONS, observation, at, actor.actor)
    await _grow(closed)
    facts = {"field": found["field"], "brand": found["brand"], "observation": str(observation)}
    await history.note(actor.actor, "correction_undone", "person", closed, at=at, **facts)
    return UUID(str(closed))


class _Read(msgspec.Struct, frozen=True):
    # One typed value in canonical form; the others stay silent.
    typed: str
    name: Name
    phone: Phone | None = None
    email: Email | None = None


def _read(field: Field, value: str) -> _Read:
    nobody = normalise.name("")
    try:
        match field:
            case "name":
                return _Read(value, _whole_name(value))
            case "phone":
                return _Read(value, nobody, phone=_whole_phone(value))
            case "email":
                return _Read(value, nobody, email=normalise.email(value))
    except normalise.Unreadable as unreadable:
        raise Invalid(errors=[Fault(path="value", message=unreadable.reason)]) from None


def _whole_name(typed: str) -> Name:
    name = normalise.name(typed)
    if name.kind in ("none", "placeholder"):
        raise normalise.Unreadable(later("Write the name as the person gives it."))
    return name


def _whole_phone(typed: str) -> Phone:
    phone = normalise.phone(typed)
    if phone.e164 is None:
        raise normalise.Unreadable(later("Write the whole number, without stars."))
    return phone


async def _observed(read: _Read, *, at: datetime) -> Observed:
    source = await access.make_source(SOURCE, kind=SOURCE)
    observation = uuid7(at)
    return Observed(
        id=observation,
        source=source,
        external_id=str(observation),
        captured_at=at,
        received_at=at,
        name=read.name,
        phone=read.phone,
        email=read.email,
        name_typed=read.typed if read.name.text else None,
        phone_typed=read.typed if read.phone else None,
        email_typed=read.typed if read.email else None,
    )


async def _claim(person: UUID, *, version: int) -> None:
    if await people.hold_still([person]):
        raise ChangedMeanwhile
    latest = await current().fetchval("select version from person where id = $1", person)
    if latest is None:
        raise NotThere
    if latest != version:
        raise ChangedMeanwhile


async def _write(observed: Observed, person: UUID, keys: Sequence[Key], decision: Decision, *, at: datetime) -> None:
    said = observations.particulars(observed)
    await insert([observations.row(observed, said)])
    await insert([decision])
    await insert([Link(id=uuid7(at), observation=observed.id, person=person, decision=decision.id, opened_at=at)])
    await insert(
        [
            IdentityKey(
                kind=key.kind,
                namespace=key.namespace,
                key_version=digests.VERSION,
                match_key=key.match_key,
                observation=observed.id,
            )
            for key in keys
        ]
    )
    await finding.remember([(observed.id, at, said)])
    await _grow(person)


def _decision(
    observation: UUID, person: UUID, *, field: Field, heard: Heard, brand: int | None, actor: Actor, at: datetime
) -> Decision:
    part = {
        "name": "corrected",
        "points": 0,
        "words": later("put right by staff"),
        "field": field,
        "heard": heard,
        "brand": brand,
    }
    return Decision(
        id=uuid7(at),
        observation=observation,
        person=person,
        outcome="corrected",
        parts=msgspec.json.encode([part]).decode(),
        weights_version=model().version,
        actor=actor.actor,
        at=at,
    )


async def _ask(person: UUID, keys: Sequence[Key], decision: Decision, *, at: datetime) -> None:
    strong = [key.match_key for key in keys if key.is_strong]
    rows = await current().fetch(_OTHERS, strong, person, model().hub, ASKED_AT_MOST + 1)
    others: Collection[UUID] = [row["person"] for row in rows]
    if len(others) > ASKED_AT_MOST:
        return
    await insert(
        [
            ReviewTask(
                id=uuid7(at),
                kind="possible_same",
                person=max(person, other),
                other=min(person, other),
                observation=decision.observation,
                decision=decision.id,
                opened_at=at,
            )
            for other in others
        ]
    )


async def _grow(person: UUID) -> None:
    await current().execute("update person set version = version + 1 where id = $1", person)


# Who else gave one of these values, was not found to be somebody else, and is not asked about already. Grain: one row per person.
# $1 match keys, $2 person, $3 names from which on a value is shared by many, $4 limit.
_OTHERS = """
select distinct link.person
from identity_key
join link on link.observation = identity_key.observation and link.closed_at is null
where identity_key.match_key = any($1::bytea[]) and link.person <> $2
      and not exists (
          select from hub_value where hub_value.match_key = identity_key.match_key and distinct_names >= $3
      )
      and not exists (
          select from no_merge
          join person as one on one.id = no_merge.person join person as two on two.id = no_merge.other
          where (coalesce(one.merged_into, one.id), coalesce(two.merged_into, two.id))
                in ((least(link.person, $2), greatest(link.person, $2)), (greatest(link.person, $2), least(link.person, $2)))
      )
      and not exists (
          select from review_task
          where closed_at is null and ((review_task.person = link.person and other = $2)
                                       or (review_task.person = $2 and other = link.person))
      )
order by link.person
limit $4
"""

# A correction that still counts, and whose it is. Grain: at most one row. $1 observation, $2 brand or null for all.
_STANDING = """
select link.person, decision.parts -> 0 ->> 'field' as field, (decision.parts -> 0 ->> 'brand')::int as brand
from decision
join link on link.observation = decision.observation and link.closed_at is null
where decision.observation = $1 and decision.outcome = 'corrected'
      and ($2::int is null or (decision.parts -> 0 ->> 'brand')::int = $2)
"""

_WITHDRAW_QUESTIONS = """
update review_task set closed_at = $2, closed_by = $3, answer = 'withdrawn' where observation = $1 and closed_at is null
"""
