"""Webhooks: where a backend is told of events, and where it may not be told."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from sqlmodel import select

from rights.services import subscriptions
from rights.services.webhooks import EVENTS
from rights.store.models import WebhookDelivery, WebhookSubscription
from tests.web.house import ALICE, House, partner

URL = "https://93.184.216.34/hook"


def _make(house: House, *events: str, url: str = URL) -> dict[str, Any]:
    response = house.post("/v1/webhooks", {"url": url, "events": list(events) or ["test"]})
    assert response.status_code == 201, response.json
    found: dict[str, Any] = response.json
    return found


def test_a_webhook_is_made_read_changed_and_removed(house: House) -> None:
    made = _make(house, "request.fulfilled")
    path = f"/v1/webhooks/{made['id']}"

    changed = house.call("PATCH", path, {"events": ["request.denied"]}).json
    listed = house.get("/v1/webhooks").json["items"]
    removed = house.call("DELETE", path)

    assert changed["events"] == ["request.denied"]
    assert listed == [changed]
    assert (removed.status_code, house.get(path).status_code) == (204, 404)


def test_the_secret_is_shown_once_and_kept_sealed(house: House) -> None:
    made = _make(house)
    secret = base64.b64decode(made["secret"].removeprefix("whsec_"))

    assert "secret" not in house.get(f"/v1/webhooks/{made['id']}").json
    with house.reading() as session:
        row = session.get_one(WebhookSubscription, made["id"])
        assert secret not in row.sealed_secret
        assert subscriptions.secret_of(house.context.vault, row) == secret


@pytest.mark.parametrize(
    "url",
    [
        "http://93.184.216.34/hook",
        "https://127.0.0.1/hook",
        "https://10.0.0.1/hook",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/hook",
        "https://user:secret@93.184.216.34/hook",
        "ftp://93.184.216.34/hook",
        "not a url",
    ],
)
def test_addresses_that_lead_inside_are_refused(house: House, url: str) -> None:
    response = house.post("/v1/webhooks", {"url": url, "events": ["test"]})

    assert response.status_code == 422
    assert response.json["errors"][0]["field"] == "url"
    assert "secret" not in str(response.json["errors"])


def test_an_operator_can_open_a_place_inside(furnished: Any) -> None:
    house: House = furnished(webhook_allow=("127.0.0.1:8999",))

    assert _make(house, url="http://127.0.0.1:8999/hook")["url"].endswith("/hook")


def test_unknown_events_are_refused_with_those_there_are(house: House) -> None:
    response = house.post("/v1/webhooks", {"url": URL, "events": ["request.eaten"]})

    assert response.status_code == 422
    assert response.json["errors"][0]["allowed"] == list(EVENTS)


def test_a_state_that_is_subscribed_to_is_queued_without_personal_data(house: House) -> None:
    _make(house, "request.verifying")
    _make(house, "request.fulfilled")

    made = house.submit("access", ALICE)

    with house.reading() as session:
        (row,) = session.exec(select(WebhookDelivery)).all()
    assert row.event == "request.verifying"
    assert made["id"] in row.body
    assert "alice" not in row.body and "u-1" not in row.body


def test_a_test_event_is_sent_and_sent_again(house: House) -> None:
    made = _make(house)
    sent = house.post(f"/v1/webhooks/{made['id']}/test").json
    with house.writing() as session:
        row = session.get_one(WebhookDelivery, sent["id"])
        row.state, row.attempts, row.next_at = "dead", 7, None

    dead = house.get(f"/v1/webhooks/{made['id']}/deliveries?state=dead").json["items"]
    again = house.post(f"/v1/webhooks/deliveries/{sent['id']}/redeliver").json

    assert [d["id"] for d in dead] == [sent["id"]]
    assert (again["state"], again["attempts"]) == ("waiting", 0)


def test_another_backends_webhooks_look_like_none(house: House) -> None:
    made = _make(house)
    sent = house.post(f"/v1/webhooks/{made['id']}/test").json
    with house.writing() as session:
        other = partner(session, house.context, "other", house.clock.now())

    assert house.get("/v1/webhooks", token=other.key).json["items"] == []
    for method, path in (
        ("GET", f"/v1/webhooks/{made['id']}"),
        ("DELETE", f"/v1/webhooks/{made['id']}"),
        ("POST", f"/v1/webhooks/{made['id']}/test"),
        ("POST", f"/v1/webhooks/deliveries/{sent['id']}/redeliver"),
    ):
        assert house.call(method, path, token=other.key).status_code == 404


def test_there_is_an_end_to_how_many(house: House) -> None:
    for _ in range(subscriptions.MOST):
        _make(house)

    response = house.post("/v1/webhooks", {"url": URL, "events": ["test"]})

    assert (response.status_code, response.json["code"]) == (409, "too_many_webhooks")
