"""Events that were given up, one by one: shown without their bodies, sent again or let go."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from rights.services import webhooks
from rights.services.console import lost_events
from rights.store.ids import new_id
from rights.store.models import WebhookDelivery, WebhookSubscription
from tests.day_entries import day_entries
from tests.web.console.clerk import Clerk, clerk
from tests.web.house import House
from tests.web.portal.reader import Page

URL = "https://hooks.example/path-that-is-a-secret"


@pytest.fixture
def ada(house: House) -> Clerk:
    return clerk(house, "ada", "admin")


def _hook(house: House, *, closed: bool = False) -> str:
    now, hook = house.clock.now(), new_id()
    row = WebhookSubscription(
        id=hook,
        backend_id=house.partner.id,
        url=URL,
        sealed_secret=b"x",
        events=["request.denied"],
        created_at=now,
        closed_at=now if closed else None,
    )
    with house.writing() as session:
        session.add(row)
    return hook


def _lost(house: House, hook: str, number: int = 0, *, state: str = "dead", about: str = "") -> str:
    """Add an event, later ones with a higher number; return its id."""
    made, one = house.clock.now() - timedelta(days=9) + timedelta(minutes=number), new_id()
    row = WebhookDelivery(
        id=one,
        subscription_id=hook,
        event_id=f"msg_{number:03d}",
        event="request.denied",
        request_id=about,
        body='{"told": "body-of-it"}',
        state=state,
        attempts=7,
        last_status=503,
        created_at=made,
        tried_at=made + timedelta(days=1),
    )
    with house.writing() as session:
        session.add(row)
    return one


def _of(house: House, delivery_id: str) -> tuple[str, int]:
    with house.reading() as session:
        found = session.get_one(WebhookDelivery, delivery_id)
    return found.state, found.attempts


def _onward(page: Page) -> list[str]:
    """Return where the next page goes on; the links of the languages keep this one's place."""
    return [one for one in page.links if "after=" in one and "lang=" not in one]


def test_each_lost_event_is_shown_with_its_request_and_what_was_answered(
    house: House, ada: Clerk
) -> None:
    made, hook = str(house.asserted("access")["id"]), _hook(house)
    _lost(house, hook, 1, about=made)
    _lost(house, hook, 2, state="delivered")
    assert f"/products/webhooks/{hook}/lost" in ada.get("/products").html

    page = ada.get(f"/products/webhooks/{hook}/lost")

    for said in ("request.denied", "msg_001", made[:8], "tried 7 times", "last answer: 503"):
        assert said in page.text, said
    assert f"/console/requests/{made}" in page.links
    assert "msg_002" not in page.text
    assert "secret" not in page.html
    assert "body-of-it" not in page.html
    ada.reader.language = "zh-CN"
    assert "已发送 7 次" in ada.get(f"/products/webhooks/{hook}/lost").text


def test_one_is_sent_again_and_the_others_are_not(house: House, ada: Clerk) -> None:
    hook = _hook(house)
    first, second = _lost(house, hook, 1), _lost(house, hook, 2)

    page = ada.reader.send(ada.get(f"/products/webhooks/{hook}/lost"), f"/{second}/again")

    assert "It is sent again." in page.text
    assert (_of(house, first), _of(house, second)) == (("dead", 7), ("waiting", 0))
    said = {"webhook": hook, "delivery": second}
    assert day_entries(house.engine, "event_sent_again") == [("event_sent_again", said)]
    assert ada.force(f"/products/webhooks/{hook}/lost/{second}/again").status == 404


def test_one_is_let_go_with_a_reason_of_the_list(house: House, ada: Clerk) -> None:
    hook = _hook(house)
    one = _lost(house, hook)
    path = f"/products/webhooks/{hook}/lost"

    refused = ada.force(f"{path}/{one}/discard", reason="because")
    assert refused.status == 422
    assert "It can be:" in refused.text
    assert _of(house, one) == ("dead", 7)
    page = ada.reader.send(ada.get(path), f"/{one}/discard", reason="product_told")

    assert "It was let go." in page.text
    assert "Nothing was given up." in page.text
    assert _of(house, one) == ("discarded", 7)
    said = {"webhook": hook, "delivery": one, "reason": "product_told"}
    assert day_entries(house.engine, "event_discarded") == [("event_discarded", said)]
    assert "given up" not in ada.get("/products").text.partition("hooks.example")[2]


def test_more_than_a_page_goes_on_where_it_stopped(house: House, ada: Clerk) -> None:
    hook = _hook(house)
    for number in range(lost_events.PAGE + 2):
        _lost(house, hook, number)

    page = ada.get(f"/products/webhooks/{hook}/lost")
    assert "msg_000" in page.text
    assert "msg_050" not in page.text
    (more,) = _onward(page)
    rest = ada.get(more.removeprefix("/console"))

    assert "msg_049" not in rest.text
    assert "msg_050" in rest.text
    assert "msg_051" in rest.text
    assert _onward(rest) == []
    assert "msg_000" in ada.get(f"/products/webhooks/{hook}/lost?after=x").text


@pytest.mark.parametrize("path", ["/products/webhooks/{hook}/lost", "/rechecks", "/trail"])
def test_a_place_that_is_none_begins_at_the_beginning(house: House, ada: Clerk, path: str) -> None:
    hook = _hook(house)
    _lost(house, hook)
    if path == "/trail":
        ada = clerk(house, "otto", "auditor")

    page = ada.get(f"{path.format(hook=hook)}?after=0001-01-01T00:00:00%2B14:00|1")

    assert page.status == 200
    assert ("msg_000" in page.text) == ("hook" in path)


def test_to_a_closed_webhook_nothing_is_sent_and_it_can_be_let_go(house: House, ada: Clerk) -> None:
    hook = _hook(house, closed=True)
    one = _lost(house, hook)
    path = f"/products/webhooks/{hook}/lost"
    page = ada.get(path)
    assert not [form for form in page.forms if form.action.endswith("/again")]

    assert ada.force(f"{path}/{one}/again").status == 404
    assert _of(house, one) == ("dead", 7)
    ada.reader.send(page, f"/{one}/discard", reason="not_wanted")
    assert _of(house, one) == ("discarded", 7)


def test_another_webhooks_event_is_not_reached_and_nobody_else_acts(
    house: House, ada: Clerk
) -> None:
    hook, other = _hook(house), _hook(house)
    one, eve = _lost(house, hook), clerk(house, "eve", "approver", "auditor")

    assert ada.force(f"/products/webhooks/{other}/lost/{one}/again").status == 404
    assert eve.get(f"/products/webhooks/{hook}/lost").status == 403
    for act in ("again", "discard"):
        said = {"reason": "not_wanted"}
        assert eve.force(f"/products/webhooks/{hook}/lost/{one}/{act}", **said).status == 403
    assert ada.get(f"/products/webhooks/{new_id()}/lost").status == 404
    assert _of(house, one) == ("dead", 7)


def test_what_is_published_names_its_request(house: House) -> None:
    hook = _hook(house)
    made = str(house.asserted("access")["id"])
    with house.writing() as session:
        row = session.get_one(WebhookSubscription, hook)
        queued = webhooks.queue(session, row, "test", {"request_id": made}, now=house.clock.now())
        about_none = webhooks.queue(session, row, "test", {}, now=house.clock.now())
        assert (queued.request_id, about_none.request_id) == (made, "")
    with house.reading() as session:
        found = session.exec(select(WebhookDelivery.request_id)).all()
    assert sorted(found) == ["", made]
