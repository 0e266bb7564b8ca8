"""
Metrics: what staff and operators look at from outside.

Off unless a listener is set: then nothing is loaded, and each call here returns at once. No label
holds an id or anything about a person; which metrics and labels there are is in
``rights/catalogue/metrics.yaml``, and a test reads every call.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Final, ParamSpec

from rights.logs import get
from rights.metrics.folder import Folder

if TYPE_CHECKING:
    from rights.metrics.book import Book, Reading

_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"

_book: list[Book] = []


Asked = ParamSpec("Asked")


def _never_in_the_way(act: Callable[Asked, None]) -> Callable[Asked, None]:
    """Let what cannot be counted end the counting of this process, and nothing else."""

    @wraps(act)
    def tried(*given: Asked.args, **labels: Asked.kwargs) -> None:
        try:
            act(*given, **labels)
        except Exception as error:  # noqa: BLE001 - no call and no job fails because of a figure
            _book.clear()
            get().error("metrics.fault", error=type(error).__name__)

    return tried


def start(process: str, *, several: bool) -> Book:
    """
    Begin to count in this process, once, before it forks.

    Args:
        process: ``web``, ``worker`` or ``relay``.
        several: It will fork others, which count together.
    """
    folder = Folder() if several else None
    if folder:
        os.environ[_VARIABLE] = str(folder.path)
    from rights.metrics.book import Book  # noqa: PLC0415 - reads the variable when it is loaded

    _book[:] = [Book(process, folder)]
    return _book[0]


def stop() -> None:
    """Count no longer; the group's folder goes, where this process made it."""
    while _book:
        _book.pop().close()


@_never_in_the_way
def count(name: str, **labels: str) -> None:
    """Add one to a counter."""
    for book in _book:
        if series := book.child(name, labels):
            series.inc()


@_never_in_the_way
def touch(name: str, **labels: str) -> None:
    """Let a counter be there with 0: what first appears as 1 is no rise to who asks for one."""
    for book in _book:
        book.child(name, labels)


@_never_in_the_way
def observe(name: str, value: float, **labels: str) -> None:
    """Add a value to a histogram; in the unit that its name ends in."""
    for book in _book:
        if series := book.child(name, labels):
            series.observe(value)


@_never_in_the_way
def mark(name: str, value: float, **labels: str) -> None:
    """Set a gauge."""
    for book in _book:
        if series := book.child(name, labels):
            series.set(value)


@_never_in_the_way
def replace(found: Mapping[str, Iterable[Reading]]) -> None:
    """Let the readings that are named be these from now on, and no others."""
    for book in _book:
        book.replace(found)


@contextmanager
def timed(name: str, **labels: str) -> Iterator[None]:
    """Add how many seconds the block took to a histogram, however it ends."""
    began = time.perf_counter()
    try:
        yield
    finally:
        observe(name, time.perf_counter() - began, **labels)
