"""The statements beneath lists of leads: one page of them, how many there are, all of them in order.

Promises that each has only the conditions that apply, that the reader's scope is among them, and that each usual way streams from an index:
a page reads as many rows as it shows. Each is a text with `{}` where its conditions go, for `crm.roles.numbered`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

from crm.database import current
from crm.roles import EVERYTHING, Condition, numbered
from leads.lists.filters import Filters

Sort = Literal["-captured", "captured", "clock"]
SORTS: tuple[Sort, ...] = ("-captured", "captured", "clock")
Key: TypeAlias = tuple[datetime, UUID]
Stream = Literal["newest", "oldest", "due", "rest"]
# By clock, what a store has to answer comes first; everything else follows, the newest first.
STREAMS: dict[Sort, tuple[Stream, ...]] = {"-captured": ("newest",), "captured": ("oldest",), "clock": ("due", "rest")}
_TURNED = {"asc": "desc", "desc": "asc"}
_BEYOND = {"asc": ">", "desc": "<"}


async def steady() -> None:
    """Let every statement of this transaction be planned for its own values: a rare stage and a usual one want different ways."""
    await current().execute("set local plan_cache_mode = force_custom_plan")


def keys(
    filters: Filters, stream: Stream, *, beyond: Key | None, way: Literal["on", "back"], limit: int
) -> tuple[str, list[Any]]:
    """The (at, lead) of so many leads of a stream, those beyond a key; the way back has them in the turned order."""
    order = "desc" if stream in ("newest", "rest") else "asc"
    order = order if way == "on" else _TURNED[order]
    if stream == "due":
        return _due(filters, beyond=beyond, order=order, limit=limit)
    without_due = _not_due(filters) if stream == "rest" else EVERYTHING
    return numbered(*_captured(filters, without_due, beyond=beyond, order=order, limit=str(limit)))


def count(filters: Filters, *, most: int) -> tuple[str, list[Any]]:
    """How many leads there are, counted no further than `most` + 1."""
    text, conditions = _captured(filters, EVERYTHING, beyond=None, order="desc", limit=str(most + 1))
    return numbered(_COUNTED % {"walk": text}, conditions)


def ids(filters: Filters, *, most: int) -> tuple[str, list[Any]]:
    """The ids of all leads, the newest first, no more than `most`: what a change to all that match works on."""
    text, conditions = _captured(filters, EVERYTHING, beyond=None, order="desc", limit=str(most))
    return numbered(_MATCHING % {"walk": text}, conditions)


def _captured(
    filters: Filters, also: Condition, *, beyond: Key | None, order: str, limit: str
) -> tuple[str, list[Condition]]:
    # Distinct over the order of an index is a walk along it. Leads that name no interest are few, and walked beside.
    of_interests = [
        *filters.of_interests("interest"),
        also,
        _beyond("interest.captured_at, interest.lead", beyond, order),
    ]
    walks, conditions = [_INTERESTS], [all_of(of_interests)]
    silent = filters.of_silent_leads("lead")
    if silent is not None:
        walks.append(_SILENT)
        conditions.append(all_of([*silent, _beyond("lead.captured_at, lead.id", beyond, order)]))
    text = walks[0] if len(walks) == 1 else _BOTH
    return text % {"order": order, "limit": limit}, conditions


def _due(filters: Filters, *, beyond: Key | None, order: str, limit: int) -> tuple[str, list[Any]]:
    mine = [*filters.of_interests("interest"), _beyond("offer.answer_due_at, interest.lead", beyond, order)]
    siblings = all_of(filters.of_interests("sibling"))
    return numbered(_DUE % {"order": order, "limit": limit}, [all_of(mine), siblings])


def _not_due(filters: Filters) -> Condition:
    sibling = all_of(filters.of_interests("sibling"))
    return Condition(_NOT_DUE % {"siblings": sibling.text}, sibling.values)


def _beyond(columns: str, key: Key | None, order: str) -> Condition:
    return Condition(f"({columns}) {_BEYOND[order]} ({{}}, {{}})", key) if key else EVERYTHING


def all_of(conditions: Sequence[Condition]) -> Condition:
    """All of these at once; what is always true is not written down."""
    real = [one for one in conditions if one != EVERYTHING]
    values = tuple(value for one in real for value in one.values)
    return Condition(" and ".join(f"({one.text})" for one in real), values) if real else EVERYTHING


_INTERESTS = """
select distinct interest.captured_at as at, interest.lead from interest
where {} order by interest.captured_at %(order)s, interest.lead %(order)s limit %(limit)s
"""

_SILENT = """
select lead.captured_at, lead.id from lead
where lead.hold = 'no_interest' and {} order by lead.captured_at %(order)s, lead.id %(order)s limit %(limit)s
"""

_BOTH = f"select at, lead from (({_INTERESTS}) union all ({_SILENT})) as walked order by at %(order)s, lead %(order)s limit %(limit)s"  # noqa: S608
_COUNTED = "select count(*) from (%(walk)s) as counted"
_MATCHING = "select lead from (%(walk)s) as matching"

# The offer that is due first speaks for its lead. Only interests that are listed count: what another brand offered says nothing here.
_DUE = """
select offer.answer_due_at as at, interest.lead
from offer
join interest on interest.id = offer.interest
where offer.state = 'offered' and {} and not exists (
    select from interest as sibling
    join offer as sooner on sooner.interest = sibling.id and sooner.state = 'offered'
    where sibling.lead = interest.lead and (sooner.answer_due_at, sooner.id) < (offer.answer_due_at, offer.id) and {}
)
order by offer.answer_due_at %(order)s, interest.lead %(order)s limit %(limit)s
"""

_NOT_DUE = """
not exists (
    select from interest as sibling
    join offer as waiting on waiting.interest = sibling.id and waiting.state = 'offered'
    where sibling.lead = interest.lead and %(siblings)s
)
"""
