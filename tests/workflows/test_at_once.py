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
def test_a_worker_takes_a_cancellation_of_e_commerce_before_what_waits_longer(
    shop: Shop, private_redis_url: str
) -> None:
    floor = shop.floor()
    earlier = ask(floor, Kind.DELETION, who(NOA), regimes=("cn_ecommerce",))
    first = ask(floor, Kind.ACCOUNT_CANCELLATION, who(MIA), regimes=("cn_ecommerce",))
    settings: Settings = shop.settings.model_copy(update={"redis_url": private_redis_url})
    Relay(floor.register, Redis.from_url(private_redis_url), floor.now, [], poll=1).drain()

    worker.serve(parts_for(settings), outbox.URGENT, burst=True)
    untouched = [request_of(floor, one).state for one in (first, earlier)]
    worker.serve(parts_for(settings), outbox.WORK, burst=True)

    done = [request_of(floor, one) for one in (first, earlier)]
    assert untouched == [State.IN_PROGRESS] * 2  # who serves switches serves nothing else
    assert [one.state for one in done] == [State.FULFILLED] * 2
    ends = [one.closed_at for one in done if one.closed_at]
    assert ends == sorted(ends)
    assert len(set(ends)) == 2
    assert done[0].received_at > done[1].received_at
