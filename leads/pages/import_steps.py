"""The steps of an import as every page of one draws them: its columns, what a worker does with it, what became of its rows, its way back.

Promises that a file larger than 20 MB is refused before it is read, and that of a cell at most its shape is shown.
"""

from typing import Any
from urllib.parse import quote

from litestar import Response
from litestar.connection import ASGIConnection
from litestar.datastructures import UploadFile
from litestar.handlers import BaseRouteHandler
from litestar.response import Template

from crm.errors import Fault, Invalid
from crm.languages import say
from crm.pages import frame
from crm.pages.frame import Asked
from leads.imports import asking, files, guests, showing, undoing
from leads.imports.asking import Subject
from leads.imports.showing import Shown
from leads.imports.words import in_words

AROUND = 512 * 1024  # what a form puts around its file
# The fates that a page opens with: what needs somebody first.
FIRST_SEEN = (
    "kept", "error", "new", "changed", "line", "place", "known", "waiting", "registered", "created", "duplicate", "repeat",
    "unchanged", "undone",
)  # fmt: skip


async def small_enough(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """A guard before all others: nobody's browser sends for minutes what would be refused."""
    length = connection.headers.get("content-length", "0")
    files.refuse_large(int(length) - AROUND if length.isdigit() else 0)


async def sent_file(sent: Any) -> tuple[bytes, str]:
    """The bytes of a file that a form brought, and what it is called."""
    if not isinstance(sent, UploadFile) or not sent.filename:
        raise Invalid(errors=[Fault(path="file", message=say("Please choose a file."))])
    return await sent.read(), sent.filename


def may_settle(shown: Shown) -> bool:
    """Whether its columns can still be said."""
    return shown.state in asking.BEFORE_RUN and not shown.has_made and shown.kept_until is not None


async def columns_page(request: Asked, shown: Shown, wrong: Invalid | None = None, **around: Any) -> Template:
    """What each column is, to be said or changed."""
    subject: Subject = shown.subject  # type: ignore[assignment]  # the table's check says so
    context: dict[str, Any] = {
        "shown": shown,
        "layout": await asking.layout(shown.id),
        "fields": asking.fields_of(subject),
        "sources": await showing.sources() if subject == "leads" else [],
        "same": await asking.same_file(shown.id),
        **around,
    }
    if wrong:
        translated = Invalid(errors=[Fault(path=one["path"], message=say(one["message"])) for one in wrong.errors])
        return frame.invalid(request, "leads/import_columns.html", translated, **context)
    return frame.page(request, "leads/import_columns.html", **context)


async def page(
    request: Asked, shown: Shown, *, fate: str | None, after: int | None, before: int | None, **around: Any
) -> Template:
    """An import as it stands, with the rows of one fate."""
    chosen = fate if fate in shown.fates else next((one for one in FIRST_SEEN if one in shown.fates), None)
    is_listed = chosen is not None and not shown.is_working
    context: dict[str, Any] = {
        "shown": shown,
        "fate": chosen,
        "first_seen": FIRST_SEEN,
        "in_words": in_words,
        "listed": await showing.rows_of(shown.id, fate=chosen or "", after=after, before=before) if is_listed else None,
        "same": await asking.same_file(shown.id) if shown.state == "checked" else None,
        "may_settle": may_settle(shown),
        "untold": await guests.untold(shown.id) if shown.may_tell else 0,
        **around,
    }
    # While a worker has it, the page asks for this part alone every second.
    name = "leads/_import.html" if frame.wants_fragment(request) else "leads/import.html"
    return frame.page(request, name, **context)


async def undo_page(request: Asked, shown: Shown, **around: Any) -> Template:
    """What an undo would do now."""
    would = await undoing.preview(shown.id)
    return frame.page(request, "leads/import_undo.html", shown=shown, would=would, in_words=in_words, **around)


def error_file(shown: Shown, content: bytes) -> Response[bytes]:
    """The failed rows, to be mended and brought in again."""
    name = quote(f"{(shown.name or 'import').rpartition('.')[0] or shown.name}.errors.csv")
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{name}"}
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)
