"""
The workers: a supervisor that loads what is needed, forks, and restarts the dead.

Only the connectors that the data map names are imported, before the fork; connections are
opened after it. Each child serves one queue and no other, so no kind of work can be in the way of
another; and RQ keeps what a worker has taken from one queue beside it until its work begins.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.job import Job

from rights import logs, metrics, traces
from rights.failpoints import Point, hit
from rights.services import outbox
from rights.settings import Settings
from workflows import dropped, jobs, status, watched
from workflows.building import Parts, floor_for, parts_for
from workflows.floor import Floor
from workflows.lifeline import die_with_parent
from workflows.rqjob import SERIALIZER, IdJob

STATUS_S: Final = 60.0
RESTART_S: Final = 0.5
GRACE_S: Final = 20.0
FIRST_SHARE: Final = 4
"""One child in so many serves what a law wants done at once."""


@dataclass(slots=True)
class Supervisor:
    """Keeps one child per entry of *queues* alive until it is told to stop."""

    queues: tuple[str, ...]
    child: Callable[[str], None] = field(repr=False)
    _pids: dict[int, str] = field(default_factory=dict)
    _stopping: bool = False

    def run(self) -> None:
        """Fork, watch, restart; return when asked to stop and all children are gone."""
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._stop)
        for queue in self.queues:
            self._fork(queue)
        while self._pids:
            try:
                pid, _ = os.wait()
            except ChildProcessError:
                return
            queue = self._pids.pop(pid, "")
            if queue and not self._stopping:
                logs.get().warning("worker.restarted", queue=queue, pid=pid)
                time.sleep(RESTART_S)
                self._fork(queue)

    def _fork(self, queue: str) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        parent = os.getpid()
        pid = os.fork()
        if pid:
            self._pids[pid] = queue
            return
        code = 1
        try:
            die_with_parent(parent)
            for name in (signal.SIGTERM, signal.SIGINT):
                signal.signal(name, signal.SIG_DFL)
            self.child(queue)
            code = 0
        finally:
            os._exit(code)

    def _stop(self, _signum: int, _frame: object) -> None:
        self._stopping = True
        for pid in self._pids:
            os.kill(pid, signal.SIGTERM)
        signal.signal(signal.SIGALRM, self._kill)
        signal.setitimer(signal.ITIMER_REAL, GRACE_S)

    def _kill(self, _signum: int, _frame: object) -> None:
        for pid in self._pids:
            os.kill(pid, signal.SIGKILL)


def run(settings: Settings, *, burst: bool = False) -> None:
    """Run the workers of this machine until SIGTERM."""
    parts = parts_for(settings)
    queues = shared_out(settings.workers)
    listener = watched.listener(parts.context, "worker", several=True)

    def child(queue: str) -> None:
        if listener:
            listener.begin()
            metrics.mark("rights_processes", 1, queue=queue)
        serve(parts, queue, burst=burst)

    try:
        Supervisor(queues, child).run()
    finally:
        metrics.stop()


def shared_out(count: int) -> tuple[str, ...]:
    """
    Return the queue of each child: one of switches, a quarter of what is due at once, the rest.

    No queue goes without, so there are three of them where fewer are asked for.
    """
    first = max(1, count // FIRST_SHARE)
    rest = max(1, count - 1 - first)
    return (outbox.URGENT, *[outbox.FIRST] * first, *[outbox.WORK] * rest)


def serve(parts: Parts, queue: str, *, burst: bool = False) -> None:
    """Be one worker: open connections, answer the doorbell of one queue."""
    redis = Redis.from_url(parts.settings.redis_url)
    bell = Queue(queue, connection=redis, serializer=SERIALIZER, job_class=IdJob)
    taken = dropped.taken(bell)
    floor = floor_for(parts, worker=f"{os.uname().nodename}:{os.getpid()}")
    floor = replace(floor, waited_for=lambda: _rung(bell))
    jobs.at(floor)
    dropped.put_back(bell, taken)
    traces.start(parts.settings, "worker")  # first: a store opened before it is never traced
    if queue == outbox.URGENT and not burst:
        threading.Thread(target=_publish, args=(floor,), name="status", daemon=True).start()
    worker = Answering(
        [bell],
        connection=redis,
        serializer=SERIALIZER,
        job_class=IdJob,
        log_job_description=False,
        default_result_ttl=0,
    )
    logs.get().info("worker.ready", queue=queue, pid=os.getpid())
    try:
        worker.work(burst=burst, logging_level="WARNING")
    finally:
        traces.stop()


class Answering(SimpleWorker):
    """A worker that can be made to end between taking a doorbell and beginning to work."""

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Answer one doorbell."""
        hit(Point.DOORBELL_BEFORE)
        super().execute_job(job, queue)
        hit(Point.DOORBELL_AFTER)


def _rung(bell: Queue) -> bool:
    """Return whether a job waits; while that cannot be asked, it is taken so."""
    try:
        return bell.count > 0
    except RedisError:
        return True


def _publish(floor: Floor) -> None:
    while True:
        status.attempt(floor)
        time.sleep(STATUS_S)
