"""Policies that somebody is thinking about: begun from a version, changed, compared, put away. Nothing is routed by them.

Promises that nobody's changes are lost: who saves over a newer draft is refused and shown both. Refuses what is another brand's like what does
not exist.
"""

from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from asyncpg import Record

from crm import history
from crm.database import current
from crm.errors import NotThere, Refused
from leads.routing.policies import Policy


class DraftIsNewer(Refused):
    sentence = "Somebody saved this draft after you opened it. Nothing of yours is lost: look at both and choose."


class Draft(msgspec.Struct, frozen=True):
    """A draft; `base` is the id of the policy it was begun from, `staff_name` who saved it last."""

    id: int
    brand: int
    base: int
    base_version: int
    rules: Policy
    note: str
    staff: int
    staff_name: str
    created_at: datetime
    updated_at: datetime
    version: int


class Difference(NamedTuple):
    """A rule and its two values."""

    rule: str
    before: Any
    after: Any


def differences(before: Policy, after: Policy) -> list[Difference]:
    """Where two policies differ, in the order in which the rules are written down."""
    pairs = [(name, getattr(before, name), getattr(after, name)) for name in Policy.__struct_fields__]
    return [Difference(*pair) for pair in pairs if pair[1] != pair[2]]


async def begin(*, brand: int, base: int, staff: int, at: datetime) -> int:
    """A new draft that says what a version of the brand says."""
    draft: int | None = await current().fetchval(
        """
        insert into policy_draft (brand, base, data, note, staff, created_at, updated_at, version)
        select brand, id, data, '', $3, $4, $4, 1 from routing_policy where id = $2 and brand = $1
        returning id
        """,
        brand,
        base,
        staff,
        at,
    )
    if draft is None:
        raise NotThere
    await history.note(f"staff:{staff}", "drafted", "policy_draft", draft, at=at, brand=brand)
    return draft


async def find(draft: int, *, brand: int) -> Draft:
    """A draft of a brand."""
    row = await current().fetchrow(f"{_READ} where draft.id = $1 and draft.brand = $2", draft, brand)
    if row is None:
        raise NotThere
    return _draft(row)


async def of_brand(brand: int) -> list[Draft]:
    """The drafts of a brand, the one changed last first."""
    rows = await current().fetch(f"{_READ} where draft.brand = $1 order by draft.updated_at desc, draft.id", brand)
    return [_draft(row) for row in rows]


async def save(draft: int, rules: Policy, *, brand: int, note: str, version: int, staff: int, at: datetime) -> None:
    """Keep what was changed in the draft that was opened as `version`; refuses when somebody saved it since."""
    saved = await current().fetchval(
        """
        update policy_draft set data = $3, note = $4, staff = $5, updated_at = $6, version = version + 1
        where id = $1 and brand = $2 and version = $7
        returning version
        """,
        draft,
        brand,
        msgspec.json.encode(rules).decode(),
        note,
        staff,
        at,
        version,
    )
    if saved is None:
        await find(draft, brand=brand)
        raise DraftIsNewer
    await history.note(f"staff:{staff}", "changed", "policy_draft", draft, at=at, brand=brand, version=saved)


async def discard(draft: int, *, brand: int, staff: int, at: datetime) -> None:
    """Throw a draft away; versions and simulations made from it stay."""
    gone = await current().fetchval("delete from policy_draft where id = $1 and brand = $2 returning id", draft, brand)
    if gone is None:
        raise NotThere
    await history.note(f"staff:{staff}", "discarded", "policy_draft", draft, at=at, brand=brand)


def _draft(row: Record) -> Draft:
    return Draft(**{**row, "rules": msgspec.json.decode(row["rules"], type=Policy)})


_READ = """
select draft.id, draft.brand, draft.base, base.version as base_version, draft.data as rules, draft.note, draft.staff,
       staff.name as staff_name, draft.created_at, draft.updated_at, draft.version
from policy_draft as draft
join routing_policy as base on base.id = draft.base
join staff on staff.id = draft.staff
"""
