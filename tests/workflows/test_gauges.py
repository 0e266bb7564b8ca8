"""What waits and what is late, as the relay reads it from register and queue."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from sqlalchemy import Engine

from rights import metrics
from rights.domain.breaker import Circuit
from rights.domain.kinds import Kind
from rights.domain.lifecycle import State
from rights.metrics.book import Book
from rights.metrics.facts import facts
from rights.services import datamap
from rights.services.checkpoints import checkpoint
from rights.services.regimes import regimes
from rights.store.db import transaction
from rights.store.models import (
    Lookup,
    Notice,
    OutboxMessage,
    StoreGate,
    StoreStatus,
    WebhookDelivery,
)
from tests.e2e import shop
from tests.services.registers import DATABASES, NOW, new_request, opened, signer, write
from tests.web.house import settings_for
from workflows import gauges
from workflows.building import context_for
from workflows.embedded.valkey import Valkey
from workflows.rqjob import SERIALIZER, IdJob

DAY = timedelta(days=1)
Values = dict[str, dict[tuple[str, ...], float]]


@pytest.fixture(params=DATABASES)
def register(request: pytest.FixtureRequest) -> Engine:
    return opened(request, request.param)


def _read(register: Engine, tmp_path: Path, now: Any = NOW) -> Values:
    """Return every reading by the values of its labels."""
    (tmp_path / "map.yaml").write_text(shop.MAP, encoding="utf-8")
    with transaction(register) as session:
        found = gauges.of_register(session, datamap.load(tmp_path / "map.yaml"), regimes(), now)
    return {
        name: {tuple(labels.values()): value for labels, value in each}
        for name, each in found.items()
    }


def _clock(received: int, promised: int, **values: Any) -> dict[str, Any]:
    """Return the dates of a request, in days before and after now."""
    dates = {"received_at": NOW - received * DAY, "promised_at": NOW + promised * DAY}
    return {**dates, "state": State.IN_PROGRESS, "regimes": ["cn_general"], **values}


def test_what_is_open_due_soon_and_late_is_counted_by_kind_and_law(
    register: Engine, tmp_path: Path
) -> None:
    both = {"regimes": ["eu_gdpr", "cn_general"]}
    rows = [
        _clock(1, 14),  # time enough
        _clock(12, 3),  # more than three quarters
        _clock(20, -5),  # late
        _clock(17, -2, state=State.ON_HOLD),
        _clock(20, -5, state=State.VERIFYING, next_at=NOW),  # it waits for the person
        _clock(40, -10, kind=Kind.DELETION, **both),
        _clock(40, -10, state=State.FULFILLED, closed_at=NOW),
        _clock(40, -25, state=State.FULFILLED, closed_at=NOW),  # answered, and not sent
    ]
    with transaction(register) as session:
        made = [new_request(session, n, **row) for n, row in enumerate(rows)]
        letter: dict[str, Any] = {"event": "outcome", "next_at": NOW, "created_at": NOW}
        session.add(Notice(request_id=made[-1].id, **letter))

    found = _read(register, tmp_path)

    mine, theirs = ("access", "cn_general"), ("deletion", "cn_general+eu_gdpr")
    assert found["rights_requests_open"] == {
        (*mine, "in_progress"): 3,
        (*mine, "on_hold"): 1,
        (*mine, "verifying"): 1,
        (*theirs, "in_progress"): 1,
    }
    assert found["rights_requests_due_soon"] == {mine: 1, theirs: 0}
    assert found["rights_requests_late"] == {mine: 3, theirs: 1}
    assert found["rights_requests_oldest_late_seconds"] == {
        mine: 25 * DAY.total_seconds(),
        theirs: 10 * DAY.total_seconds(),
    }


def test_what_has_a_law_that_no_file_describes_is_counted(register: Engine, tmp_path: Path) -> None:
    gone = {"regimes": ["cn_general", "zz_old"]}
    rows = [
        _clock(1, 14),
        _clock(1, 14, regimes=[]),
        _clock(1, 14, **gone),
        _clock(1, 14, **gone),
        _clock(40, -10, state=State.FULFILLED, closed_at=NOW, **gone),
    ]
    with transaction(register) as session:
        for number, row in enumerate(rows):
            new_request(session, number, **row)

    found = _read(register, tmp_path)

    assert found["rights_requests_law_unknown"] == {("access", "cn_general+zz_old"): 2}


def test_what_waits_is_counted_with_its_age(register: Engine, tmp_path: Path) -> None:
    before: dict[str, Any] = {"created_at": NOW - timedelta(seconds=40)}
    later = NOW + timedelta(seconds=5)
    with transaction(register) as session:
        session.add_all(
            [
                OutboxMessage(job="advance", queue="urgent", **before),
                OutboxMessage(job="advance", queue="urgent", not_before=NOW, **before),
                OutboxMessage(job="advance", queue="urgent", not_before=later, **before),
                OutboxMessage(job="advance", sent_at=NOW, **before),
                Lookup(question="counts", sealed_input=b"x", expires_at=later, **before),
                Lookup(question="counts", sealed_input=b"x", expires_at=NOW, **before),
                Notice(request_id="0", event="received", next_at=later, **before),
                Notice(request_id="0", event="received", state="sent", **before),
                *(
                    WebhookDelivery(
                        subscription_id="0", event_id="0", event="x", body="", state=state, **before
                    )
                    for state in ("waiting", "dead", "dead", "delivered")
                ),
            ]
        )

    found = _read(register, tmp_path)

    assert found["rights_outbox_waiting"] == {("urgent",): 2, ("urgent_work",): 0, ("work",): 0}
    assert found["rights_outbox_oldest_seconds"] == {
        ("urgent",): 40,
        ("urgent_work",): 0,
        ("work",): 0,
    }
    for name in ("lookups", "notices"):
        assert found[f"rights_{name}_waiting"] == {(): 1}
        assert found[f"rights_{name}_oldest_seconds"] == {(): 40}
    assert found["rights_deliveries"] == {("waiting",): 1, ("dead",): 2}
    assert found["rights_deliveries_oldest_seconds"] == {(): 40}


def test_stores_and_the_trail_are_told_as_they_stand(register: Engine, tmp_path: Path) -> None:
    first = _read(register, tmp_path)
    with transaction(register) as session:
        session.add(StoreGate(store="shop", circuit=Circuit.OPEN))
        session.add(StoreGate(store="no-longer-in-the-map", circuit=Circuit.OPEN))
        session.add(StoreStatus(store="shop", connector="sql", healthy=False, checked_at=NOW))
        request = new_request(session, 1, **_clock(0, 15))
        write(session, request, "received", now=NOW - timedelta(seconds=30))
    second = _read(register, tmp_path)
    with transaction(register) as session:
        checkpoint(session, signer(), NOW)
    third = _read(register, tmp_path, NOW + timedelta(seconds=20))

    assert first["rights_store_circuit"] == {("shop", "sql", "closed"): 1}
    assert first["rights_store_healthy"] == {}
    assert second["rights_store_circuit"] == {("shop", "sql", "open"): 1}
    assert second["rights_store_healthy"] == {("shop", "sql"): 0}
    unsigned = [x["rights_audit_unsigned_seconds"][()] for x in (first, second, third)]
    assert unsigned == [0, 30, 0]
    ages = [x["rights_audit_checkpoint_age_seconds"] for x in (first, second, third)]
    assert ages == [{}, {}, {(): 20}]


def test_an_empty_register_says_so_with_every_metric(register: Engine, tmp_path: Path) -> None:
    found = _read(register, tmp_path)
    queues = {"rights_queue_waiting", "rights_queue_oldest_seconds"}
    readings = {name for name, fact in facts().items() if fact.type == "reading"}

    assert set(found) | queues == readings


def test_queues_are_read_with_their_age_and_forgotten_when_redis_is_away(
    request: pytest.FixtureRequest,
    private_valkey: Valkey,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    register = opened(request, "sqlite")
    (tmp_path / "map.yaml").write_text(shop.MAP, encoding="utf-8")
    settings = settings_for(
        "sqlite://", private_valkey.url, tmp_path, datamap=tmp_path / "map.yaml"
    )
    book, redis = Book("relay", None), Redis.from_url(private_valkey.url)
    monkeypatch.setattr(metrics, "_book", [book])
    bell = Queue("work", connection=redis, serializer=SERIALIZER, job_class=IdJob)
    jobs = [bell.enqueue("workflows.jobs.advance", kwargs={"request_id": "0"}) for _ in range(2)]
    read: Callable[[Any], None] = lambda now: gauges.read(  # noqa: E731
        register, redis, context_for(settings), lambda: now
    )
    since = jobs[0].enqueued_at
    assert since is not None

    read(since + timedelta(seconds=90))
    told = book.text().decode().splitlines()
    redis.hset(jobs[0].key, "enqueued_at", "not a time")
    read(since)
    private_valkey.stop()
    with pytest.raises(RedisError):
        read(since)

    assert 'rights_queue_waiting{queue="work"} 2.0' in told
    assert 'rights_queue_oldest_seconds{queue="work"} 90.0' in told
    assert 'rights_queue_waiting{queue="urgent"} 0.0' in told
    left = book.text().decode()
    assert "rights_queue_waiting{" not in left
    assert "rights_outbox_waiting{" in left
