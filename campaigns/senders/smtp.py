"""Mail by SMTP: connections that are used again, a limit to all waiting, and errors told apart by what they mean for the letter.

Promises that a refusal of the address is a bounce, a refusal of the letter a failure, and everything that may pass is tried again.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.errors import MessageError
from email.message import EmailMessage
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit
from weakref import WeakKeyDictionary

import aiosmtplib
import msgspec

from campaigns.senders import mime
from campaigns.senders.letters import Letter, Outcome
from crm.settings import settings

PATIENCE = 15.0  # seconds for a whole step of the conversation
REST = 5.0  # a connection that rested longer is asked whether it is still there
PERMANENT = range(500, 600)
# The server says that nobody is there, or that nobody there wants it; other 5xx are about us or the letter.
NOBODY_THERE = frozenset({550, 551, 553, 554})

_free: "WeakKeyDictionary[asyncio.AbstractEventLoop, list[Line]]" = WeakKeyDictionary()


class Line:
    """One connection to the server, made when it is first needed and again when it broke."""

    def __init__(self) -> None:
        self._client: aiosmtplib.SMTP | None = None
        self._used_at = 0.0

    async def send(self, letter: Letter) -> Outcome:
        """Hand a mail over; never raises for an address, nor for what a server or the network does."""
        try:
            mail = mime.written(letter, sender=settings().smtp_from or "", at=datetime.now(UTC))
        except (ValueError, IndexError, MessageError):
            return Outcome("failed", "not_an_address")
        try:
            client = await self._connected()
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as no:
            # Who answers, if only that there are too many lines, is there for the other lanes.
            is_away = not isinstance(no, aiosmtplib.SMTPResponseException)
            return msgspec.structs.replace(await self._broken(no), is_away=is_away)
        try:
            await self._hand_over(client, mail, letter.to)
        except aiosmtplib.SMTPNotSupported:
            return Outcome("failed", "not_an_address")
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as no:
            return await self._told(no)
        self._used_at = time.monotonic()
        return Outcome("sent")

    async def _hand_over(self, client: aiosmtplib.SMTP, mail: EmailMessage, to: str) -> None:
        await client.send_message(mail, sender=str(mail["From"].addresses[0].addr_spec), recipients=[to])

    async def _told(self, no: Exception) -> Outcome:
        """What an error means for the letter; a connection that broke, or refuses us, is made anew."""
        if isinstance(no, aiosmtplib.SMTPRecipientsRefused):
            return _refused(no.recipients[0].code, bounces=True)
        if isinstance(no, aiosmtplib.SMTPDataError):
            return _refused(no.code, bounces=False)
        return await self._broken(no)

    async def _broken(self, no: Exception) -> Outcome:
        await self.hang_up()
        # Of us, not of this letter: a greeting, a password, a sender that somebody has to put right.
        return Outcome(
            "again", f"smtp_{no.code}" if isinstance(no, aiosmtplib.SMTPResponseException) else type(no).__name__
        )

    async def hang_up(self) -> None:
        """End the connection, however it is."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    async def _connected(self) -> aiosmtplib.SMTP:
        if self._client is not None and time.monotonic() - self._used_at > REST:
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                await self._client.noop()
                self._used_at = time.monotonic()
        if self._client is None or not self._client.is_connected:
            self._client = _client(urlsplit(settings().smtp_url or ""))
            await self._client.connect()
        return self._client


@contextlib.asynccontextmanager
async def line() -> AsyncIterator[Line]:
    """A line of this process's own for a while; given back for the next batch."""
    resting = _free.setdefault(asyncio.get_running_loop(), [])
    taken = resting.pop() if resting else Line()
    try:
        yield taken
    finally:
        resting.append(taken)


def _client(server: SplitResult) -> aiosmtplib.SMTP:
    """`smtp://user:password@host:port?starttls=1`, or `smtps://` for TLS from the start."""
    is_tls = server.scheme == "smtps"
    return aiosmtplib.SMTP(
        hostname=server.hostname,
        port=server.port or (465 if is_tls else 25),
        username=unquote(server.username) if server.username else None,
        password=unquote(server.password) if server.password else None,
        use_tls=is_tls,
        # None lets the client take TLS where the server offers it.
        start_tls=True if parse_qs(server.query).get("starttls") == ["1"] else None,
        timeout=PATIENCE,
    )


def _refused(code: int, *, bounces: bool) -> Outcome:
    if code not in PERMANENT:
        return Outcome("again", f"smtp_{code}")
    return Outcome("bounced" if bounces and code in NOBODY_THERE else "failed", f"smtp_{code}")
