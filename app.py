"""The composition root: the web application and the `marquee` command line. The only file that knows all three apps.

Every failure is answered as RFC 9457 problem details, or as a page for those who asked for one; nothing internal is ever told. Every route
declares who may call it, or the application does not start.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import click
import msgspec
import structlog
from litestar import Litestar, MediaType, Request, Response, Router, get
from litestar.config.compression import CompressionConfig
from litestar.di import Provide
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.response import Template

from campaigns import cli as campaigns_cli
from campaigns import kinds as campaign_kinds
from campaigns import planning
from crm import access, database, logs, orphans, process, reference, vault
from crm import cli as crm_cli
from crm import doctor as crm_doctor
from crm import pages as crm_pages
from crm.errors import TOO_DEEP, Fault, NotSupported, NotUnderstood, Refused
from crm.pages import frame
from crm.terminal import answer, as_json, refusals_told, say, with_database
from leads import cli as leads_cli
from leads import jobs, queues
from leads import kinds as lead_kinds
from leads import pages as lead_pages
from leads.api import capture, inbox
from leads.demo import colleagues, story
from leads.routing import policies

log = structlog.get_logger()
PROBLEM = "application/problem+json"
LOOPBACK = "127.0.0.1"
JSON = "application/json"
BODIES = frozenset({"body", "data"})  # Litestar's two names for what was sent
# The API's page writes styles of its own; nothing that anybody typed is on it.
READER_POLICY = frame.POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'") + "; font-src 'self' data:"
READER = {
    "withDefaultFonts": False,
    "telemetry": False,
    "hideClientButton": True,
    "showDeveloperTools": "never",
    "agent": {"disabled": True},
    "mcp": {"disabled": True},
    "documentDownloadType": "json",
}
FIRST_DAY = datetime(2025, 1, 1, tzinfo=UTC)  # policies hold for everything that was ever captured


class Problem(msgspec.Struct, omit_defaults=True):
    """RFC 9457, in its own order; `errors` names each fault by its path."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[Fault] = []


