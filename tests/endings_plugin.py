"""
What ends with the test that began it, whatever the test forgot: heartbeats, and connections.

A heartbeat that goes on logs into the output of other tests. A connection that is left open is
complained of when its memory is collected: in some later test, which would fail for it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any, Final

import pytest
from sqlalchemy import Connection, Engine, event

_THREADS: Final = pytest.StashKey[set[threading.Thread]]()
_engines: Final[set[Engine]] = set()
"""Those that were used since the last test ended; held, so that none is collected before."""


@event.listens_for(Engine, "engine_connect")
def _used(connection: Connection) -> None:
    _engines.add(connection.engine)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Remember which threads there were."""
    item.stash[_THREADS] = set(threading.enumerate())


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[Any]:
    """End heartbeats before any fixture ends, and connections when all have."""
    before: set[threading.Thread] = item.stash[_THREADS]
    for thread in set(threading.enumerate()) - before:
        if thread.name == "leases":
            beat = getattr(thread, "_target", None)  # none is left once the thread has ended
            if beat is not None:
                beat.__self__.stop()
    try:
        return (yield)
    finally:
        while _engines:
            _engines.pop().dispose()
