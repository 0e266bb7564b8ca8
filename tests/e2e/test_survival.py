"""Workers are killed and Redis is emptied, again and again; every request still ends, once."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from redis import Redis
from sqlalchemy import Engine
from sqlmodel import col, func, select

from rights.domain.kinds import Kind
from rights.domain.lifecycle import State
from rights.services import intake
from rights.services.checkpoints import verify
from rights.services.context import Context
from rights.services.datamap import parse
from rights.services.live_settings.in_force import InForce
from rights.services.regimes import regimes
from rights.services.signing import Signer
from rights.settings import Settings
from rights.store.db import RegisterClock, open_engine, reading, transaction
from rights.store.keys import Keyring
from rights.store.migrate import upgrade
from rights.store.models import JournalRow, Package, ReceiptRow, Request
from rights.store.vault import Vault
from tests.e2e import shop
from tests.e2e.processes import KEY, SEED, children, environment, running
from tests.proved import proved

REQUESTS = 100
"""At least; as many as it takes for every kill to fall while some of them are at work."""
KILLS = 50
FLUSHES = 5
PEOPLE = 500
AT_WORK = 6


@pytest.mark.slow
@pytest.mark.timeout(420)
def test_fifty_kills_and_five_flushes_cost_time_and_nothing_else(
    postgres_database: Callable[..., str],
    private_redis_url: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    register_url, shop_url = postgres_database(), postgres_database()
    store, engine = shop.fill(shop_url, PEOPLE), open_engine(register_url)
    request.addfinalizer(store.dispose)
    request.addfinalizer(engine.dispose)
    upgrade(register_url)
    env = environment(
        tmp_path, register=register_url, redis=private_redis_url, shop=shop_url, map_text=shop.MAP
    )
    desk = Desk(engine, tmp_path)
    redis = Redis.from_url(private_redis_url)
    log = tmp_path / "log"

    with (
        running("relay", env=env, log=log),
        running("worker", "--count", "4", env=env, log=log) as w,
    ):
        _kill_and_flush(w, redis, random.Random(7), desk)
        while desk.asked < REQUESTS:
            desk.hand_in()
        _wait_until_closed(engine, within_s=180)

    _all_ended_once(engine, desk)
    _stores_are_right(store, desk.deleted)
    report = verify(engine, Signer(SEED))
    assert report.ok, report.problems
    assert "@example.com" not in log.read_text(errors="replace")


class Desk:
    """Takes in deletions and copies in turn, of one person after the other."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        settings = Settings(
            database_url="sqlite://",
            redis_url="redis://unused",
            blobs_url=(folder / "blobs").as_uri(),
            keys=KEY,
            signing_key=SEED,
        )
        self._context = Context(
            InForce(settings), Vault(Keyring.parse(KEY)), parse(shop.MAP), regimes()
        )
        self._engine, self._now = engine, RegisterClock(engine).now
        self.asked = 0
        self.deleted: dict[str, int] = {}

    def hand_in(self) -> None:
        """Take in one more."""
        self.asked += 1
        assert self.asked <= PEOPLE, "requests end faster than workers can be killed"
        kind = Kind.DELETION if self.asked % 2 else Kind.COPY
        new = proved(self._context.datamap, kind, self.asked)
        with transaction(self._engine) as session:
            request, _ = intake.submit(session, self._context, new, now=self._now())
            if kind is Kind.DELETION:
                self.deleted[request.id] = self.asked

    def at_work(self) -> int:
        """Return how many are not closed."""
        query = select(func.count()).where(col(Request.state) != State.FULFILLED)
        with reading(self._engine) as session:
            return int(session.exec(query).one())

    def keep_busy(self) -> None:
        """Take in so many that workers have something to do."""
        for _ in range(AT_WORK - self.at_work()):
            self.hand_in()


def _kill_and_flush(
    supervisor: psutil.Process, redis: Redis, rng: random.Random, desk: Desk
) -> None:
    """Kill worker after worker, each while requests are being worked on."""
    flushes = sorted(rng.sample(range(KILLS), FLUSHES))
    killed = 0
    while killed < KILLS:
        desk.keep_busy()
        victim = rng.choice(children(supervisor, count=1))
        time.sleep(rng.uniform(0.02, 0.35))
        if not desk.at_work():
            continue
        try:
            victim.kill()
        except psutil.NoSuchProcess:
            continue
        if killed in flushes:
            redis.flushall()
        killed += 1


def _wait_until_closed(engine: Engine, within_s: float) -> None:
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        with reading(engine) as session:
            open_ = session.exec(
                select(func.count()).where(col(Request.state) != State.FULFILLED)
            ).one()
        if not open_:
            return
        time.sleep(0.2)
    with reading(engine) as session:
        left = session.exec(select(Request).where(col(Request.state) != State.FULFILLED)).all()
    raise AssertionError([(r.id, r.state, r.wait, r.next_at) for r in left])


def _all_ended_once(engine: Engine, desk: Desk) -> None:
    with reading(engine) as session:
        assert session.exec(select(func.count()).select_from(ReceiptRow)).one() == desk.asked
        packages = session.exec(select(Package)).all()
        assert len(packages) == desk.asked - len(desk.deleted)
        assert all(p.state == "ready" for p in packages)
        for request_id in desk.deleted:
            rows = session.exec(select(JournalRow).where(JournalRow.request_id == request_id)).all()
            done = {r.collection: r.affected for r in rows}
            assert done == {"shop.users": 1, "shop.orders": 3, "shop.items": 6}
            assert len(rows) == len(done)


def _stores_are_right(store: Engine, deleted: dict[str, int]) -> None:
    gone = set(deleted.values())
    for person in range(1, PEOPLE + 1):
        expected = shop.GONE if person in gone else shop.WHOLE
        assert shop.rows_of(store, person) == expected, person
