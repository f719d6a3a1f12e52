"""How somebody likes to work: language, time zone, keys. Theirs alone; it changes nothing of what they may do."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crm.database import current
from crm.errors import Fault, Invalid
from crm.languages import LANGUAGES, say
from crm.roles import Actor

# Where our people sit and travel; the first is everybody's at the beginning.
ZONES = (
    "Asia/Shanghai",
    "Asia/Urumqi",
    "Asia/Hong_Kong",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Asia/Dubai",
    "Europe/Berlin",
    "Europe/London",
    "America/Los_Angeles",
    "UTC",
)


async def settle(actor: Actor, *, language: str | None, time_zone: str, shortcuts: bool) -> None:
    """Keep how they like to work; no language means that of their browser. Refuses languages and zones that are not there."""
    faults = []
    if language is not None and language not in LANGUAGES:
        faults.append(Fault(path="language", message=say("Please choose one of the list.")))
    if not _is_zone(time_zone):
        faults.append(Fault(path="time_zone", message=say("Please choose one of the list.")))
    if faults:
        raise Invalid(errors=faults)
    await current().execute(
        "update staff set language = $2, time_zone = $3, shortcuts = $4 where id = $1",
        actor.id,
        language,
        time_zone,
        shortcuts,
    )


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return len(name) <= 40  # noqa: PLR2004 - as the column has it
