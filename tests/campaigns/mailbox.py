"""A real SMTP server on loopback, as a process of its own: every mail that it accepted is a line of its file, written before it says so."""

import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]


class Mailbox(NamedTuple):
    """Where it listens, and what it took: recipient and Message-ID of each mail."""

    url: str
    file: Path

    def lines(self) -> list[tuple[str, str]]:
        return [tuple(line.split("\t")) for line in self.file.read_text().splitlines()]  # type: ignore[misc]


class Taking:
    """Takes mail for everybody but `nobody@...` (550), and `later@...` (451)."""

    def __init__(self, file: Path, *, pause: float = 0.0) -> None:
        self.out = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.mails: list[bytes] = []
        self.pause = pause

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        if address.startswith("nobody@"):
            return "550 nobody here"
        if address.startswith("later@"):
            return "451 come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        import asyncio

        mail = message_from_bytes(envelope.content, policy=SMTP)
        if "REFUSE ME" in str(mail["Subject"]):
            return "554 not like this"
        await asyncio.sleep(self.pause)
        self.mails.append(envelope.content)
        os.write(self.out, f"{envelope.rcpt_tos[0]}\t{mail['Message-ID']}\n".encode())
        return "250 OK"


@contextlib.contextmanager
def beside(folder: Path, *, pause: float = 0.0) -> Iterator[Mailbox]:
    """The server in a process of its own."""
    file, port = folder / "mailbox.txt", _free_port()
    file.touch()
    order = [sys.executable, "-m", "tests.campaigns.mailbox", str(port), str(file), str(pause)]
    with subprocess.Popen(order, cwd=ROOT, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        server.stdout.readline()
        try:
            yield Mailbox(f"smtp://127.0.0.1:{port}", file)
        finally:
            server.terminate()


@contextlib.contextmanager
def within(folder: Path) -> Iterator[tuple[str, Taking]]:
    """The server in a thread of this process: its address, and what takes the mails."""
    from aiosmtpd.controller import Controller

    taking = Taking(folder / "mailbox.txt")
    controller = Controller(taking, hostname="127.0.0.1", port=_free_port())
    controller.start()
    try:
        yield f"smtp://127.0.0.1:{controller.port}", taking
    finally:
        controller.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _serve(port: int, file: Path, pause: float) -> None:
    from aiosmtpd.controller import Controller

    controller = Controller(Taking(file, pause=pause), hostname="127.0.0.1", port=port)
    controller.start()
    print("ready", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    _serve(int(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]))
