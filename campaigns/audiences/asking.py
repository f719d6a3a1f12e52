"""An audience as one statement: who of the people in sight fits its filter this moment, by what the ledgers, guests and cars say.

Promises that the scope is in the statement itself, that facts told about one person under an older id count for whom they are today, and that a
brand's question never reads what another brand's people wrote, was told, or do in campaigns of others.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from campaigns.audiences import Filter
from campaigns.touchpoints import Fact
from crm.database import current
from crm.network import local_day
from crm.roles import Condition, Scope, numbered, stem

_WHO = "coalesce(known.merged_into, known.id)"


async def members(filter_: Filter, scope: Scope, *, at: datetime) -> list[UUID]:
    """The surviving persons who fit, in the order of their ids."""
    asked = [scope.of_persons("person"), *_conditions(filter_, scope, at=at)]
    text, values = numbered(_MEMBERS + " and {}" * len(asked) + " order by person.id", asked)
    return [row["id"] for row in await current().fetch(text, *values)]


def _conditions(filter_: Filter, scope: Scope, *, at: datetime) -> Iterator[Condition]:
    if filter_.brands:
        yield _among(_ledger("touchpoint", scope, "touchpoint.brand = any({}::int[])", filter_.brands))
    if filter_.models:
        yield _among(_wished(scope, filter_.models))
    if filter_.regions:
        yield _among(_lives(scope, [f"{stem(code)}%" for code in filter_.regions]))
    if filter_.stage_from or filter_.stage_to:
        yield _stage(filter_, scope)
    if filter_.campaigns:
        inside = _inside(scope, "touchpoint.campaign")
        text = f"touchpoint.campaign = any({{}}::int[]) and {inside.text}"
        yield _among(_ledger("touchpoint", scope, text, filter_.campaigns, *inside.values))
    if filter_.events or filter_.attended is not None:
        yield _among(_guests(filter_, scope))
    if filter_.owns:
        yield _among(_drives(filter_.owns, scope, at))
    if filter_.consented:
        yield _among(_agreed(scope, filter_.consented))
    if filter_.quiet_days:
        yield _quiet(scope, at - timedelta(days=filter_.quiet_days))


def _among(inner: Condition) -> Condition:
    return Condition(f"person.id in ({inner.text})", inner.values)


def _ledger(table: str, scope: Scope, text: str, *values: object) -> Condition:
    # A contact that belongs to no brand is of everybody who is a partner in its campaign.
    seen, inside = scope.of_brands(f"{table}.brand"), _inside(scope, f"{table}.campaign")
    return Condition(
        f"select {_WHO} from {table} join person as known on known.id = {table}.person "  # noqa: S608
        f"where {table}.retracted_at is null and {text} and ({seen.text} or {table}.brand is null and {inside.text})",
        (*values, *seen.values, *inside.values),
    )


def _inside(scope: Scope, column: str) -> Condition:
    inner = scope.of_campaigns("within")
    return Condition(f"{column} in (select within.id from campaign as within where {inner.text})", inner.values)  # noqa: S608


def _quiet(scope: Scope, since: datetime) -> Condition:
    # Whom another brand wrote to lately is that brand's own affair; its place in the budget is asked when a message is sent.
    seen, inside = scope.of_brands("contact_use.brand"), _inside(scope, "message.campaign")
    joint = f"exists (select from message where message.id = contact_use.message and {inside.text})"
    text = _NOT_WRITTEN_TO.replace("SEEN", f"({seen.text} or contact_use.brand is null and {joint})")
    return Condition(text, (since, *seen.values, *inside.values))


def _wished(scope: Scope, models: list[int]) -> Condition:
    seen = scope.of_brands("wish.brand")
    return Condition(
        f"select {_WHO} from registration_wish as wish join registration on registration.id = wish.registration "  # noqa: S608
        f"join person as known on known.id = registration.person where wish.model = any({{}}::int[]) and {seen.text} "
        f"union select {_WHO} from ownership join vehicle on vehicle.id = ownership.vehicle "
        f"join person as known on known.id = ownership.person where vehicle.model = any({{}}::int[]) "
        f"and {scope.of_brands('vehicle.brand').text}",
        (models, *seen.values, models, *scope.of_brands("vehicle.brand").values),
    )


def _lives(scope: Scope, patterns: list[str]) -> Condition:
    seen = scope.of_observations("observation")
    return Condition(
        "select link.person from link join observation on observation.id = link.observation "  # noqa: S608
        f"where link.closed_at is null and observation.region like any({{}}::text[]) and {seen.text}",
        (patterns, *seen.values),
    )


def _stage(filter_: Filter, scope: Scope) -> Condition:
    seen = scope.of_brands("milestone.brand")
    least = int(Fact[filter_.stage_from]) if filter_.stage_from else 0
    most = int(Fact[filter_.stage_to]) if filter_.stage_to else max(Fact)
    text = (
        f"person.id in (select reached.person from (select {_WHO} as person, max(milestone.kind) as kind from milestone "  # noqa: S608
        f"join person as known on known.id = milestone.person where milestone.retracted_at is null and {seen.text} "
        f"group by 1) as reached where reached.kind between {{}} and {{}})"
    )
    return Condition(text, (*seen.values, least, most))


def _guests(filter_: Filter, scope: Scope) -> Condition:
    seen = scope.of_registrations("registration")
    text = (
        f"select {_WHO} from registration join person as known on known.id = registration.person "  # noqa: S608
        f"where registration.state <> 'cancelled' and ({seen.text})"
    )
    values = list(seen.values)
    if filter_.events:
        inside = _inside(scope, "registration.campaign")
        text = f"{text} and registration.event = any({{}}::int[]) and {inside.text}"
        values += [filter_.events, *inside.values]
    if filter_.attended is not None:
        text += f" and registration.attended_at is {'not ' if filter_.attended else ''}null"
    return Condition(text, tuple(values))


def _drives(brands: list[int], scope: Scope, at: datetime) -> Condition:
    seen = scope.of_brands("vehicle.brand")
    return Condition(
        f"select {_WHO} from ownership join vehicle on vehicle.id = ownership.vehicle "  # noqa: S608
        "join person as known on known.id = ownership.person where vehicle.brand = any({}::int[]) "
        "and ownership.valid_from_on <= {} and coalesce(ownership.valid_until_on > {}, true) "
        f"and {seen.text}",
        (brands, local_day(at), local_day(at), *seen.values),
    )


def _agreed(scope: Scope, channel: str) -> Condition:
    """Who ever said yes; whether it still holds is decided when a message is sent."""
    seen = scope.of_brands("consent.brand")
    return Condition(
        f"select {_WHO} from consent join person as known on known.id = consent.person "  # noqa: S608
        "where consent.purpose = 'alliance_marketing' and consent.state = 'given' "
        f"and (consent.channel is null or consent.channel = {{}}) and {seen.text}",
        (channel, *seen.values),
    )


_NOT_WRITTEN_TO = f"""person.id not in (
    select {_WHO} from contact_use join person as known on known.id = contact_use.person
    where coalesce(contact_use.sent_at, contact_use.reserved_at) > {{}} and SEEN
)"""  # noqa: S608
_MEMBERS = "select person.id from person where person.merged_into is null"
