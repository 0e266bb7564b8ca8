"""What is done to the deployment while it works: one fault after another, as the seed says."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import psutil
import sqlalchemy as sa
from redis.exceptions import RedisError
from rq import Queue

from bench.faults.roles import Role
from bench.faults.site import Site
from tests.connectors.backend_service import hanging_up, losing_the_answer
from tests.faults import clock
from workflows.relay import QUEUES
from workflows.rqjob import SERIALIZER, IdJob

PAUSE_S: Final = (0.4, 1.2)
"""Between two faults: about 60 a minute, and 15 a minute of each common kind."""
_JUMP_S: Final = (-10.0, 20.0)
"""What a lease was given before a jump back lasts longer by as much: in real time, too."""


@dataclass
class Injuries:
    """
    Hurts a site until told to stop.

    Args:
        done: Name to how many really happened.
    """

    site: Site
    rng: random.Random
    done: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Do one fault after another."""
        names, weights = zip(*WEIGHTS.items(), strict=True)
        while not self.stopping.wait(self.rng.uniform(*PAUSE_S)):
            (name,) = self.rng.choices(names, weights)
            try:
                if FAULTS[name](self):
                    self.done[name] += 1
            except (psutil.Error, RedisError, sa.exc.OperationalError):
                continue  # what was to be hurt is down already: this one does not count

    def worker_killed(self) -> bool:
        """SIGKILL to one worker."""
        return self._child("worker")

    def web_killed(self) -> bool:
        """SIGKILL to the web's process that answers."""
        return self._child("web")

    def _child(self, name: str) -> bool:
        found = self.site.roles[name].children()
        if not found:
            return False
        self.rng.choice(found).kill()
        return True

    def _role(self, name: str) -> bool:
        role: Role = self.site.roles[name]
        return role.kill()

    def relay_killed(self) -> bool:
        """SIGKILL to the relay."""
        return self._role("relay")

    def supervisor_killed(self) -> bool:
        """SIGKILL to the workers' supervisor: all of them end with it."""
        return self._role("worker")

    def web_server_killed(self) -> bool:
        """SIGKILL to the web server as a whole."""
        return self._role("web")

    def queue_flushed(self) -> bool:
        """FLUSHALL."""
        with self.site.redis as redis:
            return bool(redis.flushall())

    def queue_killed(self) -> bool:
        """SIGKILL to Redis, and a new one with what it had written down."""
        self.site.valkey.kill()
        time.sleep(self.rng.uniform(0, 0.5))
        self.site.valkey.restart()
        return True

    def register_restarted(self) -> bool:
        """Immediate shutdown of the register's database, and recovery."""
        self.site.clusters["register"].restart()
        return True

    def store_restarted(self) -> bool:
        """The same of the store's database."""
        self.site.clusters["shop"].restart()
        return True

    def register_cut(self) -> bool:
        """No network between the deployment and its register."""
        return self._cut("register")

    def store_cut(self) -> bool:
        """No network between the workers and the SQL store."""
        return self._cut("shop")

    def objects_cut(self) -> bool:
        """No network between the workers and the object store."""
        return self._cut("objects")

    def _cut(self, name: str) -> bool:
        self.site.cables[name].cut(self.rng.uniform(0.05, 2.0))
        return True

    def store_stalled(self) -> bool:
        """Nothing goes through to the SQL store, and nobody is told: longer than a lease."""
        self.site.cables["shop"].stall(self.rng.uniform(0.5, 4.0))
        return True

    def register_stalled(self) -> bool:
        """The same of the register: every heartbeat comes late."""
        self.site.cables["register"].stall(self.rng.uniform(0.5, 4.0))
        return True

    def answer_lost(self) -> bool:
        """The service does what it is asked and hangs up, or hangs up at once."""
        fault = self.rng.choice((losing_the_answer, hanging_up))
        self.site.service.faults.append(fault)
        return True

    def jobs_repeated(self) -> bool:
        """Jobs that were delivered are delivered again, of open requests and of closed ones."""
        with self.site.register.connect() as connection:
            ids = list(connection.scalars(sa.text("SELECT id FROM request ORDER BY id")))
        if not ids:
            return False
        with self.site.redis as redis:
            for request_id in self.rng.sample(ids, min(8, len(ids))):
                queue = Queue(
                    self.rng.choice(QUEUES),
                    connection=redis,
                    serializer=SERIALIZER,
                    job_class=IdJob,
                )
                job = self.rng.choice(("advance", "advance", "close_out"))
                queue.enqueue(f"workflows.jobs.{job}", request_id=request_id, result_ttl=0)
        return True

    def clock_jumped(self) -> bool:
        """The register's clock goes forward, or back; its readers learn of it one by one."""
        clock.move(self.site.register, self.rng.uniform(*_JUMP_S))
        return True


FAULTS: Final[Mapping[str, Callable[[Injuries], bool]]] = {
    name: getattr(Injuries, name)
    for name in (
        "worker_killed",
        "web_killed",
        "relay_killed",
        "supervisor_killed",
        "web_server_killed",
        "queue_flushed",
        "queue_killed",
        "register_restarted",
        "store_restarted",
        "register_cut",
        "store_cut",
        "objects_cut",
        "store_stalled",
        "register_stalled",
        "answer_lost",
        "jobs_repeated",
        "clock_jumped",
    )
}

WEIGHTS: Final[Mapping[str, int]] = {
    "worker_killed": 40,
    "web_killed": 5,
    "relay_killed": 3,
    "supervisor_killed": 2,
    "web_server_killed": 1,
    "queue_flushed": 10,
    "queue_killed": 2,
    "register_restarted": 2,
    "store_restarted": 2,
    "register_cut": 5,
    "store_cut": 8,
    "objects_cut": 4,
    "store_stalled": 3,
    "register_stalled": 2,
    "answer_lost": 6,
    "jobs_repeated": 8,
    "clock_jumped": 5,
}
"""How often each comes, out of about a hundred: what costs seconds to mend comes seldom."""


def told(done: Counter[str]) -> str:
    """Return what was done, for people."""
    return json.dumps(dict(sorted(done.items())))
