"""Shares of a budget: exact parts of a whole, and what they are in fen.

Promises that the parts of a budget add up to it, to the last fen, whatever the shares are. Refuses nothing but shares that cannot be read.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import TypeVar

Key = TypeVar("Key", int, str)

FINEST = 1_000_000  # the largest denominator that is kept
FEN = 100
MOST_FEN = 10**15
FULL_WIDTH = str.maketrans("０１２３４５６７８９．／％，￥", "0123456789./%,¥")


def read_share(typed: str) -> Fraction | None:
    """A share as people write it: 1/3, 33.5%, 33.5 (percent); None when it is none, or finer than is kept."""
    said = typed.translate(FULL_WIDTH).replace(" ", "")
    try:
        share = Fraction(said) if "/" in said else Fraction(said.removesuffix("%")) / 100
    except (ValueError, ZeroDivisionError):
        return None
    return share if 0 <= share <= 1 and share.denominator <= FINEST else None


def written(share: Fraction) -> str:
    """The same as people write it: 34%, 33.5%, and 1/3 where percent have no end."""
    percent = share * 100
    if 10**4 % percent.denominator:
        return f"{share.numerator}/{share.denominator}"
    return f"{float(percent):.4f}".rstrip("0").rstrip(".") + "%"


def read_money(typed: str) -> int | None:
    """Yuan as people write them (4,800,000.50) in fen; None when they are none, or more than is kept."""
    said = typed.translate(FULL_WIDTH).replace(",", "").replace(" ", "").removeprefix("¥")
    try:
        fen = Decimal(said) * FEN
    except InvalidOperation:
        return None
    if not fen.is_finite() or fen != fen.to_integral_value() or not 0 <= fen <= MOST_FEN:
        return None
    return int(fen)


def money(fen: int) -> str:
    """4800000.50, as a form has it."""
    return f"{fen // FEN}.{fen % FEN:02}"


def split(total: int, shares: Mapping[Key, Fraction]) -> dict[Key, int]:
    """What each share of a total is in fen: the whole fen of each, and one more for those that lost most by that (then by key).

    Shares that add up to less than one leave the rest of the total undivided.
    """
    exact = {key: total * share for key, share in shares.items()}
    parts = {key: int(fen) for key, fen in exact.items()}
    left = int(sum(exact.values(), Fraction(0))) - sum(parts.values())
    for key in _by_loss(exact, parts)[:left]:
        parts[key] += 1
    return parts


def _by_loss(exact: Mapping[Key, Fraction], parts: Mapping[Key, int]) -> Sequence[Key]:
    return sorted(exact, key=lambda key: (parts[key] - exact[key], key))
