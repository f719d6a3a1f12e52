"""Commands about the database, the network, keys, people and consent."""

import csv
import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import click

from crm import access, consent, database, dealers, identity, people, portraits, reference
from crm.terminal import answer, as_json, fail, say, with_database

ACTOR = "staff:cli"
PURPOSES = click.Choice(["alliance_marketing", "share_with_brand", "share_with_dealer"])


@click.group(name="database")
def database_group() -> None:
    """The database that belongs to this folder."""


@database_group.command()
def url() -> None:
    """Print where the database is, for psql and other tools."""
    click.echo(database.url())


@database_group.command()
def stop() -> None:
    """Stop the embedded database; an outside one is left alone."""
    click.echo("stopped" if database.stop() else "nothing to stop")


@click.group()
def network() -> None:
    """Dealers and their stores."""


@network.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@as_json
@with_database
async def import_network(file: Path, *, json_line: bool) -> None:
    """Bring in stores from a CSV FILE; known codes are updated, stores that are not in the file stay as they are."""
    async with database.transaction():
        report = await dealers.import_network(file, at=datetime.now(UTC), actor=ACTOR)
    for fault in report.errors:
        say(f"row {fault.row}, {fault.column}: {fault.message}")
    text = (
        f"{report.rows} rows: {report.created} created, {report.changed} changed, {report.unchanged} unchanged, "
        f"{report.error} with errors; {report.untouched} other stores untouched"
    )
    answer(report, json_line=json_line, text=text)


@click.group()
def keys() -> None:
    """Keys by which machines are let in."""


@keys.command(name="create")
@click.option("--source", help="The code of a system or desk that sends leads; made when it is new.")
@click.option("--dealer", help="The code of a dealer company that works its inbox.")
@as_json
@with_database
async def create_key(*, source: str | None, dealer: str | None, json_line: bool) -> None:
    """Make a key for a source or a dealer. It is shown once, now."""
    if (source is None) == (dealer is None):
        raise fail("Say either --source CODE or --dealer CODE.")
    kind: access.PrincipalKind = "source" if source else "dealer"
    async with database.transaction():
        key = await access.create_key(kind, source or dealer or "", at=datetime.now(UTC))
    if not json_line:
        say("Keep it safe: it is not stored and cannot be shown again.")
    answer({"key": key}, json_line=json_line, text=key)


@click.group(name="people")
def people_group() -> None:
    """Persons: who they are, and who they turned out to be."""


@people_group.command()
@click.argument("person", type=click.UUID)
@as_json
@with_database
async def show(person: UUID, *, json_line: bool) -> None:
    """Show a PERSON: what is known from where, masked, and why its observations belong together."""
    async with database.transaction():
        record = portraits.masked(await people.show(person))
        reasons = await identity.explain(record.person)
    answer(portraits.Portrait(record, reasons), json_line=json_line, text=portraits.as_text(record, reasons))


@people_group.command()
@click.argument("survivor", type=click.UUID)
@click.argument("loser", type=click.UUID)
@click.option("--reason", required=True, help="Why they are one person; it stays with the merge.")
@as_json
@with_database
async def merge(survivor: UUID, loser: UUID, *, reason: str, json_line: bool) -> None:
    """Join two persons into one; the older id survives. The merge can be undone."""
    async with database.transaction():
        merged = (await people.merge(survivor, loser, reason=reason, actor=ACTOR, at=datetime.now(UTC)))[0]
    answer({"merge": merged}, json_line=json_line, text=f"merged; undo it with: marquee people unmerge {merged}")


@people_group.command()
@click.argument("merge_id", type=click.UUID)
@as_json
@with_database
async def unmerge(merge_id: UUID, *, json_line: bool) -> None:
    """Undo a merge: everything is again as it was before."""
    async with database.transaction():
        await people.unmerge(merge_id, actor=ACTOR, at=datetime.now(UTC))
    answer({"unmerged": merge_id}, json_line=json_line, text="unmerged")


@people_group.command()
@with_database
async def members() -> None:
    """Print a CSV of every submission and the person it belongs to; it holds no personal data."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("source", "external_id", "person_id"))
    async with database.transaction():
        async for member in people.members():
            writer.writerow(member)


@click.group(name="consent")
def consent_group() -> None:
    """What people allowed."""


@consent_group.command()
@click.argument("person", type=click.UUID)
@click.option("--purpose", type=PURPOSES, default="share_with_dealer", show_default=True)
@click.option("--brand", "brands", multiple=True, help="A brand's code; several may be given. Without: all brands.")
@with_database
async def give(person: UUID, *, purpose: consent.Purpose, brands: tuple[str, ...]) -> None:
    """Record that PERSON agrees, now."""
    async with database.transaction():
        survivor, ids = await people.resolve_id(person), await _brands(brands)
        await consent.give(survivor, purpose=purpose, brands=ids, at=datetime.now(UTC), actor=ACTOR)
    say(f"{purpose} given")


@consent_group.command()
@click.argument("person", type=click.UUID)
@click.option("--purpose", type=PURPOSES, default="share_with_dealer", show_default=True)
@click.option("--brand", "brands", multiple=True, help="A brand's code; several may be given. Without: all brands.")
@with_database
async def withdraw(person: UUID, *, purpose: consent.Purpose, brands: tuple[str, ...]) -> None:
    """Record that PERSON takes consent back, now; open offers that stood on it are taken back."""
    async with database.transaction():
        survivor, ids = await people.resolve_id(person), await _brands(brands)
        await consent.withdraw(survivor, purpose=purpose, brands=ids, at=datetime.now(UTC), actor=ACTOR)
    say(f"{purpose} withdrawn")


async def _brands(codes: tuple[str, ...]) -> list[int]:
    known = (await reference.load()).brands
    if unknown := [code for code in codes if code not in known]:
        raise fail(f"There is no brand {', '.join(unknown)}; known are {', '.join(known)}.")
    return [known[code].id for code in codes or known]


COMMANDS = (database_group, network, keys, people_group, consent_group)
