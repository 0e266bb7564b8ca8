"""Whose work goes first: what a law wants done at once, before what was asked earlier."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from rights.domain.kinds import Kind
from rights.domain.lifecycle import State
from rights.services import outbox
from rights.settings import Settings
from tests.workflows.held_shop import MIA, NOA, Shop, shop_at, who
from tests.workflows.house import ask, request_of
from workflows import worker
from workflows.building import parts_for
from workflows.relay import Relay


@pytest.fixture
def shop(
    tmp_path: Path, sqlite_url: str, private_redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shop]:
    monkeypatch.setenv("RIGHTS_SECRET_SHOP_URL", sqlite_url)
    made = shop_at(sqlite_url, tmp_path, retention="none")
    made.staff()
    yield made
    made.close()


@pytest.mark.requirement("R-E24-1")
def test_a_cancellation_of_e_commerce_waits_for_no_other_work(
    shop: Shop, private_redis_url: str
) -> None:
    floor = shop.floor()
    earlier = ask(floor, Kind.DELETION, who(NOA), regimes=("cn_ecommerce",))
    first = ask(floor, Kind.ACCOUNT_CANCELLATION, who(MIA), regimes=("cn_ecommerce",))
    settings: Settings = shop.settings.model_copy(update={"redis_url": private_redis_url})
    Relay(floor.register, Redis.from_url(private_redis_url), floor.now, [], poll=1).drain()

    worker.serve(parts_for(settings), outbox.URGENT, burst=True)
    untouched = [request_of(floor, one).state for one in (first, earlier)]
    worker.serve(parts_for(settings), outbox.FIRST, burst=True)
    alone = [request_of(floor, one).state for one in (first, earlier)]
    worker.serve(parts_for(settings), outbox.WORK, burst=True)

    assert untouched == [State.IN_PROGRESS] * 2  # who serves switches serves nothing else
    assert alone == [State.FULFILLED, State.IN_PROGRESS]
    assert request_of(floor, earlier).state is State.FULFILLED


@pytest.mark.parametrize("count", range(1, 65))
def test_no_queue_is_without_a_worker_however_few_there_are(count: int) -> None:
    queues = worker.shared_out(count)

    assert set(queues) == set(outbox.QUEUES)
    assert len(queues) == max(3, count)
    assert queues.count(outbox.URGENT) == 1
    assert queues.count(outbox.FIRST) <= max(1, queues.count(outbox.WORK))
