"""The bar that a person sees on stderr while the show is played: how many registrations are in, and how long it still takes."""

import contextlib
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


@contextlib.contextmanager
def shown(title: str) -> Iterator[Callable[[int, int], None]]:
    """A bar for the time inside; what it gives takes how many are done, and of how many."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(title, total=None)

        def move(done: int, of: int) -> None:
            progress.update(task, completed=done, total=of)

        yield move
