"""
The workers: a supervisor that loads what is needed, forks, and restarts the dead.

Only the connectors that the data map names are imported, before the fork; connections are
opened after it. A child of ``work`` looks into ``urgent_work`` first, each other serves one queue:
where RQ listens to two, a job can get lost with its worker, and the sweep rings for it again.
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

from rights import logs, metrics
from rights.services import outbox
from rights.settings import Settings
from workflows import jobs, status, watched
from workflows.building import Parts, floor_for, parts_for
from workflows.floor import Floor
from workflows.lifeline import die_with_parent
from workflows.rqjob import SERIALIZER, IdJob

STATUS_S: Final = 60.0
RESTART_S: Final = 0.5
GRACE_S: Final = 20.0


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
    queues = (outbox.URGENT, *[outbox.WORK] * (settings.workers - 1))
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


def served_by(queue: str) -> tuple[str, ...]:
    """Return the queues that a worker of *queue* listens to, the first one first."""
    return (outbox.FIRST, outbox.WORK) if queue == outbox.WORK else (queue,)


def serve(parts: Parts, queue: str, *, burst: bool = False) -> None:
    """Be one worker: open connections, answer the doorbell of one queue."""
    redis = Redis.from_url(parts.settings.redis_url)
    bells = [
        Queue(name, connection=redis, serializer=SERIALIZER, job_class=IdJob)
        for name in served_by(queue)
    ]
    floor = floor_for(parts, worker=f"{os.uname().nodename}:{os.getpid()}")
    floor = replace(floor, waited_for=lambda: any(map(_rung, bells)))
    jobs.at(floor)
    if queue == outbox.URGENT and not burst:
        threading.Thread(target=_publish, args=(floor,), name="status", daemon=True).start()
    worker = SimpleWorker(
        bells,
        connection=redis,
        serializer=SERIALIZER,
        job_class=IdJob,
        log_job_description=False,
        default_result_ttl=0,
    )
    logs.get().info("worker.ready", queue=queue, pid=os.getpid())
    worker.work(burst=burst, logging_level="WARNING")


def _rung(bell: Queue) -> bool:
    """Return whether a job waits; while that cannot be asked, it is taken so."""
    try:
        return bell.count > 0
    except RedisError:
        return True


def _publish(floor: Floor) -> None:
    while True:
        status.publish(floor)
        time.sleep(STATUS_S)
