"""Workers and a relay in threads: the outbox rings, whoever is free comes. No Redis."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from queue import Empty, Queue
from typing import Any

from sqlmodel import col, select

from rights.domain.lifecycle import TERMINAL
from rights.services.context import Context
from rights.store.db import reading, transaction
from rights.store.models import OutboxMessage, Request
from workflows import ringing, sweep
from workflows.floor import Floor
from workflows.gates import Gates
from workflows.jobs import work_on
from workflows.leases import Leases


@dataclass
class Watched:
    """
    A store that counts who is in it at the same time.

    Args:
        slow_s: How long each call takes at least.
    """

    store: Any
    slow_s: float = 0.0
    most: int = 0
    calls: int = 0
    _now: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.manifest = self.store.manifest

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.store, name)
        if name not in {"freeze", "locate", "collect", "erase", "correct", "verify"}:
            return method

        def call(*args: Any, **kwargs: Any) -> Any:
            with self._inside():
                found = method(*args, **kwargs)
                return iter(list(found)) if name == "collect" else found

        return call

    @contextmanager
    def _inside(self) -> Iterator[None]:
        with self._lock:
            self._now += 1
            self.calls += 1
            self.most = max(self.most, self._now)
        time.sleep(self.slow_s)
        try:
            yield
        finally:
            with self._lock:
                self._now -= 1


def rung(floor: Floor) -> list[str]:
    """Take every doorbell that was rung since the last look; return whose, in order."""
    with transaction(floor.register) as session:
        waiting = select(OutboxMessage).where(col(OutboxMessage.sent_at).is_(None))
        found = session.exec(waiting.order_by(col(OutboxMessage.id))).all()
        for message in found:
            message.sent_at = floor.now()
        return [m.args["request_id"] for m in found if m.job == "advance"]


@dataclass
class Town:
    """Threads that work on whatever is rung for, until it is over or one of them breaks."""

    floor: Floor
    bells: Queue[str] = field(default_factory=Queue)
    over: threading.Event = field(default_factory=threading.Event)
    broken: list[BaseException] = field(default_factory=list)

    def work(self, number: int) -> None:
        """Be one worker."""
        name, every = f"worker-{number}", timedelta(seconds=2)
        floor, lease = self.floor, self.floor.leases.lease
        leases = Leases(floor.register, floor.now, worker=name, lease=lease, every=every)
        mine = replace(floor, worker=name, gates=Gates(), leases=leases)
        while not self.over.is_set():
            try:
                work_on(mine, self.bells.get(timeout=0.05))
            except Empty:
                continue
            except BaseException as error:  # noqa: BLE001 - the test must see it, not a thread
                self.broken.append(error)
                self.over.set()
        leases.stop()


def work_through(floor: Floor, workers: int, requests: Iterable[str], *, within_s: float) -> None:
    """Let *workers* work until every one of *requests* has ended; fail when they do not."""
    open_ones, town = set(requests), Town(floor)
    threads = [threading.Thread(target=town.work, args=(n,)) for n in range(workers)]
    for thread in threads:
        thread.start()
    ends = time.monotonic() + within_s
    try:
        while open_ones and not town.over.is_set() and time.monotonic() < ends:
            _relay(floor, floor.context, town.bells)
            open_ones -= _ended(floor, open_ones)
            time.sleep(0.02)
    finally:
        town.over.set()
        for thread in threads:
            thread.join()
    if town.broken:
        raise town.broken[0]
    assert not open_ones, f"{len(open_ones)} requests did not end"


def _relay(floor: Floor, context: Context, bells: Queue[str]) -> None:
    ringing.ring_waiting(floor.register, context, floor.now)
    sweep.sweep(floor.register, context, floor.now)
    for request_id in rung(floor):
        bells.put(request_id)


def _ended(floor: Floor, requests: set[str]) -> set[str]:
    with reading(floor.register) as session:
        query = select(Request.id).where(
            col(Request.id).in_(requests), col(Request.state).in_(TERMINAL)
        )
        return set(session.exec(query).all())
