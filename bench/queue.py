"""Many requests at once through relay, RQ and two workers of such work; and one alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, String, any_, exists, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import col, func
from sqlmodel import select as model_select

from bench.house import House
from rights.domain.kinds import Kind
from rights.domain.lifecycle import State
from rights.services import intake
from rights.services.context import Context
from rights.services.datamap import load
from rights.services.live_settings.in_force import InForce
from rights.services.regimes import regimes
from rights.settings import Settings
from rights.store.db import RegisterClock, open_engine, reading, transaction
from rights.store.keys import Keyring
from rights.store.models import Notice, Request
from rights.store.vault import Vault
from tests.proved import proved


@dataclass(frozen=True, slots=True)
class Desk:
    """Where proved requests are handed in, beside the web process."""

    engine: Engine
    context: Context
    now: Callable[[], datetime]

    def hand_in(self, kind: Kind, people: Iterable[int]) -> list[str]:
        """Submit one request per person, each in its own transaction; return their ids."""
        return [self._one(kind, person) for person in people]

    def _one(self, kind: Kind, person: int) -> str:
        new = proved(self.context.datamap, kind, person)
        with transaction(self.engine) as session:
            request, _ = intake.submit(session, self.context, new, now=self.now())
            return request.id

    def wait_until_closed(self, ids: list[str], *, within_s: float) -> None:
        """Wait until all are fulfilled. Raises TimeoutError."""
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            if self.closed(ids) == len(ids):
                return
            time.sleep(0.005 if len(ids) == 1 else 0.05)
        raise TimeoutError("requests did not end")

    def wait_until_tidy(self, *, within_s: float) -> None:
        """
        Wait until nothing of any request is left to do, spools and frozen keys included.

        What one measurement leaves behind must not slow the next, the bare program's least of all.
        """
        until = time.monotonic() + within_s
        left = exists().where(col(Request.next_at).is_not(None))
        told = exists().where(col(Notice.state) == "waiting")
        while time.monotonic() < until:
            with reading(self.engine) as session:
                if not session.connection().execute(select(or_(left, told))).scalar():
                    return
            time.sleep(0.1)
        raise TimeoutError("what follows the end of requests was not done")

    def waits(self, ids: list[str]) -> list[float]:
        """Return how long each waited from the first hand-in to its end, in seconds, in order."""
        with reading(self.engine) as session:
            rows = session.exec(model_select(Request).where(col(Request.id).in_(ids))).all()
        first = min(r.received_at for r in rows)
        return sorted((r.closed_at - first).total_seconds() for r in rows if r.closed_at)

    def closed(self, ids: list[str]) -> int:
        """Count those of *ids* that are fulfilled; asked often, so it has to cost little."""
        among = col(Request.id) == any_(literal(ids, ARRAY(String)))
        query = model_select(func.count()).where(among, col(Request.state) == State.FULFILLED)
        with reading(self.engine) as session:
            return int(session.exec(query).one())


def desk(at: House) -> Desk:
    """Open the register of a house."""
    settings = Settings(
        database_url=at.register,
        redis_url=at.env["RIGHTS_REDIS_URL"],
        blobs_url=at.env["RIGHTS_BLOBS_URL"],
        keys=at.env["RIGHTS_KEYS"],
        signing_key=at.env["RIGHTS_SIGNING_KEY"],
    )
    engine = open_engine(at.register)
    vault = Vault(Keyring.parse(at.env["RIGHTS_KEYS"]))
    datamap = load(at.folder / "map.yaml")
    return Desk(
        engine, Context(InForce(settings), vault, datamap, regimes()), RegisterClock(engine).now
    )


@dataclass(frozen=True, slots=True)
class Load:
    """
    What came of a measurement of one kind.

    Args:
        per_minute: Requests per minute, one figure per round.
        bare: The bare program's, of the same rounds.
        fairness: The median's wait over the last one's, per round.
        single_ms: Times of single requests.
    """

    per_minute: list[float]
    bare: list[float]
    fairness: list[float]
    single_ms: list[float]


def rounds(
    desk_: Desk,
    kind: Kind,
    people: Iterable[int],
    bare: Callable[[list[int]], float],
    *,
    count: int = 5,
    each: int = 200,
    singles: int = 20,
) -> Load:
    """Measure *count* rounds, interleaved with the bare program; then single requests."""
    source = iter(people)
    found = Load([], [], [], [])
    for person in [next(source) for _ in range(4)]:  # connections, caches, prepared statements
        desk_.wait_until_closed(desk_.hand_in(kind, [person]), within_s=30)
    for _ in range(count):
        desk_.wait_until_tidy(within_s=120)
        found.bare.append(bare([next(source) for _ in range(each)]))
        started = time.perf_counter()
        ids = desk_.hand_in(kind, [next(source) for _ in range(each)])
        desk_.wait_until_closed(ids, within_s=120)
        found.per_minute.append(each * 60 / (time.perf_counter() - started))
        waits = desk_.waits(ids)
        found.fairness.append(waits[len(waits) // 2] / waits[-1])
    desk_.wait_until_tidy(within_s=120)
    for _ in range(singles):
        started = time.perf_counter()
        desk_.wait_until_closed(desk_.hand_in(kind, [next(source)]), within_s=30)
        found.single_ms.append((time.perf_counter() - started) * 1000)
    return found
