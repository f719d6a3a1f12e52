"""The ledger of hand-overs: which dealer received which details of a person, for what, and on what it stood.

Promises that every hand-over ever made is there, under whatever id the person was known then. Who sees one brand sees that brand's entries.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from asyncpg import Record

from crm.database import current
from crm.roles import Scope, numbered

MOST = 200


class HandOver(msgspec.Struct, frozen=True, kw_only=True):
    """One entry. `basis` is consent or requested; `notice` names the wording that a consent stood on, where one was shown."""

    id: UUID
    at: datetime
    brand: int
    store: str
    store_name: str
    dealer: str
    fields: tuple[str, ...]
    purpose: str
    basis: str
    consented_at: datetime | None
    notice: str | None


async def log(person: UUID, scope: Scope) -> list[HandOver]:
    """What was handed over of a surviving person, newest first; the caller has checked that the person may be seen."""
    conditions = [scope.of_brands("sharing_entry.brand"), scope.of_stores("store")]
    query, values = numbered(_LOG, conditions, person, MOST)
    rows: Sequence[Record] = await current().fetch(query, *values)
    return [HandOver(**{**row, "fields": tuple(row["fields"].split(","))}) for row in rows]


# Hand-overs with their stores and what they stood on. Grain: one row per entry. $1 survivor, $2 limit. Conditions: on the brand, on store.
_LOG = """
select sharing_entry.id, sharing_entry.at, sharing_entry.brand, store.code as store, store.name_zh as store_name,
       party.legal_name as dealer, sharing_entry.fields, sharing_entry.purpose, sharing_entry.basis,
       consent.captured_at as consented_at,
       case when notice.id is not null then concat(notice.code, ' v', notice_version.version, ', ', notice_version.language) end as notice
from (select $1::uuid as id union all select id from person where merged_into = $1) as known_as
join sharing_entry on sharing_entry.person = known_as.id
join store on store.id = sharing_entry.store
join dealer on dealer.id = sharing_entry.dealer
join party on party.id = dealer.party
left join consent on consent.id = sharing_entry.consent
left join notice_version on notice_version.id = consent.notice_version
left join notice on notice.id = notice_version.notice
where {} and {}
order by sharing_entry.at desc, sharing_entry.id desc
limit $2
"""
