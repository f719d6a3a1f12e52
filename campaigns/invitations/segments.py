"""How many segments an SMS takes, counted as the gateways count: GSM-7 in 160 or 153 places, everything else as UCS-2 in 70 or 67.

Promises a pure count: signs of the extension table take two places and are never cut in half, nor are surrogate pairs.
"""

from collections.abc import Iterable
from typing import Literal

import msgspec

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("\f^{}\\[~]|€")
ALONE = {"gsm7": 160, "ucs2": 70}
JOINED = {"gsm7": 153, "ucs2": 67}

Alphabet = Literal["gsm7", "ucs2"]


class Count(msgspec.Struct, frozen=True):
    """The alphabet that the whole text needs, the places that it takes, and the segments that it is paid as."""

    alphabet: Alphabet
    places: int
    segments: int


def count(text: str) -> Count:
    """What this text takes when it is sent, signature and all."""
    alphabet: Alphabet = "gsm7" if all(sign in BASIC or sign in EXTENDED for sign in text) else "ucs2"
    widths = [_width(sign, alphabet) for sign in text]
    places = sum(widths)
    if places <= ALONE[alphabet]:
        return Count(alphabet, places, 1 if text else 0)
    return Count(alphabet, places, _cut(widths, JOINED[alphabet]))


def _width(sign: str, alphabet: Alphabet) -> int:
    if alphabet == "gsm7":
        return 2 if sign in EXTENDED else 1
    return len(sign.encode("utf-16-be")) // 2


def _cut(widths: Iterable[int], size: int) -> int:
    """Segments when a sign of two places never lies across two of them."""
    segments, used = 1, 0
    for width in widths:
        if used + width > size:
            segments, used = segments + 1, 0
        used += width
    return segments
