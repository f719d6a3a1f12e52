"""How often public forms may be sent: counted in the database, by address and by contact, for all processes together.

Promises that neither an address nor a contact is kept, only a digest that our key alone makes, and that for an hour. An address may be a
whole hall behind one router, so its limit is a wide one.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import ClassVar

from crm import vault
from crm.database import current, lock_stripes
from crm.errors import Refused

LOCKS = 13
WINDOW = timedelta(hours=1)
BY_ADDRESS, BY_CONTACT = 600, 6


class TooManyForms(Refused):
    status = 429
    sentence = "This was sent too often. Please try again in an hour, or ask at the desk."
    retry_after: ClassVar[int] = int(WINDOW.total_seconds())


async def count(*, address: str, contacts: Iterable[str], at: datetime) -> None:
    """Count one more; refuses when it is one too many. Counts for everybody alike, known or not."""
    keys = {vault.match_key("form address", address): BY_ADDRESS}
    keys |= {vault.match_key("form contact", contact): BY_CONTACT for contact in contacts}
    await lock_stripes(LOCKS, [key.hex() for key in keys])
    rows = await current().fetch(
        "select key, count(*) from form_try where key = any($1::bytea[]) and at > $2 group by key",
        list(keys),
        at - WINDOW,
    )
    if any(row["count"] >= keys[row["key"]] for row in rows):
        raise TooManyForms
    await current().execute(
        "insert into form_try (key, at) select key, $2 from unnest($1::bytea[]) as given (key)", sorted(keys), at
    )


async def forget(*, at: datetime, limit: int = 1000) -> int:
    """Delete at most so many that count no more; answers how many went."""
    gone = await current().fetch(
        """
        delete from form_try where id in (select id from form_try where at <= $1 order by at limit $2 for update skip locked)
        returning id
        """,
        at - WINDOW,
        limit,
    )
    return len(gone)
