"""Files that wait to be imported: kept sealed for a while, opened again by whoever works on them.

Promises that a file is as it was sent, and gone after 30 days. Refuses what is too large for one import.
"""

import hashlib
import zlib
from datetime import datetime, timedelta
from uuid import UUID

from crm import vault
from crm.database import current, insert
from crm.errors import Refused
from crm.ids import uuid7
from leads.tables import ImportFile

LARGEST = 20 * 1024 * 1024
KEPT = timedelta(days=30)
PURGED_AT_ONCE = 100


class TooLarge(Refused):
    status = 413
    sentence = "This file is larger than 20 MB. Split it into several and import one after the other."


class FileGone(Refused):
    status = 410
    sentence = "The file of this import is no longer kept. Upload it again."


def refuse_large(size: int) -> None:
    """Refuses a file of more bytes than one import takes."""
    if size > LARGEST:
        raise TooLarge


def fingerprint(content: bytes) -> str:
    """The SHA-256 by which the same file is known again."""
    return hashlib.sha256(content).hexdigest()


async def keep(content: bytes, *, import_id: UUID, at: datetime) -> None:
    """Seal the bytes of a file beside its import."""
    fresh = uuid7(at)
    # Sheets of text shrink to a fifth, and the seal takes text.
    sealed = vault.seal(zlib.compress(content, level=6).decode("latin-1"), place=_place(fresh))
    await insert([ImportFile(id=fresh, import_id=import_id, sealed=sealed, purge_after=at + KEPT)])


async def read(import_id: UUID) -> bytes:
    """The file of an import; refuses when it is gone."""
    row = await current().fetchrow("select id, sealed from import_file where import_id = $1", import_id)
    if row is None:
        raise FileGone
    return zlib.decompress(vault.open_(row["sealed"], place=_place(row["id"])).encode("latin-1"))


async def purge(*, at: datetime) -> int:
    """Delete files whose time is up; says how many."""
    rows = await current().fetch(
        "delete from import_file where id in (select id from import_file where purge_after <= $1 limit $2) returning id",
        at,
        PURGED_AT_ONCE,
    )
    return len(rows)


def _place(file: UUID) -> str:
    return f"import_file|sealed|{file}"
