"""The systems and desks that send us something, as the doors need them. Refuses one that is not there."""

import msgspec

from crm.database import current
from crm.errors import NotThere


class Sender(msgspec.Struct, frozen=True):
    """The source that sends; leads of a `test` source never count in reports."""

    id: int
    code: str
    test: bool

    @property
    def principal(self) -> str:
        """The name by which its person references are keyed."""
        return f"source:{self.code}"


async def sender(source: int) -> Sender:
    """The source with this id."""
    row = await current().fetchrow("select id, code, test from source where id = $1", source)
    if row is None:
        raise NotThere
    return Sender(*row.values())
