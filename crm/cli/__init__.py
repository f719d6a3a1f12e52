"""Commands about the database, the network, keys (crm/cli/keys.py), people, consent and staff."""

import csv
import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import click

from crm import consent, database, identity, people, reference
from crm import staff as colleagues
from crm.cli.keys import ACTOR, keys
from crm.network import dealers, import_plan
from crm.people import portraits
from crm.roles import ROLES, Role
from crm.staff import passwords
from crm.terminal import answer, as_json, fail, say, with_database

PURPOSES = click.Choice(["alliance_marketing", "share_with_brand", "share_with_dealer"])


@click.group(name="database")
def database_group() -> None:
    """The database that belongs to this folder."""


@click.command()
@with_database
async def migrate() -> None:
    """Bring the schema up to date; safe to run from several places at once."""
    await database.migrate()
    say("the schema is up to date")


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
@click.option("--dry-run", is_flag=True, help="Say what each row would add or change, and change nothing.")
@as_json
@with_database
async def import_network(file: Path, *, dry_run: bool, json_line: bool) -> None:
    """Bring in stores from a CSV FILE; known codes are updated, stores that are not in the file stay as they are."""
    if dry_run:
        await _foresee(file, json_line=json_line)
    else:
        await _import_network(file, json_line=json_line)


async def _foresee(file: Path, *, json_line: bool) -> None:
    async with database.transaction():
        plan = await import_plan.foresee(file)
    for row in plan.rows:
        if row.fate != "unchanged":
            say(f"row {row.number}, {row.fate}: {'; '.join(row.says)}")
    text = (
        f"{len(plan.rows)} rows: {plan.count('new')} would be created, {plan.count('changed')} changed, "
        f"{plan.count('unchanged')} unchanged, {plan.count('error')} with errors; {plan.untouched} other stores untouched"
    )
    answer(plan, json_line=json_line, text=text)


async def _import_network(file: Path, *, json_line: bool) -> None:
    async with database.transaction():
        report = await dealers.import_network(file, at=datetime.now(UTC), actor=ACTOR)
    for fault in report.errors:
        say(f"row {fault.row}, {fault.column}: {fault.message}")
    text = (
        f"{report.rows} rows: {report.created} created, {report.changed} changed, {report.unchanged} unchanged, "
        f"{report.error} with errors; {report.untouched} other stores untouched"
    )
    answer(report, json_line=json_line, text=text)


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


@click.group(name="staff")
def staff_group() -> None:
    """The people who work here."""


@staff_group.command(name="add")
@click.option("--login", required=True, help="A work e-mail, or a short name.")
@click.option("--name", required=True, help="As colleagues know them.")
@click.option("--role", type=click.Choice(ROLES), default="alliance_admin", show_default=True)
@click.option("--brand", help="A brand's code, for roles that work for one.")
@click.option("--region", help="The code of a province or city, for a regional manager.")
@click.option("--dealer", help="A dealer's code, for a store.")
@as_json
@with_database
async def add_staff(
    *, login: str, name: str, role: Role, brand: str | None, region: str | None, dealer: str | None, json_line: bool
) -> None:
    """Add somebody: the first administrator, for one. Asks for a password; with --json it makes one and shows it once."""
    password = _password(login, json_line=json_line)
    kept = await passwords.make(password)
    duty = colleagues.Duty(role, brand, region, dealer)
    async with database.transaction():
        number = await colleagues.add(
            login, name=name, duty=duty, password_hash=kept, actor=ACTOR, at=datetime.now(UTC)
        )
    made = {"id": number, "login": login.strip().lower(), "role": role} | ({"password": password} if json_line else {})
    answer(made, json_line=json_line, text=f"{made['login']} may sign in as {role}")


@staff_group.command(name="list")
@as_json
@with_database
async def list_staff(*, json_line: bool) -> None:
    """List who works here, disabled colleagues too."""
    found: list[colleagues.Colleague] = []
    async with database.transaction():
        while more := await colleagues.everybody(
            at=datetime.now(UTC), disabled="all", after=found[-1].login if found else ""
        ):
            found += more[: colleagues.PAGE]
    text = "\n".join(f"{it.login:32} {it.role:18} {'disabled' if it.disabled_at else ''}".rstrip() for it in found)
    answer(found, json_line=json_line, text=text)


@staff_group.command(name="disable")
@click.argument("login")
@with_database
async def disable_staff(login: str) -> None:
    """Let LOGIN in no more; their sessions end at once."""
    async with database.transaction():
        await colleagues.disable(await colleagues.find(login), actor=ACTOR, at=datetime.now(UTC))
    say("disabled and signed out everywhere")


@staff_group.command(name="password")
@click.argument("login")
@as_json
@with_database
async def set_staff_password(login: str, *, json_line: bool) -> None:
    """Give LOGIN another password and sign them out everywhere. Asks for it; with --json it makes one and shows it once."""
    password = _password(login, json_line=json_line)
    kept = await passwords.make(password)
    async with database.transaction():
        await colleagues.set_password(await colleagues.find(login), kept, actor=ACTOR, at=datetime.now(UTC))
    answer({"login": login} | ({"password": password} if json_line else {}), json_line=json_line, text="changed")


def _password(login: str, *, json_line: bool) -> str:
    if json_line:
        return passwords.invent()
    typed: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    passwords.refuse_weak(typed, login=login)
    return typed


async def _brands(codes: tuple[str, ...]) -> list[int]:
    known = (await reference.load()).brands
    if unknown := [code for code in codes if code not in known]:
        raise fail(f"There is no brand {', '.join(unknown)}; known are {', '.join(known)}.")
    return [known[code].id for code in codes or known]


COMMANDS = (migrate, database_group, network, keys, people_group, consent_group, staff_group)
