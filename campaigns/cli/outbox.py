"""Commands about messages: what stayed here because no gateway is set up, and mails that came back."""

from datetime import UTC, datetime
from typing import BinaryIO

import click

from campaigns.invitations import outcomes
from campaigns.senders import bounces, sink
from crm import database
from crm.terminal import answer, as_json, with_database


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
