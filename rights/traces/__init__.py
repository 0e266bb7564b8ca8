"""
Traces: what one request cost, from the call that brought it to each call of a store.

Off unless an address is set: then what sends is not loaded, and each call here returns at once. A
trace is that of a request: its id follows from the request's, so it needs no place in a row or a
job, and a step that runs weeks later still belongs to it. Spans hold codes and ids alone; see
:data:`ALLOWED`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from rights.logs import get
from rights.settings import Settings

if TYPE_CHECKING:
    from rights.traces.exporting import Exporting

ALLOWED: Final = frozenset(
    {"surface", "route", "status", "job", "queue", "action", "store", "verb", "step_id", "error"}
)
"""Attributes that a span may have. A value is a code, an id, or the template of a route."""

_on: list[Exporting] = []


def start(settings: Settings, process: str) -> None:
    """
    Begin in this process, after the fork; nothing where no address is set.

    Args:
        process: ``web``, ``worker`` or ``relay``.
    """
    if not settings.traces_url:
        return
    from rights.traces.exporting import Exporting  # noqa: PLC0415 - 20 MB that few need

    _on[:] = [
        Exporting.to(
            settings.traces_url,
            settings.traces_token.get_secret_value(),
            process,
            share=settings.traces_share,
        )
    ]


def stop() -> None:
    """Send what was not sent yet, for some seconds at most, and trace no longer."""
    while _on:
        _on.pop().close()


def on() -> bool:
    """Return whether anything is traced."""
    return bool(_on)


@contextmanager
def span(name: str, about: str = "", **said: str) -> Iterator[None]:
    """
    Trace a block, within the one around it.

    Args:
        about: The id of the request, or the row, that it is about, where nothing is around it.
            A block without either is not traced.
    """
    one = next(iter(_on), None)  # looked at once: another thread may end it meanwhile
    if one is None:
        yield
        return
    with one.span(name, about, said):
        yield


def note(name: str, about: str, seconds: float, *, first: bool = False, **said: str) -> None:
    """
    Trace what is over by now and took so many seconds.

    Args:
        first: It is what the trace begins with: the call that brought the request.
    """
    for one in _on:
        try:
            one.note(name, about, time.time_ns() - int(seconds * 1e9), said, first=first)
        except Exception as error:  # noqa: BLE001 - no call and no job fails because of a trace
            _on.clear()
            get().error("traces.fault", error=type(error).__name__)
