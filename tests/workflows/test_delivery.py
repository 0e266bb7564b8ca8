"""Webhooks: signed, repeated, given up, and never in each other's way."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlmodel import col, select

from rights import logs
from rights.domain import signing
from rights.domain.errors import Unauthenticated
from rights.domain.kinds import Kind
from rights.net import Client, Guard
from rights.services import audit, backend_uses, equal_service, subscriptions, webhooks
from rights.store.db import reading, transaction
from rights.store.models import Backend, Entry, WebhookDelivery, WebhookSubscription
from tests.services.registers import DATABASES, register_url
from tests.workflows.desk import EMAIL, Desk
from tests.workflows.receivers import Receiver
from workflows import delivery
from workflows.delivery import deliver_due

BACKEND = "b" * 32


class Post:
    """A desk, and a client that may reach the receivers of the test."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.guard = Guard(["127.0.0.0/8"])
        self.client = Client(self.guard)

    def subscribe(self, url: str, *, events: Sequence[str] = webhooks.EVENTS) -> tuple[str, str]:
        """Return a subscription's id and its secret."""
        with transaction(self.desk.register) as session:
            row, secret = subscriptions.add(
                session,
                self.desk.context.vault,
                self.guard,
                BACKEND,
                url=url,
                events=events,
                now=self.desk.clock(),
            )
            return row.id, secret

    def queue(self, subscription_id: str, *, count: int = 1) -> None:
        with transaction(self.desk.register) as session:
            to = session.get_one(WebhookSubscription, subscription_id)
            for _ in range(count):
                webhooks.queue(session, to, "test", {}, now=self.desk.clock())

    def deliver(self, **more: Any) -> int:
        return deliver_due(
            self.desk.register, self.desk.context, self.desk.clock, self.client, **more
        )

    def deliveries(self) -> list[WebhookDelivery]:
        with reading(self.desk.register) as session:
            return list(session.exec(select(WebhookDelivery).order_by(col(WebhookDelivery.id))))


@pytest.fixture(params=["sqlite"])
def post(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Post]:
    url = register_url(request, request.param)
    desk = Desk(tmp_path, ("127.0.0.1", 1), register_url=url)
    made = Post(desk)
    yield made
    made.client.close()
    desk.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.stop()


@pytest.fixture
def log() -> io.StringIO:
    stream = io.StringIO()
    logs.configure(stream)
    return stream


def test_a_delivery_verifies_with_the_subscribers_secret_and_no_other(
    post: Post, receiver: Receiver
) -> None:
    _, secret = post.subscribe(receiver.url("/hook?x=1"))
    request_id = post.desk.typed(Kind.DELETION, backend_id=BACKEND)

    assert post.deliver() == 1

    got = receiver.received[0]
    signed = signing.verify([secret], got.headers, got.body, post.desk.clock())
    assert signed.id == post.deliveries()[0].event_id
    with pytest.raises(Unauthenticated):
        other = signing.secret_of(b"x" * 32)
        signing.verify([other], got.headers, got.body, post.desk.clock())
    assert got.path == "/hook?x=1"
    body = orjson.loads(got.body)
    assert body["type"] == "request.verifying"
    assert body["data"]["request_id"] == request_id


def test_a_body_has_ids_and_codes_and_nobodys_address(post: Post, receiver: Receiver) -> None:
    post.subscribe(receiver.url())
    post.desk.typed(Kind.DELETION, backend_id=BACKEND)
    post.deliver()

    got = receiver.received[0]
    assert EMAIL.lower() not in (got.body.decode() + str(got.headers)).lower()
    assert set(orjson.loads(got.body)["data"]) == {
        "request_id",
        "kind",
        "option",
        "state",
        "wait",
        "due_at",
    }


def test_only_what_was_subscribed_to_is_sent(post: Post, receiver: Receiver) -> None:
    post.subscribe(receiver.url(), events=["package.ready"])
    post.desk.typed(backend_id=BACKEND)

    assert post.deliver() == 0
    assert receiver.received == []


def test_a_delivery_is_sent_once(post: Post, receiver: Receiver) -> None:
    hook, _ = post.subscribe(receiver.url())
    post.queue(hook)

    assert [post.deliver(), post.deliver()] == [1, 0]
    done = post.deliveries()[0]
    assert (done.state, done.attempts, done.last_status) == ("delivered", 1, 204)
    assert done.delivered_at == post.desk.clock()


def test_a_repeat_has_the_same_id_and_a_new_time(post: Post, receiver: Receiver) -> None:
    hook, secret = post.subscribe(receiver.url())
    post.queue(hook)
    receiver.status = 500
    post.deliver()
    receiver.status = 200
    post.desk.clock.on(seconds=6)

    assert post.deliver() == 1

    first, second = (
        signing.verify([secret], got.headers, got.body, post.desk.clock())
        for got in receiver.received
    )
    assert first.id == second.id
    assert second.at - first.at == timedelta(seconds=6)


