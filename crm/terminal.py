"""How commands speak: answers on stdout, everything else on stderr, and with --json one JSON line, last.

Promises that an expected refusal ends a command with its sentence and exit code 1, without a trace; and that the database is there while
a command runs and its connections are given back afterwards.
"""

import asyncio
import contextlib
import functools
from collections.abc import Awaitable, Callable, Iterator
from typing import ParamSpec, TypeVar

import asyncpg
import click
import msgspec

from crm import database, logs
from crm.errors import Invalid, Refused

P = ParamSpec("P")
T = TypeVar("T")

as_json = click.option("--json", "json_line", is_flag=True, help="End with one JSON line on stdout, for programs.")


def with_database(command: Callable[P, Awaitable[T]]) -> Callable[P, T]:
    """Make a command of a coroutine function: the embedded database is started when needed, refusals become sentences."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        logs.set_up()
        with refusals_told():
            database.start()
            return asyncio.run(_connected(command(*args, **kwargs)))

    return run


@contextlib.contextmanager
def refusals_told() -> Iterator[None]:
    """Turn an expected refusal inside into the command's last sentence."""
    try:
        yield
    except Invalid as refused:
        said = "\n".join(f"  {fault['path'] or 'body'}: {fault['message']}" for fault in refused.errors)
        raise click.ClickException(f"{refused}\n{said}") from None
    except Refused as refused:
        raise click.ClickException(str(refused)) from None
    except asyncpg.UndefinedTableError:
        raise click.ClickException("The schema is not there yet; make it with: marquee migrate") from None


def answer(value: object, *, json_line: bool, text: str) -> None:
    """Tell the outcome: a line of JSON for programs, a text for people."""
    click.echo(msgspec.json.encode(value).decode() if json_line else text)


def say(text: str) -> None:
    """Tell a person at the terminal something that is not the answer."""
    click.echo(text, err=True)


def fail(sentence: str) -> click.ClickException:
    """An expected failure of a command, to be raised."""
    return click.ClickException(sentence)


async def _connected(running: Awaitable[T]) -> T:
    await database.open_pool()
    try:
        return await running
    finally:
        await database.close_pool()
