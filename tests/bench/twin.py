"""The twin of the door for leads that asks no database: the same server and frame; it decodes, validates and encodes, and keeps nothing.

What capture can never be faster than. It reads the codes of brands and models once, when it starts; whoever calls need have no key.
"""

from datetime import UTC, datetime

from litestar import Litestar, Response, post
from litestar.config.compression import CompressionConfig
from litestar.datastructures import State
from litestar.params import RawBody

from crm import database, reference
from crm.api import problems, receiving
from crm.errors import Invalid
from crm.ids import uuid7
from crm.pages import frame
from leads import reading
from leads.api.capture import decoded
from leads.capture import Answer, CapturedInterest

NOBODY = "x" * 43


@post("/api/v1/leads")
async def send(body: RawBody, state: State) -> Response[Answer]:
    """Answer as the door would."""
    said = decoded(body)
    understood = reading.read(said, reference=state.words, stores={})
    if understood.faults:
        raise Invalid(errors=understood.faults)
    at = datetime.now(UTC)
    interests = [CapturedInterest(uuid7(at), "identified", None) for _ in understood.interests]
    return Response(Answer(uuid7(at), said.external_id, "identified", None, NOBODY, interests), status_code=201)


async def read_codes(app: Litestar) -> None:
    """All that the twin ever asks a database."""
    await database.open_pool()
    async with database.transaction():
        app.state.words = await reference.load()
    await database.close_pool()


def create_app() -> Litestar:
    """The application of one process."""
    return Litestar(
        route_handlers=[send],
        exception_handlers={Exception: problems.answer},
        before_request=receiving.receive,
        request_class=receiving.JsonRequest,
        after_request=frame.secure,
        compression_config=CompressionConfig("gzip", gzip_compress_level=5, exclude=["^/static/"]),
        on_startup=[read_codes],
        openapi_config=None,
        debug=False,
        logging_config=None,
    )
