"""Commands about campaigns: their figures to take away."""

from datetime import UTC, datetime
from pathlib import Path

import click

from campaigns import exports
from crm import database
from crm.terminal import answer, as_json, say, with_database


@click.group()
def export() -> None:
    """Figures to take away."""


@export.command()
@click.argument("campaign")
@click.option("--format", "form", type=click.Choice(["csv", "xlsx"]), default="csv", show_default=True)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write; CSV goes to stdout without it.",
)
@as_json
@with_database
async def performance(campaign: str, *, form: exports.Form, output: Path | None, json_line: bool) -> None:
    """The performance of CAMPAIGN (code or name): registered to order, per brand and in total."""
    path = output or (Path(f"performance-{campaign}.xlsx") if form == "xlsx" else None)
    async with database.transaction():
        figures = await exports.write_performance(campaign, form=form, path=path, as_of=datetime.now(UTC))
    if path is not None:
        say(f"written to {path}")
    if json_line:
        answer(figures, json_line=True, text="")