class DescribesBodies(JsonRenderPlugin):
    """Adds the bodies that handlers read by hand to what the description says."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        openapi_schema["components"]["schemas"] |= capture.BODIES
        return super().render(request, openapi_schema)


@get("/health/live", guards=[access.anyone], tags=["Health"], summary="The process answers", sync_to_thread=False)
def live() -> dict[str, str]:
    """Say that this process runs, whatever else does."""
    return {"status": "live"}


@get("/health/ready", guards=[access.anyone], tags=["Health"], summary="The database and the keys are there")
async def ready() -> dict[str, str]:
    """Say that requests can be served now: keys readable, database reachable, reference data there."""
    vault.ready()
    async with database.transaction() as connection:
        await connection.fetchval("select id from brand limit 1")
    return {"status": "ready"}


@get("/docs", guards=[access.anyone], include_in_schema=False, media_type=MediaType.HTML, sync_to_thread=False)
def docs(request: Request[Any, Any, Any]) -> Template:
    """The API's description as a page to read and try; its reader's own origin is all it asks."""
    page = frame.page(request, "docs.html", options=msgspec.json.encode(READER).decode())
    page.headers["content-security-policy"] = READER_POLICY
    return page


class JsonRequest(Request[Any, Any, Any]):
    """A request whose JSON may be nested as deep as a joker likes."""

    async def json(self) -> Any:
        """The body, read; refuses what no stack can hold."""
        try:
            return await super().json()
        except RecursionError:
            raise NotUnderstood(why=TOO_DEEP) from None


async def receive(request: Request[Any, Any, Any]) -> None:
    """Before a handler: what would be ignored in silence is refused, and a page learns how to speak to its reader."""
    refuse_misunderstandings(request)
    if _is_page(request):
        await frame.greet(request)


def refuse_misunderstandings(request: Request[Any, Any, Any]) -> None:
    """What would be ignored in silence and give a wrong answer is refused before anything is done."""
    fields = request.route_handler.parsed_fn_signature.parameters
    _refuse_unknown_parameters(request, [*fields, frame.LANGUAGE] if _is_page(request) else fields)
    if not BODIES.isdisjoint(fields):
        _refuse_other_than_json(request)


def answer_problem(request: Request[Any, Any, Any], exception: Exception) -> Response[Any]:
    """Every failure as one shape: expected refusals with their sentence, everything else logged and answered without details."""
    problem, headers = _problem(request, exception), _headers(exception)
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR and not isinstance(exception, Refused):
        log.error("request_failed", path=request.url.path, exc_info=exception)
    if _reads_pages(request):
        if isinstance(exception, access.NotSignedIn):
            return frame.sign_in_first(request)
        return frame.error(request, exception, status=problem.status, headers=headers)
    told = {**frame.SECURITY, **headers}
    return Response(msgspec.json.encode(problem), status_code=problem.status, media_type=PROBLEM, headers=told)


def create_app() -> Litestar:
    """The application of one process; opens its pool when it starts."""
    return _application(is_demo=colleagues.may_be_nobody)


def create_demo_app() -> Litestar:
    """The same for the demo alone, where everybody is invented and a visitor may be any of them."""
    return _application(is_demo=colleagues.may_be_anybody)


def _application(*, is_demo: Callable[[], Awaitable[bool]]) -> Litestar:
    app = Litestar(
        route_handlers=[
            live,
            ready,
            docs,
            capture.Leads,
            capture.Consents,
            *inbox.CONTROLLERS,
            *crm_pages.CONTROLLERS,
            *lead_pages.CONTROLLERS,
        ],
        dependencies={
            "principal": Provide(access.provide_principal, sync_to_thread=False),
            "actor": Provide(access.provide_actor, sync_to_thread=False),
            "is_demo": Provide(is_demo),
        },
        exception_handlers={Exception: answer_problem},
        before_request=receive,
        request_class=JsonRequest,
        after_request=frame.secure,
        compression_config=CompressionConfig("gzip", gzip_compress_level=5, exclude=["^/static/"]),
        on_startup=[orphans.die_with_parent, _open_pool],
        on_shutdown=[database.close_pool],
        template_config=frame.templates(),
        openapi_config=OpenAPIConfig(
            title="Marquee",
            version="1",
            description="Sources send leads, dealers work their inbox: a key in `Authorization: Bearer` says who is calling.",
            openapi_router=Router(path="/schema", guards=[access.anyone], route_handlers=[], include_in_schema=False),
            render_plugins=[DescribesBodies()],
            components=Components(security_schemes={"key": SecurityScheme(type="http", scheme="bearer")}),
        ),
        debug=False,
        logging_config=None,
    )
    access.refuse_undeclared_routes(app)
    return app


def _is_page(request: Request[Any, Any, Any]) -> bool:
    return not request.url.path.startswith(("/api/", "/schema", "/health/", "/static/"))


def _reads_pages(request: Request[Any, Any, Any]) -> bool:
    # htmx asks for whatever comes, and says who it is.
    by_browser = "text/html" in request.headers.get("accept", "") or "hx-request" in request.headers
    return by_browser and not request.url.path.startswith("/api/")


def _refuse_unknown_parameters(request: Request[Any, Any, Any], known: Collection[str]) -> None:
    unknown = sorted(set(request.query_params) - set(known))
    if unknown:
        raise NotUnderstood(why=f"unknown query parameter {', '.join(name[:40] for name in unknown)}")


def _refuse_other_than_json(request: Request[Any, Any, Any]) -> None:
    named = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if named != JSON and not (named.startswith("application/") and named.endswith("+json")):
        raise NotSupported(expected=f"the body as JSON and say so: Content-Type: {JSON}")


async def _open_pool() -> None:
    # Litestar hands itself over to whatever takes arguments.
    await database.open_pool()


def _problem(request: Request[Any, Any, Any], exception: Exception) -> Problem:
    status, detail, errors = _told(exception)
    return Problem("about:blank", HTTPStatus(status).phrase, status, detail, request.url.path, errors)


def _told(exception: Exception) -> tuple[int, str, list[Fault]]:
    if isinstance(exception, Refused):
        return exception.status, str(exception), getattr(exception, "errors", [])
    if isinstance(exception, database.AWAY):
        return database.DatabaseAway.status, database.DatabaseAway.sentence, []
    if isinstance(exception, ValidationException):
        return HTTPStatus.UNPROCESSABLE_ENTITY, "Some of this cannot be used as it is; see errors.", _faults(exception)
    if isinstance(exception, HTTPException):
        return exception.status_code, exception.detail, []
    return HTTPStatus.INTERNAL_SERVER_ERROR, "Something broke on our side; it is noted. Please try again later.", []


def _faults(exception: ValidationException) -> list[Fault]:
    extra = exception.extra if isinstance(exception.extra, list) else []
    return [Fault(path=str(one.get("key", "")), message=str(one.get("message", ""))) for one in extra]


def _headers(exception: Exception) -> dict[str, str]:
    if isinstance(exception, (*database.AWAY, database.DatabaseAway)):
        return {"Retry-After": str(database.DatabaseAway.retry_after)}
    if isinstance(exception, HTTPException) and exception.headers:
        return dict(exception.headers)
    return {"WWW-Authenticate": "Bearer"} if getattr(exception, "status", None) == HTTPStatus.UNAUTHORIZED else {}


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Marquee: one lead and customer record across the brands of a car alliance, from the event desk to the dealer."""


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes that answer requests."
)
def serve(*, host: str, port: int, workers: int) -> None:
    """Answer requests and do background work; the schema and the reference data are brought up to date first."""
    logs.set_up()
    with refusals_told():
        process.refuse_taken(port, host=host)
        prepare()
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
def migrate() -> None:
    """Bring the schema up to date; safe to run from several places at once."""
    with refusals_told():
        database.start()
        asyncio.run(database.migrate())
    say("the schema is up to date")


@main.command()
@with_database
async def seed() -> None:
    """Write the reference data (regions, brands, notices, kinds, policies, the showcases); no demo network, no people."""
    await database.migrate()
    await write_reference_data()
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
        database.start()
        asyncio.run(story.tell(fresh=fresh, set_up=write_reference_data))
        with process.answering("app:create_demo_app", host=LOOPBACK, port=port), process.child(["worker"]):
            asyncio.run(story.go_on(f"http://{LOOPBACK}:{port}"))


def prepare() -> None:
    """Have a database with today's schema and reference data."""
    database.start()
    asyncio.run(_bring_up_to_date())


async def _bring_up_to_date() -> None:
    await database.migrate()
    await database.open_pool()
    try:
        await write_reference_data()
    finally:
        await database.close_pool()


async def write_reference_data() -> None:
    """What every installation needs before its first lead; one transaction, safe to repeat."""
    at = datetime.now(UTC)
    async with database.transaction():
        await reference.seed()
        await campaign_kinds.seed()
        await lead_kinds.seed()
        await policies.seed(active_from=FIRST_DAY)
        await planning.seed_showcases(at=at)


for command in (*crm_cli.COMMANDS, *campaigns_cli.COMMANDS, *leads_cli.COMMANDS):
    main.add_command(command)

if __name__ == "__main__":
    main()
