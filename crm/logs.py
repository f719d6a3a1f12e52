"""Structured logs on stderr: one line per event, JSON for machines, coloured for a person at a terminal.

Promises that no personal data is passed to it: events carry ids, codes, counts and error types. What a failed statement was about stays out.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from crm.settings import settings


def set_up() -> None:
    """Send our own events and the warnings of libraries to stderr; stdout belongs to answers."""
    level = getattr(logging, settings().log_level.upper())
    terminal = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _without_values,
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    libraries = logging.StreamHandler(sys.stderr)
    libraries.setFormatter(_PlaceOnly("%(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[libraries])


class _PlaceOnly(logging.Formatter):
    """Says of an exception that a library logs what we say of our own: its kind and its place."""

    def formatException(self, ei: Any) -> str:  # noqa: N802  # logging's own name
        _, error, _ = ei
        return f"{type(error).__name__}: {', '.join(_where(error))}" if error else ""


def _without_values(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Keep only the place of an exception: its text may quote what somebody typed."""
    raised = event.pop("exc_info", None)
    error = sys.exc_info()[1] if raised is True else raised
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        event["where"] = _where(error)
    return event


def _where(error: BaseException) -> list[str]:
    steps, trace = [], error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        steps.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return steps[-8:]
