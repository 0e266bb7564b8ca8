"""
Logs: JSON lines with an event name, ids and counts; nothing about a person.

The last processor lets an allowlist of keys through and drops the rest by name, so a value
that slipped into a call does not reach a file. Exceptions are logged by type and place,
never by text: texts quote values.

What is said within one call, one job or one run of a chore carries the same ``trace``, and the ids
of the request and step it is about: :func:`at_work`. Those of a person's request lead from one
process to the next.
"""

from __future__ import annotations

import logging
import secrets
import sys
import traceback
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import copy_context
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, ParamSpec, TextIO, TypeVar

import structlog
from structlog import contextvars

_P = ParamSpec("_P")
_R = TypeVar("_R")

ALLOWED: Final = frozenset(
    [
        "event",
        "level",
        "timestamp",
        "trace",
        "request_id",
        "step_id",
        "aftercare_id",
        "step",
        "store",
        "collection",
        "action",
        "kind",
        "state",
        "code",
        "affected",
        "attempts",
        "fence",
        "phase",
        "queue",
        "job",
        "worker",
        "pid",
        "port",
        "seconds",
        "ms",
        "count",
        "status",
        "method",
        "route",
        "backend_id",
        "package_id",
        "notice_id",
        "delivery_id",
        "subscription_id",
        "lookup_id",
        "chain",
        "error",
        "where",
        "dropped",
        "surface",
        "version",
        "name",
        "signal",
        "place",
        "year",
    ]
)
"""Keys that may be logged. Adding one is a decision: a test reads every call."""


def configure(stream: TextIO | None = None, *, level: str = "INFO") -> None:
    """
    Send every log of this process, libraries included, through the allowlist.

    JSON, one line each; in colours where somebody watches at a terminal.
    """
    out = stream or sys.stderr
    shown = structlog.dev.ConsoleRenderer() if out.isatty() else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            describe_exception,
            keep_allowed,
            shown,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level)),
        logger_factory=structlog.WriteLoggerFactory(file=out),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(_ForeignFormatter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def get() -> Any:
    """Return the logger. Calls look like ``log.info("step.done", step_id=…, affected=3)``."""
    return structlog.get_logger()


@contextmanager
def at_work(**ids: str) -> Iterator[None]:
    """
    Let every line that the block writes carry *ids*, and a ``trace`` of its own.

    A block within it keeps the outer one's trace; afterwards all is as it was.
    """
    known = contextvars.get_contextvars()
    given = {name: value for name, value in ids.items() if value}
    trace = known.get("trace") or secrets.token_hex(8)
    with contextvars.bound_contextvars(trace=trace, **given):
        yield


def carried(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Return *function* so that its lines carry the same ids in another thread."""
    return partial(copy_context().run, function)


def describe_exception(
    _logger: object, _name: str, line: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Replace exception information by the exception's type and the place it came from."""
    if info := line.pop("exc_info", None):
        error = info if isinstance(info, BaseException) else sys.exc_info()[1]
        if error is not None:
            line["error"] = type(error).__name__
            line["where"] = _place(error)
    return line


def keep_allowed(
    _logger: object, _name: str, line: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Let only allowed keys through; say which others were there."""
    dropped = sorted(set(line) - ALLOWED)
    kept = {key: value for key, value in line.items() if key in ALLOWED}
    return {**kept, "dropped": dropped} if dropped else kept


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return " < ".join(f"{f.filename.rpartition('/')[2]}:{f.lineno}" for f in frames[-4:][::-1])


class _ForeignFormatter(logging.Formatter):
    """Libraries' own lines: their logger, level and place, without the text they made."""

    def format(self, record: logging.LogRecord) -> str:
        known = contextvars.get_contextvars()
        line: MutableMapping[str, Any] = {
            **{key: value for key, value in known.items() if key in ALLOWED},
            "event": f"library.{record.name}",
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "where": f"{record.module}:{record.lineno}",
        }
        if record.exc_info and record.exc_info[1]:
            line["error"] = type(record.exc_info[1]).__name__
        return str(structlog.processors.JSONRenderer()(None, "", line))
