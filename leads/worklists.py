"""What waits for people, queue by queue: late answers, held interests, what no store took, lost ones to check again.

Promises the oldest first, everything under the reader's scope, and pages that read as many rows as they show, at any size. Refuses nothing:
a queue in which the reader may see nothing is empty.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias, get_args
from uuid import UUID

import msgspec
from asyncpg import Record

from crm import masks, paging, sight
from crm.database import current
from crm.identity import observations
from crm.paging import Mark
from crm.roles import EVERYTHING, Condition, Scope, numbered
from leads import kinds
from leads.lists.counts import MOST_IN_TABS, Count, of_queues
from leads.lists.statements import all_of

Queue: TypeAlias = Literal["late", "held", "alliance", "lost"]
QUEUES: tuple[Queue, ...] = get_args(Queue)
HOLDS = tuple(hold.code for hold in kinds.HOLDS)
PAGE = 50


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to be done; `id` is that of the offer, interest, task or re-check, `since` what the queue is ordered by."""

    id: UUID
    interest: UUID
    lead: UUID
    person: UUID
    name: str | None
    phone: str | None
    wish: str
    captured_at: datetime
    since: datetime
    brand: int | None = None
    model: str | None = None
    place: str | None = None
    store: str | None = None
    store_code: str | None = None
    offered_at: datetime | None = None
    ends_at: datetime | None = None
    due_at: datetime | None = None
    hold: str | None = None
    reason: str | None = None
    refusals: int = 0
    asked: tuple[str, ...] = ()
    assignee: int | None = None
    assignee_name: str | None = None
    review: UUID | None = None

    @property
    def at(self) -> Mark:
        """Where it stands."""
        return Mark(self.since, self.id)


class Page(msgspec.Struct, frozen=True):
    """Rows of a queue, the oldest first, and the places to go on from."""

    rows: tuple[Row, ...]
    before: Mark | None
    after: Mark | None


async def counts(scope: Scope, *, at: datetime) -> dict[str, Count]:
    """What waits in each queue, counted no further than anybody reads."""
    return await of_queues(scope, at=at)


async def held(scope: Scope) -> dict[str, Count]:
    """How many interests wait for each reason; reasons that nobody waits for are not there."""
    seen = all_of([scope.of_interests()])
    query, values = numbered(_BY_HOLD, [seen], list(HOLDS), MOST_IN_TABS + 1)
    rows = await current().fetch(query, *values)
    return {row["hold"]: Count(row["count"], MOST_IN_TABS) for row in rows if row["count"]}


async def silent(scope: Scope) -> Count:
    """How many leads name no interest at all: they have nothing that could be held, and are listed as leads."""
    seen = all_of([scope.of_leads()])
    query, values = numbered(_SILENT, [seen], MOST_IN_TABS + 1)
    return Count(await current().fetchval(query, *values), MOST_IN_TABS)


async def page(
    queue: Queue,
    scope: Scope,
    *,
    at: datetime,
    hold: str | None = None,
    after: Mark | None = None,
    before: Mark | None = None,
    limit: int = PAGE,
) -> Page:
    """The rows after a place, or those before one; the oldest without either. `hold` is which reason, in that queue."""
    is_back = paging.goes_back(after=after, before=before)
    beyond, comparison, order = (before, "<", "desc") if is_back else (after, ">", "asc")
    listed = _LISTED[queue]
    conditions = [scope.of_interests(), *_of_queue(queue, scope, at=at, hold=hold)]
    if beyond:
        conditions.append(Condition(f"({listed.at}, {listed.id}) {comparison} ({{}}, {{}})", (beyond.at, beyond.id)))
    text = _ROWS % {"facts": listed.facts, "tables": listed.tables, "at": listed.at, "id": listed.id, "order": order}
    # A rare reason and a usual one want different ways through the indexes.
    await current().execute("set local plan_cache_mode = force_custom_plan")
    query, values = numbered(text, [all_of(conditions)], limit + 1)
    found = await current().fetch(query, *values)
    cut = paging.cut(await _rows(found, scope), limit=limit, after=after, before=before)
    return Page(
        cut.rows,
        before=cut.rows[0].at if cut.goes_on_before else None,
        after=cut.rows[-1].at if cut.goes_on_after else None,
    )


