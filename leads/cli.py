"""Commands about leads: bring them in, look at them, and see why each store was chosen."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import click

from campaigns.cli.events import events_group
from crm import database
from crm.terminal import answer, as_json, fail, with_database
from leads import imports, queues, showing
from leads.capture import Mode
from leads.routing import receipts, telling


@click.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", default="desk", show_default=True, help="The code of the desk or system the file is from.")
@click.option("--backfill", is_flag=True, help="Record people, consents and touchpoints; offer nothing.")
@click.option(
    "--errors", type=click.Path(dir_okay=False, path_type=Path), help="Where rows with errors go. [FILE.errors.csv]"
)
@as_json
@with_database
async def import_file(file: Path, *, source: str, backfill: bool, errors: Path | None, json_line: bool) -> None:
    """Bring in a registration spreadsheet (CSV). Each row gets a fate; a second run of the same FILE creates nothing."""
    mode: Mode = "backfill" if backfill else "offer"
    await imports.import_file(file, source=source, mode=mode, errors_path=errors, json_output=json_line)


@events_group.command(name="import-guests")
@click.argument("code")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--tell", is_flag=True, help="Write to the guests at once: that they have a place, or wait. [nobody hears]"
)
@click.option("--dry-run", is_flag=True, help="Only say what every row would become.")
@click.option(
    "--errors", type=click.Path(dir_okay=False, path_type=Path), help="Where rows with errors go. [FILE.errors.csv]"
)
@as_json
@with_database
async def import_guests(
    code: str, file: Path, *, tell: bool, dry_run: bool, errors: Path | None, json_line: bool
) -> None:
    """Bring in a list of guests (CSV) of the event CODE. Each row gets a fate; a second run of the same FILE registers nobody."""
    await imports.import_guests(file, event=code, errors_path=errors, tell=tell, dry_run=dry_run, json_output=json_line)


@click.group(name="imports")
def imports_group() -> None:
    """What was brought in from files, and the way back."""


@imports_group.command(name="list")
@as_json
@with_database
async def list_imports(*, json_line: bool) -> None:
    """List the latest imports with their state and counts."""
    async with database.transaction():
        found = (await imports.showing.latest()).items
    lines = [
        f"{it.id}  {it.started_at:%Y-%m-%d %H:%M}  {it.subject:6} {it.state:9} {it.created:>7} of {it.total:>7}  {it.source or '-'}"
        for it in found
    ]
    answer(found, json_line=json_line, text="\n".join(lines) or "nothing was imported yet")


@imports_group.command(name="undo")
@click.argument("import_id", type=click.UUID)
@as_json
@with_database
async def undo_import(import_id: UUID, *, json_line: bool) -> None:
    """Take back exactly what an IMPORT made; what stores accepted or people worked on since stays, with the reason."""
    undone = await imports.undo(import_id)
    kept = "".join(f"\n{count:>8} kept: {reason}" for reason, count in undone.kept.items())
    answer(undone._asdict(), json_line=json_line, text=f"{undone.undone} leads taken back{kept}")


@click.group(name="leads")
def leads_group() -> None:
    """Leads and what became of them."""


@leads_group.command()
@click.argument("lead", type=click.UUID)
@as_json
@with_database
async def show(lead: UUID, *, json_line: bool) -> None:
    """Show a LEAD with its interests and offers; personal data stays masked."""
    async with database.transaction():
        found = await showing.show(lead)
    answer(found, json_line=json_line, text=showing.as_text(found))


@leads_group.command()
@as_json
@with_database
async def retry(*, json_line: bool) -> None:
    """Put interests back to work that failed too often."""
    async with database.transaction():
        count = await queues.retry(at=datetime.now(UTC))
    answer({"retried": count}, json_line=json_line, text=f"{count} interests are due again")


@click.group()
def route() -> None:
    """Why each store was chosen."""


@route.command()
@click.argument("interest_or_lead", metavar="ID", type=click.UUID)
@as_json
@with_database
async def explain(interest_or_lead: UUID, *, json_line: bool) -> None:
    """Print the receipts of a lead, an interest or a receipt ID: who competed, how far, why not, why this one."""
    async with database.transaction():
        explained = await receipts.explain(interest_or_lead)
    answer(explained, json_line=json_line, text=receipts.as_text(explained))


@route.command()
@click.option("--sample", type=click.IntRange(min=1), default=1000, show_default=True, help="How many receipts.")
@click.option("--seed", type=int, default=1, show_default=True, help="Which ones: the same seed takes the same.")
@as_json
@with_database
async def replay(*, sample: int, seed: int, json_line: bool) -> None:
    """Decide receipts again from their own inputs; each must have the same winner."""
    async with database.transaction():
        report = await receipts.replay(sample=sample, seed=seed)
    answer(report, json_line=json_line, text=f"{report.replayed} receipts replayed, {report.same} with the same winner")
    if report.differing:
        raise fail("Some receipts do not replay.")


@route.command()
@click.option("--brand", required=True, help="The code of the brand whose leads are decided again.")
@click.option(
    "--policy",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A JSON file with the rules that are to differ from the usual ones.",
)
@click.option("--draft", type=int, help="The number of a draft of the brand (the last part of its address).")
@click.option("--since", type=click.DateTime(), help="From here on, on the stores' clock. [thirty days before the end]")
@click.option("--until", type=click.DateTime(), help="Before this, on the stores' clock. [now]")
@as_json
@with_database
async def simulate(
    *,
    brand: str,
    policy: Path | None,
    draft: int | None,
    since: datetime | None,
    until: datetime | None,
    json_line: bool,
) -> None:
    """Decide past leads again by another policy and say who would move; writes nothing."""
    result = await telling.simulate(
        brand=brand, policy=policy, draft=draft, since=since, until=until, at=datetime.now(UTC)
    )
    answer(result, json_line=json_line, text=telling.as_text(result))


COMMANDS = (import_file, imports_group, leads_group, route)
