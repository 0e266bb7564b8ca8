"""Relays that take deliveries at once pass by what another one is taking."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rights.store.db import reading, transaction
from rights.store.models import WebhookSubscription
from tests.services.registers import register_url
from tests.workflows.desk import Desk
from tests.workflows.receivers import Receiver
from tests.workflows.test_delivery import Post
from workflows import delivery


@pytest.fixture
def post(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Post]:
    desk = Desk(tmp_path, ("127.0.0.1", 1), register_url=register_url(request, "postgres"))
    made = Post(desk)
    yield made
    made.client.close()
    desk.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.stop()


def test_a_relay_passes_by_what_another_is_taking_and_waits_for_nobody(
    post: Post, receiver: Receiver
) -> None:
    for number in range(2):
        hook, _ = post.subscribe(receiver.url(f"/{number}"))
        post.queue(hook, count=4)
    with ThreadPoolExecutor(1) as pool, transaction(post.desk.register) as session:
        taken = list(delivery.claim(session, post.desk.context, post.desk.clock(), 3))
        delivered = pool.submit(post.deliver).result(timeout=20)
    received = [got.headers["webhook-id"] for got in receiver.received]

    assert (len(taken), delivered) == (3, 5)
    assert {one.event_id for one in taken}.isdisjoint(received)


def test_a_relay_that_hears_a_receiver_is_gone_waits_for_no_other_relay(
    post: Post, receiver: Receiver
) -> None:
    receiver.status = 410
    hook, _ = post.subscribe(receiver.url())
    post.queue(hook, count=5)
    with ThreadPoolExecutor(1) as pool, transaction(post.desk.register) as session:
        taken = list(delivery.claim(session, post.desk.context, post.desk.clock(), 3))
        assert pool.submit(post.deliver).result(timeout=20) == 0
        states = [one.state for one in post.deliveries()]
    with reading(post.desk.register) as session:
        assert session.get_one(WebhookSubscription, hook).closed_at == post.desk.clock()
    assert (len(taken), states.count("waiting"), states.count("dead")) == (3, 3, 2)

    post.desk.clock.on(seconds=delivery.LEASE.total_seconds() + 1)
    assert post.deliver() == 0
    assert {one.state for one in post.deliveries()} == {"dead"}
    assert len(receiver.received) == 1
