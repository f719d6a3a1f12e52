"""Simulations at a terminal: asked for by a file or a draft, told as a text with the figures of the page.

Promises to write nothing. Refuses a file that is no policy, and says what is wrong in it.
"""

import io
from datetime import datetime
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from crm import database, reference, regions
from crm.errors import NotKnown, Refused
from crm.network import LOCAL
from leads.routing import drafts, simulation
from leads.routing.comparison import Result, Side
from leads.routing.policies import Policy
from leads.routing.receipts import OUTCOMES, TIERS
from leads.routing.simulation import Question

WIDTH = 110
MOST_CITIES = 12
MOVES_OF_A_CITY = 4

ASSUMED = (
    "Every decision of the time is made again in its order, from what its receipt knew; days and credits go on from there.",
    "How stores answer is not simulated: the n-th store that a lead is offered to answers as the n-th one did.",
    "A lead that the policy brings to a store earlier than it came to one stays there.",
    "A lead that is held here has its next chance when it had one in the past.",
)


class NoSuchPolicy(Refused):
    status = 422
    sentence = "This is no policy: {why}"


async def simulate(
    *, brand: str, policy: Path | None, draft: int | None, since: datetime | None, until: datetime | None, at: datetime
) -> Result:
    """Try a file's policy or a draft on the past of a brand (a code); moments without a zone are on the stores' clock."""
    if (policy is None) == (draft is None):
        raise NoSuchPolicy(why="name either a file or a draft.")
    end = until.replace(tzinfo=LOCAL) if until else at
    begin = since.replace(tzinfo=LOCAL) if since else simulation.usual_time(end)[0]
    async with database.transaction():
        brands = (await reference.load()).brands
        if brand not in brands:
            raise NotKnown(kind="brand", code=brand)
        rules = _rules(policy) if policy else (await drafts.find(draft or 0, brand=brands[brand].id)).rules
        return await simulation.run(Question(brands[brand].id, rules, begin, end))


def _rules(policy: Path) -> Policy:
    try:
        return msgspec.json.decode(policy.read_bytes(), type=Policy)
    except (msgspec.DecodeError, msgspec.ValidationError) as wrong:
        raise NoSuchPolicy(why=str(wrong)) from None


def as_text(result: Result) -> str:
    """The figures, before and after, and where the moves are."""
    printed = io.StringIO()
    console = Console(file=printed, width=WIDTH, color_system=None)
    console.print(
        Text(
            f"{result.moved:,} of {result.interests:,} interests would move ({result.decisions:,} decisions).",
            style="bold",
        )
    )
    console.print(_sides(result))
    if result.moved:
        console.print(_cities(result))
    for sentence in _assumed(result):
        console.print(Text(sentence))
    return printed.getvalue()


def _sides(result: Result) -> Table:
    table = Table(box=None, pad_edge=False, header_style="none")
    table.add_column("")
    table.add_column("was", justify="right")
    table.add_column("would be", justify="right")
    for name, was, would in zip(*_columns(result.past, result.tried), strict=True):
        table.add_row(name, was, would)
    return table


def _columns(past: Side, tried: Side) -> tuple[list[str], list[str], list[str]]:
    tiers = [tier for tier in TIERS if tier in past.tiers or tier in tried.tiers]
    ends = [end for end in OUTCOMES if end in past.ends or end in tried.ends]
    names = [
        "offers",
        *(f"  {TIERS[tier]}" for tier in tiers),
        "km, mean",
        "km, median",
        "km, nine of ten within",
        "largest gap to a fair share",
        "stores",
        "days of stores that were full",
        "use of those days",
        *(
            f"in the end {OUTCOMES[end].partition(':')[0]}{' (' + end + ')' if ':' in OUTCOMES[end] else ''}"
            for end in ends
        ),
    ]
    return names, _figures(past, tiers, ends), _figures(tried, tiers, ends)


def _figures(side: Side, tiers: list[str], ends: list[str]) -> list[str]:
    return [
        f"{side.offers:,}",
        *(f"{side.tiers.get(tier, 0):,}" for tier in tiers),
        *("–" if one is None else f"{one:,.1f}" for one in (side.mean_km, side.median_km, side.p90_km)),
        "–" if side.uneven is None else f"{side.uneven:.2f}",
        f"{side.stores:,}",
        f"{side.full_days:,} of {side.store_days:,}",
        "–" if side.use is None else f"{side.use:.0%}",
        *(f"{side.ends.get(end, 0):,}" for end in ends),
    ]


def _cities(result: Result) -> Table:
    table = Table(box=None, pad_edge=False, header_style="none")
    for heading in ("city", "moved", "from > to"):
        table.add_column(heading, justify="right" if heading == "moved" else "left", overflow="fold")
    moved = [city for city in result.cities if city.moved]
    for city in moved[:MOST_CITIES]:
        name = regions.table()[city.city].name if city.city else "place unknown"
        shown = [f"{move.past} > {move.tried} {move.count}" for move in city.moves[:MOVES_OF_A_CITY]]
        rest = len(city.moves) - len(shown)
        told = ", ".join(shown) + (f" and {rest} more ways" if rest else "")
        table.add_row(name, f"{city.moved:,} of {city.interests:,}", told)
    if len(moved) > MOST_CITIES:
        table.add_row(f"and {len(moved) - MOST_CITIES} more", "", "")
    return table


def _assumed(result: Result) -> list[str]:
    reached = (
        f"For {result.reached:,} decisions the policy looks further than their receipts did: those stores are taken with today's weight,"
        " capacity and place."
    )
    return [*ASSUMED, *([reached] if result.reached else [])]
