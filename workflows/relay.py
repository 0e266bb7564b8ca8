"""
The relay: outbox rows in, RQ jobs out; and whatever else only needs a clock.

Crash anywhere and nothing is lost: a row is marked sent after its job is in the queue, so the
worst case is a job twice. Several relays may run. This is the only module that enqueues.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from sqlalchemy import Engine, bindparam, delete, exists, or_, select, update
from sqlalchemy.exc import OperationalError
from sqlmodel import col

from rights import metrics, traces
from rights.failpoints import Point, hit
from rights.logs import at_work, get
from rights.services import outbox
from rights.services.backlog import Line
from rights.store import rows
from rights.store.columns import UtcDateTime
from rights.store.db import reading, transaction
from rights.store.models import OutboxMessage
from workflows.rqjob import SERIALIZER, IdJob

QUEUES: Final = outbox.QUEUES
JOB_SECONDS: Final = 3600
BATCH: Final = 200
DRAIN: Final = "drain"
LAST: Final = "rights_chore_last_success_timestamp_seconds"


@dataclass(slots=True)
class Chore:
    """
    Something the relay does now and then.

    Args:
        every: Seconds between two runs.
    """

    name: str
    every: float
    run: Callable[[], object]
    next: float = field(default=0.0)


class Relay:
    """
    Empties the outbox and does chores until told to stop.

    Args:
        chores: The sweep, mail, webhooks, checkpoints, purge.
        poll: Seconds between two looks at an empty outbox.
    """

    def __init__(
        self,
        register: Engine,
        redis: Redis,
        now: Callable[[], datetime],
        chores: Sequence[Chore],
        *,
        poll: float,
    ) -> None:
        self._register, self._now, self._poll = register, now, poll
        self.chores = chores
        self._queues = {
            name: Queue(name, connection=redis, serializer=SERIALIZER, job_class=IdJob)
            for name in QUEUES
        }
        self.stopping = threading.Event()

    def run(self) -> None:
        """Work until :attr:`stopping` is set; a broken Redis or register is waited for."""
        for name in (DRAIN, *(chore.name for chore in self.chores)):
            metrics.mark(LAST, time.time(), chore=name)
        threads = [
            threading.Thread(target=self._chore, args=(chore,), name=chore.name, daemon=True)
            for chore in self.chores
        ]
        for thread in threads:
            thread.start()
        while not self.stopping.is_set():
            if self._guarded(DRAIN, self.drain) != BATCH:
                self.stopping.wait(self._poll)
        for thread in threads:
            thread.join(timeout=10)

    def drain(self) -> int:
        """Enqueue waiting messages, oldest first; return how many."""
        now = self._now()
        with reading(self._register) as session:
            if not rows.read(session, _ANY, now=now)[0][0]:
                return 0
        with transaction(self._register) as session:
            connection = session.connection()
            messages: Sequence[Any] = connection.execute(_WAITING, {"now": now}).all()
            for name, queue in self._queues.items():
                self._enqueue(queue, [m for m in messages if m.queue == name])
            ids = [m.id for m in messages]
            sent = update(OutboxMessage).where(col(OutboxMessage.id).in_(ids))
            connection.execute(sent.values(sent_at=now))
        return len(messages)

    def _enqueue(self, queue: Queue, messages: Sequence[Any]) -> None:
        if not messages:
            return
        hit(Point.ENQUEUE_BEFORE)
        queue.enqueue_many(
            [
                Queue.prepare_data(
                    f"workflows.jobs.{m.job}",
                    kwargs=m.args,
                    job_id=f"outbox-{m.id}",
                    timeout=JOB_SECONDS,
                    result_ttl=0,
                    failure_ttl=3600,
                    description=m.job,
                )
                for m in messages
            ]
        )
        hit(Point.ENQUEUE_AFTER)
        self._trace(messages)

    def _trace(self, messages: Sequence[Any]) -> None:
        """Tell how long each message lay in the outbox."""
        if not traces.on():
            return
        now = self._now()
        for m in messages:
            about = m.args.get("request_id") or next(iter(m.args.values()), "")
            waited = max(0.0, (now - m.created_at).total_seconds())
            traces.note("outbox", about, waited, job=m.job, queue=m.queue)

    def _chore(self, chore: Chore) -> None:
        while not self.stopping.wait(max(0.0, chore.next - time.monotonic())):
            chore.next = time.monotonic() + chore.every
            self._guarded(chore.name, chore.run)

    def _guarded(self, name: str, run: Callable[[], object]) -> object:
        with at_work(name=name), metrics.timed("rights_chore_seconds", chore=name):
            done, outcome, pause = self._tried(name, run)
        metrics.count("rights_chore_runs_total", chore=name, outcome=outcome)
        if pause:
            self.stopping.wait(pause)
        else:
            metrics.mark(LAST, time.time(), chore=name)
        return done

    def _tried(self, name: str, run: Callable[[], object]) -> tuple[object, str, float]:
        """Return what *run* returned, how it ended, and for how many seconds to let it be."""
        try:
            return run(), "done", 0.0
        except (RedisError, OperationalError, OSError) as error:
            get().warning("relay.waits", name=name, error=type(error).__name__)
            return None, "waits", min(1.0, self._poll * 10)
        except Exception:  # noqa: BLE001 - a bug in one chore must not stop the clocks of all
            get().exception("relay.broken", name=name)
            return None, "broken", 1.0


def waiting(redis: Redis) -> dict[str, Line]:
    """Return of each queue the jobs that no worker has taken yet."""
    found = {}
    for name in QUEUES:
        queue = Queue(name, connection=redis, serializer=SERIALIZER, job_class=IdJob)
        first = queue.get_job_ids(0, 1)
        since: Any = redis.hget(IdJob.key_for(first[0]), "enqueued_at") if first else None
        found[name] = Line(queue.count, _moment(since) if since else None)
    return found


def _moment(text: bytes) -> datetime | None:
    """Return a time as the queue writes it; a job in Redis is input from outside."""
    try:
        at = datetime.fromisoformat(text.decode())
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


_DUE: Final = (
    col(OutboxMessage.sent_at).is_(None),
    or_(
        col(OutboxMessage.not_before).is_(None),
        col(OutboxMessage.not_before) <= bindparam("now", type_=UtcDateTime),
    ),
)
_ANY: Final = select(exists().where(*_DUE))
"""Asked fifty times a second while there is nothing to do, so it has to cost little."""

_WAITING: Final = (
    select(
        col(OutboxMessage.id),
        col(OutboxMessage.job),
        col(OutboxMessage.args),
        col(OutboxMessage.queue),
        col(OutboxMessage.created_at),
    )
    .where(*_DUE)
    .order_by(col(OutboxMessage.id))
    .limit(BATCH)
    .with_for_update(skip_locked=True)
)


def forget_sent(register: Engine, now: datetime) -> int:
    """Delete messages that were sent a while ago."""
    old = now - timedelta(minutes=10)
    with transaction(register) as session:
        done = session.execute(delete(OutboxMessage).where(col(OutboxMessage.sent_at) < old))
    return int(getattr(done, "rowcount", 0))
