"""Settings of gateways for the length of a test; nothing else in the house reads the environment."""

import contextlib
import os
from collections.abc import Iterator

from crm.settings import settings


@contextlib.contextmanager
def set_up(**variables: str) -> Iterator[None]:
    """`MARQUEE_SMTP_URL=...` and the like, as if the process had begun with them."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    settings.cache_clear()
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
        settings.cache_clear()
