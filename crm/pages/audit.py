"""The history, for auditors and administrators: filters in the address, a page at a time, or the whole as a file.

Promises that taking it away is in it. Refuses everybody whose role does not watch over the house.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Template

from crm import access, audit, history, spreadsheets
from crm.audit import Entry, Filter
from crm.database import transaction
from crm.languages import moment
from crm.pages import frame
from crm.pages.forms import Asked
from crm.roles import ROLES, Actor

COLUMNS = ("at", "actor", "name", "action", "subject_kind", "subject", "details")


class Audit(Controller):
    """Who did what, and when."""

    path = "/audit"
    guards = [access.permits("audit")]
    include_in_schema = False

    @get("/")
    async def show(
        self,
        *,
        request: Asked,
        actor: NamedDependency[Actor],
        who: FromQuery[str | None] = None,
        action: FromQuery[str | None] = None,
        kind: FromQuery[str | None] = None,
        subject: FromQuery[str | None] = None,
        since: FromQuery[date | None] = None,
        until: FromQuery[date | None] = None,
        before: FromQuery[int | None] = None,
        after: FromQuery[int | None] = None,
    ) -> Template:
        wanted = _filter(who=who, action=action, kind=kind, subject=subject, since=since, until=until)
        async with transaction():
            found = await audit.newest(wanted, zone=ZoneInfo(actor.time_zone), before=before, after=after)
        more = len(found) > audit.PAGE
        shown = found[-audit.PAGE :] if after is not None else found[: audit.PAGE]
        return frame.page(
            request,
            "crm/audit.html",
            entries=shown,
            asked=msgspec.structs.asdict(wanted),
            narrowed=wanted != Filter(),
            actions=audit.actions(),
            kinds=audit.SUBJECTS,
            roles=ROLES,
            newer=shown[0].id if shown and (more if after is not None else before is not None) else None,
            older=shown[-1].id if shown and (more or after is not None) else None,
        )

    @get("/export")
    async def take(
        self,
        *,
        actor: NamedDependency[Actor],
        who: FromQuery[str | None] = None,
        action: FromQuery[str | None] = None,
        kind: FromQuery[str | None] = None,
        subject: FromQuery[str | None] = None,
        since: FromQuery[date | None] = None,
        until: FromQuery[date | None] = None,
    ) -> Response[bytes]:
        wanted = _filter(who=who, action=action, kind=kind, subject=subject, since=since, until=until)
        at = datetime.now(UTC)
        async with transaction():
            entries = await audit.newest(wanted, zone=ZoneInfo(actor.time_zone), limit=audit.MOST_TAKEN)
            await history.note(actor.actor, "history_taken", "history", "file", at=at, rows=len(entries))
        name = f"history-{at:%Y%m%d-%H%M}.csv"
        headers = {"content-disposition": f'attachment; filename="{name}"'}
        return Response(_as_csv(entries), media_type="text/csv; charset=utf-8", headers=headers)


def _filter(**said: Any) -> Filter:
    return Filter(**{name: value or None for name, value in said.items()})


def _as_csv(entries: Iterable[Entry]) -> bytes:
    rows = [
        (moment(it.at), it.actor, it.name or "", it.action, it.subject_kind, it.subject, _details(it)) for it in entries
    ]
    return (spreadsheets.BOM + spreadsheets.written([COLUMNS, *rows])).encode()


def _details(entry: Entry) -> str:
    return msgspec.json.encode(entry.details).decode()


CONTROLLERS = (Audit,)
