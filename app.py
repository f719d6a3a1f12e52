"""The composition root: the web application and the `marquee` command line. The only file that knows all three apps.

Promises that every command finds a database with today's schema and reference data where it needs one. Refuses to start with a route that
does not declare who may call it.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import click
from litestar import Litestar
from litestar.config.compression import CompressionConfig
from litestar.di import Provide

from campaigns import cli as campaigns_cli
from campaigns import kinds as campaign_kinds
from campaigns import pages as campaign_pages
from campaigns import showcases
from campaigns.api import CONTROLLERS as CAMPAIGN_DOORS
from crm import access, database, logs, orphans, process, reference
from crm import cli as crm_cli
from crm import doctor as crm_doctor
from crm import pages as crm_pages
from crm.api import allowances, health, problems, receiving
from crm.pages import frame
from crm.settings import answer_at
from crm.terminal import answer, as_json, refusals_told, say, with_database
from leads import cli as leads_cli
from leads import jobs, queues
from leads import kinds as lead_kinds
from leads import pages as lead_pages
from leads.api import capture, description, inbox
from leads.api.gathering import Gathering
from leads.demo import colleagues, story
from leads.routing import policies

LOOPBACK = "127.0.0.1"
FIRST_DAY = datetime(2025, 1, 1, tzinfo=UTC)  # policies hold for everything that was ever captured


def create_app() -> Litestar:
    """The application of one process; opens its pool when it starts."""
    return _application(is_demo=colleagues.may_be_nobody)


def create_demo_app() -> Litestar:
    """The same for the demo alone, where everybody is invented and a visitor may be any of them."""
    return _application(is_demo=colleagues.may_be_anybody)


def _application(*, is_demo: Callable[[], Awaitable[bool]]) -> Litestar:
    gathering = Gathering()
    app = Litestar(
        route_handlers=[
            *health.CONTROLLERS,
            description.docs,
            *capture.CONTROLLERS,
            *inbox.CONTROLLERS,
            *CAMPAIGN_DOORS,
            *crm_pages.CONTROLLERS,
            *campaign_pages.CONTROLLERS,
            *lead_pages.CONTROLLERS,
        ],
        dependencies={
            "principal": Provide(access.provide_principal, sync_to_thread=False),
            "actor": Provide(access.provide_actor, sync_to_thread=False),
            "gathering": Provide(lambda: gathering, sync_to_thread=False),
            "is_demo": Provide(is_demo),
        },
        exception_handlers={Exception: problems.answer},
        before_request=receiving.receive,
        request_class=receiving.JsonRequest,
        after_request=frame.secure,
        before_send=[allowances.tell],
        compression_config=CompressionConfig("gzip", gzip_compress_level=5, exclude=["^/static/"]),
        on_startup=[orphans.die_with_parent, _begin],
        on_shutdown=[gathering.finish, database.close_pool],
        template_config=frame.templates(),
        openapi_config=description.for_programs(),
        debug=False,
        logging_config=None,
    )
    access.refuse_undeclared_routes(app)
    return app


async def _begin() -> None:
    # Litestar hands itself over to whatever takes arguments.
    await database.open_pool()
    process.settle()


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Marquee: one lead and customer record across the brands of a car alliance, from the event desk to the dealer."""


@main.command()
@click.option("--host", default=LOOPBACK, show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes that answer requests."
)
def serve(*, host: str, port: int, workers: int) -> None:
    """Answer requests and do background work; the schema and the reference data are brought up to date first."""
    logs.set_up()
    with refusals_told():
        process.refuse_taken(port, host=host)
        with_database(bring_up_to_date)()
        say(f"Marquee answers at http://{host}:{port}")
        with process.child(["worker"]):
            process.answer("app:create_app", host=host, port=port, workers=workers)


@main.command()
def worker() -> None:
    """Do background work only: as many as you like, on as many machines."""
    logs.set_up()
    with refusals_told():
        database.start()
        asyncio.run(process.work_until_told(jobs.JOBS))


@main.command()
@with_database
async def seed() -> None:
    """Write the reference data (regions, brands, notices, kinds, policies, the showcases); no demo network, no people."""
    await bring_up_to_date()
    say("the reference data is there")


@main.command()
@as_json
@with_database
async def doctor(*, json_line: bool) -> None:
    """Look for what an operator should know before customers do; exit code 1 when something is bad."""
    at = datetime.now(UTC)
    async with database.transaction():
        findings = await crm_doctor.examine(at=at) + await queues.examine(at=at)
    text = "\n".join(f"{finding.verdict:8} {finding.what:10} {finding.says}" for finding in findings)
    answer(findings, json_line=json_line, text=text)
    if any(finding.verdict == "bad" for finding in findings):
        sys.exit(1)


@main.command()
@click.option("--fresh", is_flag=True, help="Empty the embedded database of this folder first.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
def demo(*, fresh: bool, port: int) -> None:
    """Play a synthetic show up to now, then let it go on while you watch; Ctrl-C ends it, the data stay."""
    logs.set_up()
    with refusals_told():
        process.refuse_taken(port)
        answer_at(f"http://{LOOPBACK}:{port}")
        database.start()
        asyncio.run(story.tell(fresh=fresh, set_up=write_reference_data))
        with process.answering("app:create_demo_app", host=LOOPBACK, port=port), process.child(["worker"]):
            asyncio.run(story.go_on(f"http://{LOOPBACK}:{port}"))


async def bring_up_to_date() -> None:
    """Have today's schema and reference data."""
    await database.migrate()
    await write_reference_data()


async def write_reference_data() -> None:
    """What every installation needs before its first lead; one transaction, safe to repeat."""
    at = datetime.now(UTC)
    async with database.transaction():
        await reference.seed()
        await campaign_kinds.seed()
        await lead_kinds.seed()
        await policies.seed(active_from=FIRST_DAY)
        await showcases.seed(at=at)


for command in (*crm_cli.COMMANDS, *campaigns_cli.COMMANDS, *leads_cli.COMMANDS):
    main.add_command(command)

if __name__ == "__main__":
    main()
