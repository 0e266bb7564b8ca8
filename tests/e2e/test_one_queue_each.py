"""
One queue for each worker: no kind of work is in the way of another, and what a worker took from
its queue and did not begin is rung for when its place is filled.
"""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil
import pytest
from redis import Redis
from rq import Queue, Worker
from rq.worker import BaseWorker
from sqlalchemy import Engine
from sqlmodel import col, func, select

from rights.domain.kinds import Kind
from rights.domain.lifecycle import TERMINAL, State
from rights.services import intake
from rights.services.context import Context
from rights.services.datamap import parse
from rights.services.live_settings.in_force import InForce
from rights.services.outbox import FIRST, QUEUES, URGENT, WORK
from rights.services.regimes import regimes
from rights.settings import Settings
from rights.store.db import RegisterClock, open_engine, reading, transaction
from rights.store.keys import Keyring
from rights.store.migrate import upgrade
from rights.store.models import Request
from rights.store.vault import Vault
from tests.e2e import shop
from tests.e2e.processes import KEY, SEED, environment, running
from tests.proved import proved
from workflows.rqjob import SERIALIZER

PEOPLE = 50
FLOOD = 30
WITHIN_S = 180.0
"""A busy machine takes its time to start them."""


@dataclass
class Deployment:
    """A register, a store and a queue; requests are handed in beside the web."""

    engine: Engine
    redis: Redis
    env: dict[str, str] = field(repr=False)
    log: Path
    context: Context

    def hand_in(self, kind: Kind, person: int, *laws: str) -> str:
        """Take one request in; return its id."""
        new = replace(proved(self.context.datamap, kind, person), regimes=laws)
        with transaction(self.engine) as session:
            made, _ = intake.submit(
                session, self.context, new, now=RegisterClock(self.engine).now()
            )
            return made.id

    def ended(self, ids: Collection[str]) -> set[str]:
        """Return those that have ended."""
        query = select(Request.id).where(col(Request.id).in_(ids), col(Request.state).in_(TERMINAL))
        with reading(self.engine) as session:
            return set(session.exec(query))

    def wait_for(self, *ids: str) -> None:
        """Wait until all of them have ended."""
        self.until(lambda: self.ended(ids) == set(ids))

    def until(self, true: Callable[[], bool]) -> None:
        """Wait for it; fail when it does not come."""
        ends = time.monotonic() + WITHIN_S
        while not true():
            assert time.monotonic() < ends, self.log.read_text(errors="replace")[-4000:]
            time.sleep(0.02)

    def workers(self, count: int) -> list[BaseWorker]:
        """Return the workers as they say of themselves, once there are so many."""
        found: list[BaseWorker] = []

        def there() -> bool:
            found[:] = Worker.all(connection=self.redis, serializer=SERIALIZER)
            return len([w for w in found if w.queue_names()]) >= count

        self.until(there)
        return found

    def stop(self, workers: Collection[BaseWorker], *queues: str) -> list[psutil.Process]:
        """Have the workers of these queues do nothing, as if they were at one long work."""
        held = [psutil.Process(w.pid) for w in workers if w.queue_names()[0] in queues]
        for one in held:
            one.send_signal(signal.SIGSTOP)
        return held

    def waiting(self, queue: str) -> int:
        """Return how many doorbells nobody has taken from a queue."""
        return Queue(queue, connection=self.redis, serializer=SERIALIZER).count

    def said(self, event: str) -> list[dict[str, object]]:
        """Return the log's lines of one event."""
        lines = self.log.read_text(errors="replace").splitlines()
        return [json.loads(x) for x in lines if x.startswith("{") and f'"{event}"' in x]


@pytest.fixture
def deployment(
    postgres_database: Callable[..., str], private_redis_url: str, tmp_path: Path
) -> Iterator[Deployment]:
    register_url, shop_url = postgres_database(), postgres_database()
    shop.fill(shop_url, PEOPLE).dispose()
    upgrade(register_url)
    env = environment(
        tmp_path, register=register_url, redis=private_redis_url, shop=shop_url, map_text=shop.MAP
    )
    settings = Settings(
        database_url=register_url,
        redis_url=private_redis_url,
        blobs_url=(tmp_path / "blobs").as_uri(),
        keys=KEY,
        signing_key=SEED,
    )
    context = Context(InForce(settings), Vault(Keyring.parse(KEY)), parse(shop.MAP), regimes())
    engine = open_engine(register_url)
    redis = Redis.from_url(private_redis_url)
    yield Deployment(engine, redis, env, tmp_path / "log", context)
    engine.dispose()


def _cancellation(at: Deployment, person: int) -> str:
    return at.hand_in(Kind.ACCOUNT_CANCELLATION, person, "cn_ecommerce")


@pytest.mark.timeout(600)
@pytest.mark.requirement("R-E24-1")
def test_no_queue_waits_while_workers_of_the_others_are_at_long_work(
    deployment: Deployment,
) -> None:
    at = deployment
    with (
        running("relay", env=at.env, log=at.log),
        running("worker", "--count", "2", env=at.env, log=at.log),
    ):
        workers = at.workers(3)
        assert sorted(w.queue_names() for w in workers) == sorted([one] for one in QUEUES)

        held = at.stop(workers, WORK)
        long = at.hand_in(Kind.DELETION, 1)
        at.wait_for(_cancellation(at, 2), at.hand_in(Kind.RECOMMENDATION_OPT_OUT, 3))
        assert at.ended([long]) == set()

        held += at.stop(workers, FIRST)
        flood = [_cancellation(at, person) for person in range(10, 10 + FLOOD)]
        at.wait_for(at.hand_in(Kind.RECOMMENDATION_OPT_OUT, 5))
        assert at.ended([long, *flood]) == set()
        assert at.waiting(URGENT) == 0
        assert at.waiting(FIRST) >= FLOOD - 1  # one was handed to the stopped worker's connection

        for one in held:
            one.send_signal(signal.SIGCONT)
        at.wait_for(long)
        held = at.stop(workers, URGENT, FIRST)
        at.wait_for(at.hand_in(Kind.DELETION, 6))
        for one in held:
            one.send_signal(signal.SIGCONT)


@pytest.mark.timeout(600)
def test_what_a_killed_worker_took_and_did_not_begin_is_rung_for_when_it_is_replaced(
    deployment: Deployment,
) -> None:
    """Each child ends after it has taken its third doorbell; no sweep rings in all the time."""
    at = deployment
    env = {
        **at.env,
        "RIGHTS_SWEEP_S": "3600",
        "RIGHTS_FAILPOINTS_ALLOWED": "true",
    }
    ends = {**env, "RIGHTS_FAILPOINT": "doorbell.answer.before:3"}
    untidy = select(func.count()).where(
        (col(Request.state) != State.FULFILLED) | col(Request.next_at).is_not(None)
    )

    def tidy() -> bool:
        with reading(at.engine) as session:
            return session.exec(untidy).one() == 0

    with running("relay", env=env, log=at.log), running("worker", env=ends, log=at.log):
        for person in range(1, 5):
            at.hand_in(Kind.DELETION, person)
        at.hand_in(Kind.COPY, 6)
        at.until(tidy)

    assert len(at.said("worker.rung_again")) >= 2
    assert len(at.said("worker.restarted")) >= len(at.said("worker.rung_again"))