@pytest.mark.parametrize("status", [400, 404, 429, 500, 503, 301])
def test_what_is_not_taken_is_tried_again_with_growing_pauses_and_then_dead(
    post: Post, receiver: Receiver, log: io.StringIO, status: int
) -> None:
    receiver.status = status
    hook, _ = post.subscribe(receiver.url())
    post.queue(hook)
    pauses = []
    for _ in range(7):
        assert post.deliver() == 0
        row = post.deliveries()[0]
        if row.next_at is not None:
            pauses.append((row.next_at - post.desk.clock()).total_seconds())
            post.desk.clock.at = row.next_at

    assert pauses == list(post.desk.context.settings.webhook_backoff_s)
    assert (row.state, row.attempts, row.last_status) == ("dead", 7, status)
    assert post.deliver() == 0
    assert len(receiver.received) == 7
    assert "delivery.dead" in log.getvalue()


def test_a_dead_delivery_is_listed_and_can_be_sent_again(post: Post, receiver: Receiver) -> None:
    hook, _ = post.subscribe(receiver.url())
    post.queue(hook)
    lost = post.deliveries()[0]
    with transaction(post.desk.register) as session:
        row = session.get_one(WebhookDelivery, lost.id)
        row.state, row.attempts, row.next_at = "dead", 7, None
    with transaction(post.desk.register) as session:
        to = session.get_one(WebhookSubscription, hook)
        assert [d.id for d in subscriptions.deliveries(session, to, state="dead")] == [lost.id]
        webhooks.redeliver(session, lost.id, BACKEND, now=post.desk.clock())

    assert post.deliver() == 1


def test_a_receiver_that_asks_for_time_gets_it(post: Post) -> None:
    receiver = Receiver(status=429, Retry_After="90")
    hook, _ = post.subscribe(receiver.url())
    post.queue(hook)
    post.deliver()

    assert post.deliveries()[0].next_at == post.desk.clock() + timedelta(seconds=90)
    receiver.stop()


def test_a_receiver_that_is_gone_is_not_asked_again(post: Post, receiver: Receiver) -> None:
    receiver.status = 410
    hook, _ = post.subscribe(receiver.url())
    post.queue(hook, count=3)

    assert post.deliver() == 0

    assert len(receiver.received) == 1
    assert {d.state for d in post.deliveries()} == {"dead"}
    with reading(post.desk.register) as session:
        assert session.get_one(WebhookSubscription, hook).closed_at == post.desk.clock()
        day = audit.entries(session, f"day:{post.desk.clock().date()}")
    assert day[-1].event == "webhook_closed"


def test_nothing_is_sent_to_a_subscription_that_was_closed(post: Post, receiver: Receiver) -> None:
    hook, _ = post.subscribe(receiver.url())
    post.queue(hook)
    with transaction(post.desk.register) as session:
        row = session.get_one(WebhookSubscription, hook)
        subscriptions.close(session, row, now=post.desk.clock())

    assert post.deliver() == 0
    assert receiver.received == []
    assert post.deliveries()[0].state == "dead"


def test_an_address_that_leads_inside_is_never_opened(post: Post, receiver: Receiver) -> None:
    hook, _ = post.subscribe(receiver.url())
    post.queue(hook)
    post.client = Client(Guard())

    assert post.deliver() == 0
    assert receiver.received == []
    assert post.deliveries()[0].attempts == 1


def test_a_secret_that_does_not_open_is_alarmed_and_holds_up_nobody(
    post: Post, receiver: Receiver, log: io.StringIO
) -> None:
    broken, _ = post.subscribe(receiver.url("/broken"))
    whole, _ = post.subscribe(receiver.url("/whole"))
    for hook in (broken, whole):
        post.queue(hook)
    with transaction(post.desk.register) as session:
        row = session.get_one(WebhookSubscription, broken)
        row.sealed_secret = row.sealed_secret[:-1] + bytes([row.sealed_secret[-1] ^ 1])

    assert post.deliver() == 1
    assert [got.path for got in receiver.received] == ["/whole"]
    assert "delivery.secret" in log.getvalue()


def test_endpoints_that_do_not_answer_hold_up_nobody_but_themselves(
    post: Post, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "TIMEOUT_S", 1.0)
    silent = Receiver(pause_s=2.5)
    for number in range(3):
        hook, _ = post.subscribe(silent.url(f"/{number}"))
        post.queue(hook, count=20)
    alive, _ = post.subscribe(receiver.url())
    post.queue(alive, count=20)
    began = time.monotonic()

    delivered = post.deliver()

    assert time.monotonic() - began < 2.3
    assert delivered == len(receiver.received) == 20
    assert len(silent.received) == 3
    states = {d.state for d in post.deliveries() if d.subscription_id != alive}
    assert states == {"waiting"}
    silent.stop()