def _of_queue(queue: Queue, scope: Scope, *, at: datetime, hold: str | None) -> list[Condition]:
    if queue == "late":
        # An offer knows its brand: of others' nobody needs to read the interest.
        due = Condition("offer.answer_due_at <= {}", (at,))
        return [due, EVERYTHING if scope.brand is None else scope.of_brands("offer.brand")]
    if queue == "held":
        return [Condition("interest.hold = {}", (hold,))]
    return [scope.of_brands("recheck.brand")] if queue == "lost" else []


async def _rows(found: Sequence[Record], scope: Scope) -> list[Row]:
    clear = await sight.names_in_clear({row["person"] for row in found}, scope)
    return [_row(row, is_clear=row["person"] in clear) for row in found]


def _row(row: Record, *, is_clear: bool) -> Row:
    said = observations.opened(row["particulars"], observation=row["observation"])
    facts: dict[str, Any] = {
        name: tuple(value) if name == "asked" else value
        for name, value in row.items()
        if name not in ("particulars", "observation") and value is not None
    }
    return Row(name=said.name if is_clear else masks.name(said.name), phone=masks.phone(said), **facts)


class _Listed(msgspec.Struct, frozen=True):
    # One queue: from which tables, in which order, and what it says besides what every row says.
    tables: str
    at: str
    id: str
    facts: str


_ASKED = """
array(select store.name_zh from offer as past join store on store.id = past.store
      where past.interest = interest.id and past.state <> 'withdrawn' order by past.offered_at, past.id) as asked"""
_LISTED: dict[Queue, _Listed] = {
    "late": _Listed(
        "offer join interest on interest.id = offer.interest and offer.state = 'offered' join store on store.id = offer.store",
        at="offer.answer_due_at",
        id="offer.id",
        facts="store.name_zh as store, store.code as store_code, offer.offered_at, offer.expires_at as ends_at",
    ),
    "held": _Listed(
        "interest",
        at="interest.captured_at",
        id="interest.id",
        facts="""interest.hold, interest.due_at, (
            select task.id from review_task as task
            where interest.hold = 'needs_review' and task.observation = lead.observation and task.closed_at is null
            order by task.id limit 1) as review""",
    ),
    "alliance": _Listed(
        "alliance_task as task join interest on interest.id = task.interest and task.closed_at is null"
        " left join staff on staff.id = task.assignee",
        at="task.opened_at",
        id="task.id",
        facts=f"task.reason, task.refusals, task.assignee, staff.name as assignee_name, {_ASKED}",
    ),
    "lost": _Listed(
        "recheck join interest on interest.id = recheck.interest and recheck.answer is null",
        at="recheck.drawn_at",
        id="recheck.id",
        facts=f"""{_ASKED}, coalesce(
            (select disposition.reason from offer as past join disposition on disposition.offer = past.id
             where (past.interest = interest.id or past.id = interest.joined) and disposition.kind in ('lost', 'invalid')
             order by disposition.at desc, disposition.id desc limit 1),
            (select task.outcome from alliance_task as task
             where task.interest = interest.id and task.outcome is not null order by task.opened_at desc limit 1)
        ) as reason""",  # noqa: S608  pieces of our own
    ),
}

# A page of a queue. Grain: one row per offer, interest, task or re-check. $1 how many; the condition is queue, scope and place.
_ROWS = """
select %(id)s as id, %(at)s as since, interest.id as interest, interest.lead, interest.brand, model.code as model, interest.kind as wish,
       interest.captured_at, region.name_zh as place, coalesce(person.merged_into, person.id) as person,
       observation.id as observation, observation.particulars, %(facts)s
from %(tables)s
join lead on lead.id = interest.lead
join observation on observation.id = lead.observation
join person on person.id = lead.person
left join model on model.id = interest.model
left join region on region.code = interest.region
where {}
order by %(at)s %(order)s, %(id)s %(order)s limit $1
"""

_BY_HOLD = """
select hold, (select count(*) from (select from interest where interest.hold = wanted.hold and {} limit $2) as waiting) as count
from unnest($1::text[]) with ordinality as wanted (hold, place)
order by wanted.place
"""

_SILENT = "select count(*) from (select from lead where lead.hold = 'no_interest' and {} limit $1) as waiting"
