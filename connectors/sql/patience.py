"""
How long a connection may be silent before it is given up.

A network that loses packets without a word, or a machine in between that forgot the connection,
would hold a worker for ever: the server's own time-outs cannot reach us any more. TCP notices
packets that are not acknowledged; a deadline of ours on every answer notices the rest.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any, Final, TypeVar

import psycopg

T = TypeVar("T")

_IDLE_S, _EVERY_S, _PROBES = 10, 5, 3
"""Of TCP: a peer that answers no probe for 25 seconds is gone."""

_LOOK_S: Final = 0.1

KEPT_ALIVE: Final[dict[str, Any]] = {
    "keepalives": 1,
    "keepalives_idle": _IDLE_S,
    "keepalives_interval": _EVERY_S,
    "keepalives_count": _PROBES,
    "tcp_user_timeout": (_IDLE_S + _EVERY_S * _PROBES) * 1000,
}
"""libpq's words for it."""


class Patient(psycopg.Connection[Any]):
    """A connection to PostgreSQL whose every answer has a deadline."""

    patience_s: float = 0.0

    def wait(self, gen: Generator[Any, Any, T], *args: Any, **kwargs: Any) -> T:
        """
        Wait for an answer, not for ever.

        Raises:
            psycopg.OperationalError: none came in time; the connection is closed.
        """
        if not self.patience_s:
            return super().wait(gen, *args, **kwargs)
        try:
            return super().wait(_until(gen, time.monotonic() + self.patience_s), *args, **kwargs)
        except SilentError:
            self.pgconn.finish()
            raise psycopg.OperationalError("no answer in time: the connection is closed") from None


class SilentError(Exception):
    """Nothing was heard until the deadline."""


def _until(gen: Generator[Any, Any, T], ends: float) -> Generator[Any, Any, T]:
    """Pass everything on between the driver and its wait for the socket, until *ends*."""
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            if not ready and time.monotonic() > ends:
                raise SilentError
            wanted = gen.send(ready)
    except StopIteration as done:
        answer: T = done.value
        return answer
