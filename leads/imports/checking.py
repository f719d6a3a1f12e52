"""The dry run of a file of leads: what each row would become, with nothing written but that.

Promises the fates that a run at this moment would give: new, known (a new lead of somebody we know), duplicate, error. Because people of
earlier rows count as known, a dry run lives in the memory of one worker; when that one dies, another begins anew.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import msgspec

from crm import reference
from crm.database import current
from crm.errors import Fault
from crm.identity.forecast import Forecast
from crm.ids import uuid7
from leads import reading
from leads.capture import Incoming
from leads.capture import rows as captured
from leads.imports import reports, rows
from leads.imports.rows import CAME_BEFORE, DIFFERS, Desk, Fated
from leads.reading import Reading
from leads.sources.desk import Row

LEASE = timedelta(seconds=30)
WORKER = str(uuid4())  # by this the others know that a dry run is in hand


class Checked(msgspec.Struct):
    """What a dry run has found so far; `by` holds it until `until`."""

    fates: dict[str, int] = {}
    reasons: dict[str, int] = {}
    notes: dict[str, int] = {}
    by: str | None = None
    until: datetime | None = None

    def is_free(self, *, at: datetime) -> bool:
        """Whether this worker may go on with it."""
        return self.by in (None, WORKER) or self.until is None or self.until <= at


class DryRun:
    """What one worker remembers of a dry run between two batches."""

    def __init__(self, work: Desk) -> None:
        self.work = work
        self.done = 0
        self.checked = Checked()
        self._forecast = Forecast()
        self._bodies: dict[str, bytes] = {}

    async def batch(self, *, import_id: UUID, at: datetime) -> int:
        """Foresee the next rows and note it, in the caller's transaction; 0 when all are through."""
        fresh = rows.batch(self.work, start=self.done, at=at)
        fated = await self._foreseen(fresh, at=at)
        await rows.note(fated, import_id=import_id)
        self._count(fated)
        self.done += len(fresh)
        return len(fresh)

    async def _foreseen(self, fresh: Sequence[Row], *, at: datetime) -> list[Fated]:
        before = await self._came_before(fresh)
        words = await reference.load()
        readings: dict[int, Reading] = {}
        fated: dict[int, Fated] = {}
        for row in fresh:
            if row.body is None:
                fated[row.number] = Fated(row, "error", row.faults)
            elif row.body.external_id in before or row.body.external_id in self._bodies:
                fated[row.number] = self._duplicate(row, before)
            elif (read := reading.read(row.body, reference=words, stores={})).faults:
                faults = [rows.in_words_of(self.work.sheet, fault) for fault in read.faults]
                fated[row.number] = Fated(row, "error", faults)
            else:
                self._bodies[row.body.external_id] = captured.body_hash(row.body)
                readings[row.number] = read
        fated |= await self._met([row for row in fresh if row.number in readings], readings, at=at)
        return [fated[row.number] for row in fresh]

    async def _came_before(self, fresh: Sequence[Row]) -> dict[str, bytes]:
        found = await current().fetch(
            "select external_id, body_hash from submission where source = $1 and external_id = any($2)",
            self.work.sender.id,
            [row.body.external_id for row in fresh if row.body],
        )
        return {row["external_id"]: row["body_hash"] for row in found}

    def _duplicate(self, row: Row, before: Mapping[str, bytes]) -> Fated:
        if row.body is None:
            raise TypeError("only a row that can be read repeats another")
        first = before.get(row.body.external_id) or self._bodies[row.body.external_id]
        message = CAME_BEFORE if captured.body_hash(row.body) == first else DIFFERS
        return Fated(row, "duplicate", [Fault(path=self.work.sheet.name_of("registration"), message=message)])

    async def _met(self, fresh: Sequence[Row], readings: Mapping[int, Reading], *, at: datetime) -> dict[int, Fated]:
        observed = [
            captured.observed(
                captured.Draft(
                    index=0,
                    item=Incoming(row.body, row.raw, row.number),
                    reading=readings[row.number],
                    lead=uuid7(at),
                    observation=uuid7(at),
                    captured_at=min(row.body.captured_at.astimezone(UTC), at),
                    stage="identified",
                ),
                source=self.work.sender,
                at=at,
                import_id=None,
            )
            for row in fresh
            if row.body
        ]
        known = await self._forecast.known(observed) if observed else []
        return {
            row.number: Fated(row, "known" if is_known else "new", rows.notes_of(row))
            for row, is_known in zip(fresh, known, strict=True)
        }

    def _count(self, fated: Sequence[Fated]) -> None:
        failed = [one for one in fated if one.fate == "error"]
        noted = [one for one in fated if one.fate in ("new", "known")]
        said = self.checked
        said.fates = dict(Counter(said.fates) + Counter(one.fate for one in fated))
        said.reasons = _added(said.reasons, reports.counted(failed))
        said.notes = _added(said.notes, reports.counted(noted))


def _added(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return dict((Counter(one) + Counter(other)).most_common())
