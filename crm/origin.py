"""Where a request comes from: by which way, from which address, and whether one of our own pages sent it.

Promises that a session travels by https alone, with plain http for this very machine as the only exception, and that what a request says
of itself in X-Forwarded headers counts only when the operator put a proxy before us and said so.
"""

import ipaddress
import re
from ipaddress import IPv4Address, IPv6Address
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection

from crm.settings import settings

# A browser takes the first name only with Secure, Path=/ and no Domain: no neighbouring site can plant one.
SECURE_COOKIE = "__Host-marquee"
LOOPBACK_COOKIE = "marquee"
OWN = ("same-origin", "none")
# The first that fits: every browser claims to be the ones before it.
BROWSERS = (
    ("Edge", r"\bEdg(?:e|A|iOS)?/"),
    ("WeChat", r"\bMicroMessenger/"),
    ("Firefox", r"\b(?:Firefox|FxiOS)/"),
    ("Chrome", r"\b(?:HeadlessChrome|Chrome|CriOS|Chromium)/"),
    ("Safari", r"\bSafari/"),
)
SYSTEMS = (
    ("HarmonyOS", r"HarmonyOS|OpenHarmony"),
    ("Android", r"Android"),
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("Windows", r"Windows"),
    ("macOS", r"Mac OS X|Macintosh"),
    ("Linux", r"Linux"),
)

Connection = ASGIConnection[Any, Any, Any, Any]
Address: TypeAlias = IPv4Address | IPv6Address


def cookie_name(connection: Connection) -> str | None:
    """What the session's cookie is called on this way; None where no session may travel."""
    if is_https(connection):
        return SECURE_COOKIE
    return LOOPBACK_COOKIE if _is_loopback(connection) else None


def is_https(connection: Connection) -> bool:
    """Whether nobody on the way can read along, as far as our side can tell."""
    told = connection.headers.get("x-forwarded-proto") if settings().trust_proxy else None
    return (told or connection.url.scheme).rpartition(",")[2].strip().lower() == "https"


def address(connection: Connection) -> str:
    """The network address that asks, for counting; behind our proxy the one that the proxy saw.

    Of an IPv6 address its first 64 bits: the rest one household chooses as it likes.
    """
    found = caller(connection)
    if found is None:
        return _host(connection) or "unknown"
    return str(found if isinstance(found, IPv4Address) else ipaddress.ip_network((found, 64), strict=False))


def caller(connection: Connection) -> Address | None:
    """The same address whole, for comparing it with networks; None when the way tells none (a socket of this machine)."""
    try:
        found = ipaddress.ip_address(_host(connection) or "")
    except ValueError:
        return None
    if isinstance(found, IPv4Address):
        return found
    # A server that listens for both kinds writes one like the other; and which cable an address came by is no part of it.
    return found.ipv4_mapped or IPv6Address(int(found))


def _host(connection: Connection) -> str | None:
    told = connection.headers.get("x-forwarded-for") if settings().trust_proxy else None
    if told:
        # The last one is the proxy's own word; what stands before it, anybody can write.
        return told.rpartition(",")[2].strip()
    return connection.client.host if connection.client else None


def browser(connection: Connection) -> str:
    """What asks, in two words that its owner recognises in a list: Firefox, Windows."""
    told = connection.headers.get("user-agent", "")
    names = [next((name for name, sign in known if re.search(sign, told)), "?") for known in (BROWSERS, SYSTEMS)]
    return ", ".join(names)


def is_own(connection: Connection) -> bool:
    """Whether a page of ours sent this. Browsers say so themselves; one that says nothing at all is not believed."""
    if told := connection.headers.get("sec-fetch-site"):
        return told in OWN
    _, _, host = connection.headers.get("origin", "").partition("://")
    return bool(host) and host == connection.headers.get("host")


def _is_loopback(connection: Connection) -> bool:
    try:
        host = (urlsplit(f"//{connection.headers.get('host', '')}").hostname or "").lower()
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:  # of an address that is none as well as of a name
        return False
