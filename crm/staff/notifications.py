"""What one of us is to hear: a job that ended, a task that was given, an offer that came back.

Promises that everybody hears their own and nobody another's. Details carry codes and counts, never personal data: the sentence is made when
it is read, in the reader's language.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import msgspec

from crm.database import current
from crm.languages import later, say
from crm.roles import MAY, ROLES, Actor, Permission

PAGE = 50
# Nobody reads last season's bell; what it told of is where it happened.
READ_FOR, UNREAD_FOR = timedelta(days=90), timedelta(days=365)
# What is said of each kind; %(name)s stands for a detail. A kind that is not here says that something happened.
SENTENCES = {
    "task_given": later("%(by)s gave you a task"),
    "task_due": later("A task is due"),
    "note_for_you": later("%(by)s left a note on a record of yours"),
    "bulk_done": later("A bulk change is done: %(done)s of %(total)s"),
    "bulk_failed": later("A bulk change stopped before its end"),
    "bulk_undone": later("A bulk change was undone"),
    "import_checked": later("An import is checked and waits for you"),
    "import_done": later("An import is done: %(done)s of %(total)s rows"),
    "import_failed": later("An import stopped before its end"),
    "mailing_done": later("A mailing is done: %(done)s of %(total)s sent"),
    "mailing_held": later("A mailing asks you before it goes on: its time passed while nothing could be sent"),
    "simulation_done": later("A simulation is done"),
    "offer_taken_back": later("An offer was taken back"),
    "offer_made": later("A new offer waits for your answer"),
    "reminder": later("The alliance reminds you of an offer that waits"),
    "key_made": later("A key was made for %(code)s"),
    "sign_in_blocked": later("Too many sign-ins failed for %(login)s"),
}


class Notification(msgspec.Struct, frozen=True):
    """One thing to hear, and where it leads."""

    id: int
    kind: str
    href: str
    details: dict[str, Any]
    at: datetime
    read_at: datetime | None

    @property
    def words(self) -> str:
        """The sentence in the reader's language."""
        sentence = say(SENTENCES.get(self.kind, "Something happened"))
        try:
            return sentence % self.details
        except KeyError:
            return sentence.partition("%(")[0].rstrip(" :：") or say("Something happened")


async def notify_staff(staff: Iterable[int], kind: str, *, href: str, at: datetime, **details: object) -> None:
    """Let these colleagues hear of it; `href` is a path of ours that leads there."""
    await current().execute(
        """
        insert into notification (staff, kind, href, details, at)
        select id, $2, $3, $4, $5 from staff where id = any($1::int[]) and disabled_at is null
        """,
        sorted(set(staff)),
        kind,
        href,
        msgspec.json.encode(details).decode(),
        at,
    )


async def forget(*, at: datetime, limit: int = 1000) -> int:
    """Delete at most so many that were read long ago, or never read for much longer, the oldest first; answers how many went."""
    gone = await current().fetch(
        """
        delete from notification where id in (
            select id from notification where at < $1 and (read_at < $1 or at < $2) order by at limit $3 for update skip locked
        )
        returning id
        """,
        at - READ_FOR,
        at - UNREAD_FOR,
        limit,
    )
    return len(gone)


async def staff_who_may(permission: Permission, *, brand: int | None = None) -> list[int]:
    """Colleagues whose role has a permission; with a brand only those who may see that brand."""
    rows = await current().fetch(
        """
        select id from staff
        where disabled_at is null and role = any($1) and ($2::int is null or brand is null or brand = $2) order by id
        """,
        [role for role in ROLES if permission in MAY[role]],
        brand,
    )
    return [row["id"] for row in rows]


async def of(actor: Actor, *, before: int | None = None) -> list[Notification]:
    """Theirs, newest first, a page and one more."""
    rows = await current().fetch(
        """
        select id, kind, href, details, at, read_at from notification
        where staff = $1 and ($2::bigint is null or id < $2) order by id desc limit $3
        """,
        actor.id,
        before,
        PAGE + 1,
    )
    return [msgspec.convert({**row, "details": msgspec.json.decode(row["details"])}, Notification) for row in rows]


async def unread(actor: Actor) -> int:
    """How many they have not read; beyond 99 nobody counts."""
    count: int = await current().fetchval(
        "select count(*) from (select from notification where staff = $1 and read_at is null limit 100) as heard",
        actor.id,
    )
    return count


async def read(actor: Actor, notification: int, *, at: datetime) -> str | None:
    """Where this one leads, marked as read; None when it is not theirs."""
    href: str | None = await current().fetchval(
        "update notification set read_at = coalesce(read_at, $3) where id = $2 and staff = $1 returning href",
        actor.id,
        notification,
        at,
    )
    return href


async def read_all(actor: Actor, *, at: datetime) -> None:
    """They have seen everything until now."""
    await current().execute(
        "update notification set read_at = $2 where staff = $1 and read_at is null and at <= $2", actor.id, at
    )
