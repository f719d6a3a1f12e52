"""Commands about campaigns: their figures to take away, and the outbox of messages."""

from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import click

from campaigns import exports
from campaigns.invitations import outcomes
from campaigns.senders import bounces, sink
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


@click.group()
def outbox() -> None:
    """Messages that stayed here because no gateway is set up, and mails that came back."""


@outbox.command(name="list")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, sink.MOST))
@as_json
@with_database
async def list_outbox(limit: int, *, json_line: bool) -> None:
    """Show what would have been sent, the newest first. Names and addresses are in clear: mind who looks on."""
    async with database.transaction():
        samples = await sink.newest(limit=limit)
    told = [
        f"{one.at:%Y-%m-%d %H:%M} {one.letter.channel} to {one.letter.to}: {one.letter.subject}\n{one.letter.text}\n"
        for one in samples
    ]
    answer(samples, json_line=json_line, text="\n".join(told) or "the outbox is empty")


@outbox.command(name="bounces")
@click.argument("report", type=click.File("rb"), default="-")
@as_json
@with_database
async def read_bounces(report: BinaryIO, *, json_line: bool) -> None:
    """Read a mail server's REPORT of a mail that came back (from stdin, as a mail server pipes it): nothing more goes to that address."""
    messages = bounces.read(report.read())
    async with database.transaction():
        for message in messages:
            await outcomes.deliver(message, "bounced", at=datetime.now(UTC))
    answer(messages, json_line=json_line, text=f"{len(messages)} came back for good")


COMMANDS = (export, outbox)
