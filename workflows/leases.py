"""
Leases: who is working on a step now.

A thread with a connection of its own stretches the leases of this process. A lease that was
lost (the machine slept, the register was away) is noticed there, and the work stops at its
next batch instead of racing the worker that took over.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Engine, exists, update
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col

from rights.domain.errors import Fenced
from rights.logs import get
from rights.store.models import Request, StepRow, StepState

_VISIT: Final = 0
"""The fence of what is not a step: nobody takes a visit over."""

TRIES: Final = 50
"""Attempts after which a step whose lease lapsed once more is not begun again by itself."""


class Leases:
    """
    The leases that this process holds.

    Args:
        lease: How long a lease lasts without a heartbeat.
        every: Pause between heartbeats; well below *lease*.
    """

    def __init__(
        self,
        register: Engine,
        now: Callable[[], datetime],
        *,
        worker: str,
        lease: timedelta,
        every: timedelta,
    ) -> None:
        self._register, self._now, self._worker = register, now, worker
        self.lease, self._every = lease, every
        self._held: dict[str, int] = {}
        self._visits: dict[str, Callable[[datetime], Any]] = {}
        self._seen: dict[str, float] = {}
        self._lost: set[str] = set()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def hold(self, step_id: str, fence: int) -> None:
        """Keep the lease of a step alive until :meth:`release`."""
        with self._lock:
            self._held[step_id], self._seen[step_id] = fence, time.monotonic()
            self._lost.discard(step_id)
        self._go()

    def visit(self, holder: str, stretch: Callable[[datetime], Any]) -> None:
        """
        Keep the place of a visit until :meth:`release`.

        Args:
            stretch: Returns the statement that keeps it until a time.
        """
        self._visits[holder] = stretch
        self.hold(holder, _VISIT)

    def _go(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._beat, name="leases", daemon=True)
            self._thread.start()

    def release(self, step_id: str) -> None:
        """Stop stretching a lease."""
        with self._lock:
            self._held.pop(step_id, None)
            self._seen.pop(step_id, None)
            self._visits.pop(step_id, None)
            self._lost.discard(step_id)

    def check(self, step_id: str) -> None:
        """Raise Fenced when the lease of *step_id* was lost."""
        if step_id in self._lost:
            raise Fenced(f"the lease of {step_id} was lost: another worker goes on with it")

    def stop(self) -> None:
        """End the thread, once the heartbeat that is under way has given back its connection."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(self._every.total_seconds())

    def _beat(self) -> None:
        while not self._stop.wait(self._every.total_seconds()):
            with self._lock:
                held = dict(self._held)
            for step_id, fence in held.items():
                alive = self._alive(step_id, fence)
                with self._lock:
                    if not alive and self._held.get(step_id) == fence:
                        self._lost.add(step_id)

    def _alive(self, step_id: str, fence: int) -> bool:
        """
        Stretch one lease; return whether it is still ours.

        A register that is away for a moment ends neither the lease nor this thread: the lease
        is ours as long as nobody else could have taken it.
        """
        before = time.monotonic()
        try:
            mine = self._stretch(step_id, fence)
        except SQLAlchemyError as error:
            get().warning("lease.waits", error=type(error).__name__)
            last = (self.lease - self._every).total_seconds()
            return before - self._seen.get(step_id, before) < last
        with self._lock:
            if mine and step_id in self._held:
                self._seen[step_id] = before
        return mine

    def _stretch(self, step_id: str, fence: int) -> bool:
        visit, until = self._visits.get(step_id), self._now() + self.lease
        mine = visit(until) if visit else self._step(step_id, fence, until)
        with self._register.begin() as connection:
            return connection.execute(mine).rowcount >= 1

    def _step(self, step_id: str, fence: int, until: datetime) -> Any:
        return (
            update(StepRow)
            .where(
                col(StepRow.id) == step_id,
                col(StepRow.fence) == fence,
                col(StepRow.state) == StepState.RUNNING,
                col(StepRow.lease_owner) == self._worker,
                ~exists().where(
                    col(Request.id) == col(StepRow.request_id), col(Request.not_me_at).is_not(None)
                ),
            )
            .values(next_at=until)
        )


def give_up(rows: Iterable[StepRow], now: datetime) -> None:
    """Show a step that ends its worker again and again to a person at last."""
    for row in rows:
        lapsed = row.state is StepState.RUNNING and (row.next_at is None or row.next_at <= now)
        if lapsed and row.attempts >= TRIES:
            row.state, row.code, row.next_at = StepState.FAILED, "no_answer", None
            row.note = "its worker ended without an answer, again and again: see the logs"
