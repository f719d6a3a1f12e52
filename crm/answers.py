"""What a person answered to whom: the matrix of purposes, brands and channels, and every answer with its wording and evidence.

Promises to say what counts today in the words of the consent ledger. Who works for one brand reads what was answered to that brand alone.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Literal
from uuid import UUID

import msgspec
from asyncpg import Record

from crm import consent
from crm.consent import Purpose, Standing
from crm.database import current
from crm.roles import Scope, numbered

Channel = Literal["phone", "sms", "email", "wechat"]
Says = Literal["given", "withdrawn", "requested", "never"]
CHANNELS: tuple[Channel, ...] = ("phone", "sms", "email", "wechat")
PURPOSES: tuple[Purpose, ...] = ("alliance_marketing", "share_with_brand", "share_with_dealer")
MOST = 200


class Cell(msgspec.Struct, frozen=True):
    """How a person stands on one question, since when."""

    says: Says
    since: datetime | None = None


NEVER = Cell("never")


class Row(msgspec.Struct, frozen=True):
    """One brand: marketing by channel, then whether the brand may know the person, then whether its dealers may; `by_channel` holds all."""

    brand: int
    marketing: dict[Channel, Cell]
    to_brand: Cell
    to_dealers: Cell
    by_channel: dict[Purpose, dict[Channel, Cell]]


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """One answer as it was taken: `wording` is what was shown, `evidence` the start of a keyed hash of what was received."""

    id: UUID
    purpose: str
    brand: int
    channel: str | None
    state: str
    captured_at: datetime
    recorded_at: datetime
    actor: str
    who: str | None
    notice: str | None
    notice_language: str | None
    wording: str | None
    wording_hash: str | None
    evidence: str


class Wording(msgspec.Struct, frozen=True):
    """A notice that may be read out today."""

    id: int
    code: str
    version: str
    language: str
    text: str


async def matrix(person: UUID, scope: Scope, *, brands: Iterable[int]) -> list[Row]:
    """Where a surviving person stands, a row per brand in scope."""
    seen = [brand for brand in brands if scope.brand in (None, brand)]
    standings = (await consent.standing([person])).get(person, [])
    requested = await _requested(person)
    return [
        _row(brand, [one for one in standings if one.brand == brand], requested=requested.get(brand)) for brand in seen
    ]


async def given(person: UUID, scope: Scope) -> list[Answered]:
    """Every answer of a surviving person, newest first; the caller has checked that the person may be seen."""
    query, values = numbered(_GIVEN, [scope.of_brands("consent.brand")], person, MOST)
    rows: Sequence[Record] = await current().fetch(query, *values)
    return [Answered(**row) for row in rows]


async def wordings(on: date) -> list[Wording]:
    """The notices in force on a day, for reading out."""
    return [Wording(*row.values()) for row in await current().fetch(_WORDINGS, on)]


def cell(standings: Iterable[Standing], *, purpose: Purpose, channel: Channel | None) -> Cell:
    """The latest answer that speaks of a channel, by name or for all of them; a no wins a tie."""
    fitting = [one for one in standings if one.purpose == purpose and one.channel in (None, channel)]
    latest = max(fitting, key=lambda one: (one.captured_at, one.state == "withdrawn"), default=None)
    return Cell(latest.state, latest.captured_at) if latest else NEVER


def _row(brand: int, standings: list[Standing], *, requested: datetime | None) -> Row:
    by_channel = {
        purpose: {channel: cell(standings, purpose=purpose, channel=channel) for channel in CHANNELS}
        for purpose in PURPOSES
    }
    return Row(
        brand=brand,
        marketing=by_channel["alliance_marketing"],
        to_brand=_whole(list(by_channel["share_with_brand"].values())),
        to_dealers=_to_dealers(standings, brand=brand, requested=requested),
        by_channel=by_channel,
    )


def _whole(cells: Sequence[Cell]) -> Cell:
    """One sign for all channels: a no to any is a no, a yes must be to all."""
    no = next((it for it in cells if it.says == "withdrawn"), None)
    return no or (cells[0] if all(it.says == "given" for it in cells) else NEVER)


def _to_dealers(standings: list[Standing], *, brand: int, requested: datetime | None) -> Cell:
    if yes := consent.may_share(standings, brand=brand):
        return Cell("given", yes.captured_at)
    if consent.refuses_dealers(standings, brand=brand):
        return _whole([cell(standings, purpose="share_with_dealer", channel=channel) for channel in CHANNELS])
    return Cell("requested", requested) if requested else NEVER


async def _requested(person: UUID) -> dict[int, datetime]:
    return {row["brand"]: row["at"] for row in await current().fetch(_REQUESTED, person)}


# Brands whose dealers were given something because the person asked for it. Grain: one row per brand. $1 survivor.
_REQUESTED = """
select brand, max(at) as at
from (select $1::uuid as id union all select id from person where merged_into = $1) as known_as
join sharing_entry on sharing_entry.person = known_as.id
where basis = 'requested'
group by brand
"""

# Grain: one row per answer. $1 survivor, $2 limit. Condition: on the brand.
_GIVEN = """
select consent.id, consent.purpose, consent.brand, consent.channel, consent.state, consent.captured_at, consent.recorded_at,
       consent.actor, staff.name as who, notice.code || ' v' || notice_version.version as notice,
       notice_version.language as notice_language, notice_version.text as wording, notice_version.hash as wording_hash,
       encode(consent.evidence_hash, 'hex') as evidence
from (select $1::uuid as id union all select id from person where merged_into = $1) as known_as
join consent on consent.person = known_as.id
left join notice_version on notice_version.id = consent.notice_version
left join notice on notice.id = notice_version.notice
left join staff on consent.actor = 'staff:' || staff.id
where {}
order by consent.captured_at desc, consent.recorded_at desc, consent.id desc
limit $2
"""

# Grain: one row per wording in force. $1 day.
_WORDINGS = """
select notice_version.id, notice.code, notice_version.version, notice_version.language, notice_version.text
from notice_version join notice on notice.id = notice_version.notice
where valid_from_on <= $1 and (valid_until_on is null or valid_until_on > $1)
order by notice.code, notice_version.language, notice_version.version desc
"""
