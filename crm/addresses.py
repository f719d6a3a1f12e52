"""What stands in an address of ours: ways that stay in this house, and what somebody looked for, sealed.

Promises that nobody is sent to another house by a crafted way, and that what was typed is readable in no history, no log and over no
shoulder. Refuses nothing: what is none of ours is None.
"""

import base64
import binascii
from urllib.parse import urlsplit

from crm import vault

SEALED = "~"


def is_ours(way: str) -> bool:
    """Whether a browser that is sent there stays here. Browsers read backslashes as slashes and drop tabs and line ends."""
    plain = way.isascii() and way.isprintable() and " " not in way and "\\" not in way
    return plain and way.startswith("/") and not way.startswith("//")


def way_of(address: str, *, host: str) -> str | None:
    """Path and query of an address, whole or not, when it is one of ours at this host."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    way = parts.path + (f"?{parts.query}" if parts.query else "")
    return way if parts.netloc in ("", host) and is_ours(way) else None


def sealed(text: str, *, place: str) -> str:
    """What somebody looks for, as it may stand in the address of this list."""
    return SEALED + base64.urlsafe_b64encode(vault.seal(text, place=place)).rstrip(b"=").decode()


def opened(text: str, *, place: str) -> str | None:
    """What somebody looks for; a plain text is itself, a seal that is none of ours None."""
    if not text.startswith(SEALED):
        return text
    sought = text.removeprefix(SEALED)
    try:
        return vault.open_(base64.urlsafe_b64decode(sought + "=" * (-len(sought) % 4)), place=place)
    except (binascii.Error, ValueError, vault.CannotOpen):
        return None
