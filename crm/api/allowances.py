"""Every answer to a key tells its limit and what is left of it, whatever else it says: a lead, a problem, or that there were too many."""

from datetime import UTC, datetime

from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

from crm import limits


async def tell(message: Message, scope: Scope) -> None:
    """Add the fields to an answer that is about to go, when a key was counted for it."""
    allowance = scope["state"].get("allowance") if message["type"] == "http.response.start" else None
    if allowance is not None:
        headers = MutableScopeHeaders.from_message(message)
        for name, value in limits.told(allowance, at=datetime.now(UTC)).items():
            headers[name] = value
