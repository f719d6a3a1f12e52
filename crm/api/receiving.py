"""Before any handler: what it would ignore in silence is refused, and a page learns how to speak to its reader.

Promises that nothing is done before. Refuses unknown query parameters, numbers and dates that no table can hold, bodies that are not JSON
where JSON is read, and JSON nested deeper than a stack can hold.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from litestar import Request
from litestar.typing import FieldDefinition

from crm.errors import TOO_DEEP, NotSupported, NotThere, NotUnderstood
from crm.pages import frame
from crm.pages.frame import Asked

JSON = "application/json"
BODIES = frozenset({"body", "data"})  # Litestar's two names for what was sent
NO_PAGES = ("/api/", "/schema", "/health/", "/static/")
LAST_NUMBER = 2**31 - 1  # that an id in an address can have
LONGEST_NUMBER = 18  # digits of a place in a list: all of them fit into eight bytes
YEARS = range(1970, 3000)
NUL = "\x00"
PASSED_ON = "passed_on"  # an option of routes whose addresses the public shares


class JsonRequest(Request[Any, Any, Any]):
    """A request whose JSON may be nested as deep as a joker likes."""

    async def json(self) -> Any:
        """The body, read; refuses what no stack can hold."""
        try:
            return await super().json()
        except RecursionError:
            raise NotUnderstood(why=TOO_DEEP) from None


async def receive(request: Asked) -> None:
    """What would give a wrong answer is refused; whoever asks for a page is greeted in their language."""
    if NUL in request.scope["path"]:  # no table keeps one: nothing has such a name
        raise NotThere
    fields, is_page = request.route_handler.parsed_fn_signature.parameters, _is_page(request)
    # Whoever passes a public address on adds parameters of their own to it; there they are ignored.
    if PASSED_ON not in request.route_handler.opt:
        _refuse_unknown_parameters(request, [*fields, frame.LANGUAGE] if is_page else fields)
    if not BODIES.isdisjoint(fields):
        _refuse_other_than_json(request)
    if is_page:
        _refuse_what_no_table_holds(request, fields)
        await frame.greet(request)


def _is_page(request: Asked) -> bool:
    return not request.url.path.startswith(NO_PAGES)


def _refuse_unknown_parameters(request: Asked, known: Collection[str]) -> None:
    unknown = sorted(set(request.query_params) - set(known))
    if unknown:
        raise NotUnderstood(why=f"unknown query parameter {', '.join(name[:40] for name in unknown)}")


def _refuse_what_no_table_holds(request: Asked, fields: Mapping[str, FieldDefinition]) -> None:
    """A statement would break on it; the API's own parameters have their limits in its description."""
    if any(isinstance(value, int) and abs(value) > LAST_NUMBER for value in request.path_params.values()):
        raise NotThere
    for name, value in request.query_params.multi_items():
        kinds = _kinds(fields[name]) if name in fields else set()
        is_too_far = int in kinds and len(value.strip("-+ ")) > LONGEST_NUMBER
        is_no_year = not kinds.isdisjoint({date, datetime}) and not _is_of_our_time(value)
        if NUL in value or is_too_far or is_no_year:
            raise NotUnderstood(why=f"no {name[:40]} can be like this")


def _kinds(field: FieldDefinition) -> set[Any]:
    return {field.annotation, *(one.annotation for one in field.inner_types)}


def _is_of_our_time(typed: str) -> bool:
    return not typed or (typed[:4].isdecimal() and int(typed[:4]) in YEARS)


def _refuse_other_than_json(request: Asked) -> None:
    named = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if named != JSON and not (named.startswith("application/") and named.endswith("+json")):
        raise NotSupported(expected=f"the body as JSON and say so: Content-Type: {JSON}")
