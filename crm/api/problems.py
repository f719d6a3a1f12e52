"""Every failure in one shape: RFC 9457 problem details, or a page for those who asked for one.

Promises that an expected refusal is told with its sentence, and that of anything else nothing internal is told: it is logged, without what
the request said.
"""

from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import Response
from litestar.exceptions import HTTPException, ValidationException

from crm import access, database
from crm.errors import Fault, Refused
from crm.pages import frame
from crm.pages.frame import Asked

log = structlog.get_logger()
MEDIA_TYPE = "application/problem+json"


class Problem(msgspec.Struct, omit_defaults=True):
    """RFC 9457, in its own order; `errors` names each fault by its path."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[Fault] = []


def answer(request: Asked, exception: Exception) -> Response[Any]:
    """Expected refusals with their sentence, everything else logged and answered without details."""
    problem, headers = _problem(request, exception), _headers(exception)
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR and not isinstance(exception, Refused):
        # The route as it was declared: an address may hold the key to somebody's own page.
        log.error("request_failed", path=_route(request), exc_info=exception)
    if _reads_pages(request):
        if isinstance(exception, access.NotSignedIn):
            return frame.sign_in_first(request)
        return frame.error(request, exception, status=problem.status, headers=headers)
    told = {**frame.SECURITY, **headers}
    return Response(msgspec.json.encode(problem), status_code=problem.status, media_type=MEDIA_TYPE, headers=told)


def _route(request: Asked) -> str:
    template: str = request.scope.get("path_template", "")
    return template or "no route"


def _reads_pages(request: Asked) -> bool:
    # htmx asks for whatever comes, and says who it is.
    by_browser = "text/html" in request.headers.get("accept", "") or "hx-request" in request.headers
    return by_browser and not request.url.path.startswith("/api/")


def _problem(request: Asked, exception: Exception) -> Problem:
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
    if isinstance(exception, database.AWAY):
        return {"Retry-After": str(database.DatabaseAway.retry_after)}
    if isinstance(exception, HTTPException) and exception.headers:
        return dict(exception.headers)
    if (seconds := getattr(exception, "retry_after", None)) is not None:
        return {"Retry-After": str(seconds)}
    return {"WWW-Authenticate": "Bearer"} if getattr(exception, "status", None) == HTTPStatus.UNAUTHORIZED else {}
