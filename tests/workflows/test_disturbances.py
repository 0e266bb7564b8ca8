"""Events that a product did not take are entries of the day, one for each webhook."""

from __future__ import annotations

from datetime import timedelta

from tests.day_entries import day_entries
from tests.workflows.receivers import Receiver
from tests.workflows.test_delivery import Post, post, receiver

__all__ = ["post", "receiver"]


def test_events_that_were_given_up_are_one_entry_a_day_for_each_webhook(
    post: Post, receiver: Receiver
) -> None:
    receiver.status = 404
    last = len(post.desk.context.settings.webhook_backoff_s)
    hooks = [post.subscribe(receiver.url(f"/{number}"))[0] for number in (1, 2)]
    for hook in hooks:
        post.queue(hook, count=3)
    for _ in range(last + 1):
        post.deliver()
        post.desk.clock.on(hours=13)

    told = [("delivery_dead", {"webhook": hook, "code": "404"}) for hook in hooks]
    found = day_entries(post.desk.register, "delivery_dead")
    assert {row.state for row in post.deliveries()} == {"dead"}
    assert sorted(found, key=lambda one: one[1]["webhook"]) == sorted(
        told, key=lambda one: one[1]["webhook"]
    )

    post.desk.clock.at += timedelta(days=1)
    post.queue(hooks[0])
    for _ in range(last + 1):
        post.deliver()
        post.desk.clock.on(hours=13)
    assert len(day_entries(post.desk.register, "delivery_dead")) == 3