def test_a_long_queue_to_one_leaves_room_for_the_others(post: Post, receiver: Receiver) -> None:
    busy, _ = post.subscribe(receiver.url("/busy"))
    quiet, _ = post.subscribe(receiver.url("/quiet"))
    post.queue(busy, count=60)
    post.desk.clock.on(seconds=1)
    post.queue(quiet)

    post.deliver(limit=10)

    assert [got.path for got in receiver.received].count("/quiet") == 1


@pytest.mark.parametrize("post", DATABASES, indirect=True)
def test_several_relays_at_once_deliver_each_event_once(post: Post, receiver: Receiver) -> None:
    for number in range(4):
        hook, _ = post.subscribe(receiver.url(f"/{number}"))
        post.queue(hook, count=25)
    start = threading.Barrier(3)

    def relay(_: int) -> int:
        start.wait()
        return sum(post.deliver(limit=9) for _ in range(16))

    with ThreadPoolExecutor(3) as pool:
        delivered = list(pool.map(relay, range(3)))

    ids = [got.headers["webhook-id"] for got in receiver.received]
    assert sum(delivered) == len(ids) == len(set(ids)) == 100


def test_a_relay_that_dies_delays_its_deliveries_until_their_lease_is_over(
    post: Post, receiver: Receiver
) -> None:
    hook, _ = post.subscribe(receiver.url())
    post.queue(hook)
    with transaction(post.desk.register) as session:
        list(delivery.claim(session, post.desk.context, post.desk.clock(), 10))

    assert post.deliver() == 0
    post.desk.clock.on(seconds=91)
    assert post.deliver() == 1


def test_a_server_that_is_not_there_is_tried_again_later(
    post: Post, free_port: Callable[[], int], log: io.StringIO
) -> None:
    hook, _ = post.subscribe(f"http://127.0.0.1:{free_port()}/hook")
    post.queue(hook)

    assert post.deliver() == 0
    row = post.deliveries()[0]
    assert (row.state, row.attempts, row.last_status) == ("waiting", 1, 0)
    assert "hook" not in log.getvalue()


def _backend(post: Post, *uses: str) -> None:
    """Make the backend, or say what it is for."""
    with transaction(post.desk.register) as session:
        if uses:
            backend_uses.change(session, "shop", uses, now=post.desk.clock())
        else:
            session.add(Backend(id=BACKEND, name="shop", created_at=post.desk.clock()))


@pytest.mark.requirement("R-42-4", "R-NEG-11:bad")
def test_what_was_queued_is_not_sent_once_its_backend_sets_prices(
    post: Post, receiver: Receiver
) -> None:
    _backend(post)
    post.subscribe(receiver.url())
    post.desk.typed(Kind.RECOMMENDATION_OPT_OUT, backend_id=BACKEND)
    _backend(post, "service", "pricing")

    assert post.deliver() == 0

    assert {row.state for row in post.deliveries()} == {"dead"}
    post.desk.typed(Kind.DELETION, backend_id=BACKEND)
    assert post.deliver() == 0
    assert receiver.received == []


@pytest.mark.requirement("R-NEG-11:bad")
def test_a_subscription_that_slipped_in_is_closed_by_the_relay_and_that_is_written_down(
    post: Post, receiver: Receiver
) -> None:
    _backend(post)
    subscription_id, _ = post.subscribe(receiver.url())
    post.queue(subscription_id, count=3)
    with transaction(post.desk.register) as session:
        session.get_one(Backend, BACKEND).uses = ["eligibility"]  # said, and nothing closed

    assert (post.deliver(), post.deliver()) == (0, 0)

    assert receiver.received == []
    with reading(post.desk.register) as session:
        assert session.get_one(WebhookSubscription, subscription_id).closed_at
        tried = session.exec(select(Entry).where(Entry.event == equal_service.REFUSED)).all()
    assert [(e.actor, e.data) for e in tried] == [
        (f"backend:{BACKEND}", {"tried": "delivery", "webhook": subscription_id})
    ]


def test_who_recommends_is_told_as_before(post: Post, receiver: Receiver) -> None:
    _backend(post)
    post.subscribe(receiver.url())
    _backend(post, "service", "recommendation", "marketing")
    post.desk.typed(Kind.RECOMMENDATION_OPT_OUT, backend_id=BACKEND)

    assert post.deliver() == 1
