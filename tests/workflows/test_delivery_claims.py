"""Relays that claim deliveries at once pass by what another one is taking."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rights.store.db import transaction
from tests.services.registers import register_url
from tests.workflows.desk import Desk
from tests.workflows.receivers import Receiver
from tests.workflows.test_delivery import Post
from workflows import delivery


def test_a_relay_passes_by_what_another_is_taking_and_waits_for_nobody(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    desk = Desk(tmp_path, ("127.0.0.1", 1), register_url=register_url(request, "postgres"))
    post, receiver = Post(desk), Receiver()
    for number in range(2):
        hook, _ = post.subscribe(receiver.url(f"/{number}"))
        post.queue(hook, count=4)
    with ThreadPoolExecutor(1) as pool, transaction(desk.register) as session:
        taken = list(delivery._claim(session, desk.context, desk.clock(), 3))  # noqa: SLF001
        delivered = pool.submit(post.deliver).result(timeout=20)
    received = [got.headers["webhook-id"] for got in receiver.received]
    post.client.close()
    receiver.stop()
    desk.close()

    assert (len(taken), delivered) == (3, 5)
    assert {one.event_id for one in taken}.isdisjoint(received)
