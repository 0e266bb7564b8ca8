"""``Idempotency-Key``: the same call again is the same answer; two at once are one."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlmodel import select

from rights.store.models import IdempotencyRecord, Request, WebhookSubscription
from tests.web.house import ALICE, BOB, House, Reply, partner

TYPED = {"kind": "access", "subject": {"email": "alice@example.com"}}


def _post(house: House, body: Any = TYPED, key: str = "k-1", path: str = "/v1/requests") -> Reply:
    return house.post(path, body, Idempotency_Key=key)


def _count(house: House, model: Any) -> int:
    with house.reading() as session:
        return len(session.exec(select(model)).all())


@pytest.mark.requirement("R-23-8")
def test_the_same_call_again_gets_the_same_answer(house: House) -> None:
    first = _post(house)
    house.clock.forward(hours=23)
    second = _post(house)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.data == second.data
    assert first.headers["Location"] == second.headers["Location"]
    assert _count(house, Request) == 1


@pytest.mark.requirement("R-23-8:bad")
def test_the_same_key_for_another_body_is_a_conflict(house: House) -> None:
    _post(house)

    other = _post(house, {"kind": "copy", "subject": BOB})

    assert (other.status_code, other.json["code"]) == (409, "idempotency_key_reused")
    assert _count(house, Request) == 1


def test_the_same_key_for_another_call_is_a_conflict(house: House) -> None:
    _post(house)

    assert (
        _post(
            house, path="/v1/bundles", body={"requests": [{"kind": "copy"}], "subject": ALICE}
        ).status_code
        == 409
    )


def test_a_key_is_forgotten_after_a_day(house: House) -> None:
    first = _post(house)
    house.clock.forward(hours=24, seconds=1)

    assert _post(house).json["id"] != first.json["id"]


def test_a_refused_call_uses_no_key_up(house: House) -> None:
    refused = _post(house, {"kind": "oblivion", "subject": ALICE})
    taken = _post(house)

    assert (refused.status_code, taken.status_code) == (422, 201)


def test_keys_of_two_backends_have_nothing_to_do_with_each_other(house: House) -> None:
    with house.writing() as session:
        other = partner(session, house.context, "other", house.clock.now())
    mine = _post(house)

    theirs = house.post("/v1/requests", TYPED, token=other.key, Idempotency_Key="k-1")

    assert theirs.status_code == 201
    assert theirs.json["id"] != mine.json["id"]


def test_keys_of_two_people_have_nothing_to_do_with_each_other(house: House) -> None:
    tokens = [
        house.post("/v1/portal-tokens", {"subject": who}).json["token"] for who in (ALICE, BOB)
    ]

    made = [
        house.post("/v1/requests", {"kind": "copy"}, token=t, Idempotency_Key="k").json["id"]
        for t in tokens
    ]

    assert made[0] != made[1]


def test_an_assertion_may_be_repeated_with_its_call(house: House) -> None:
    body = {"kind": "correction", "assertion": house.partner.assertion(ALICE, house.clock.now())}

    first, second = _post(house, body), _post(house, body)

    assert first.data == second.data


def test_neither_body_nor_answer_is_kept_in_clear(house: House) -> None:
    body = {"url": "https://93.184.216.34/hook", "events": ["test"]}
    made = _post(house, body, path="/v1/webhooks")

    with house.reading() as session:
        (row,) = session.exec(select(IdempotencyRecord)).all()
        kept = str(row.model_dump())
    assert made.status_code == 201, made.json
    assert made.json["secret"] not in kept
    assert "k-1" not in kept


@pytest.mark.requirement("R-23-8")
def test_two_calls_at_once_with_one_key_are_one_request(house: House) -> None:
    replies = _at_once(lambda: _post(house))

    assert {r.status_code for r in replies} == {201}
    assert len({r.data for r in replies}) == 1
    assert _count(house, Request) == 1


@pytest.mark.requirement("R-23-8")
def test_two_clicks_at_once_without_a_key_are_one_request(house: House) -> None:
    replies = _at_once(lambda: house.post("/v1/requests", {"kind": "deletion", "subject": ALICE}))

    assert sorted(r.status_code for r in replies) == [200] * (len(replies) - 1) + [201]
    assert len({r.json["id"] for r in replies}) == 1


def _at_once(call: Any, count: int = 6) -> list[Reply]:
    replies: list[Reply] = []
    start = threading.Barrier(count)

    def run() -> None:
        start.wait()
        replies.append(call())

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(replies) == count
    return replies


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "schlüssel"])
def test_a_key_that_is_none_is_refused(house: House, key: str) -> None:
    response = house.client.post(
        "/v1/requests",
        json=TYPED,
        headers={**house.partner.headers, "Idempotency-Key": key.encode().decode("latin-1")},
    )

    assert response.status_code == 422
    assert response.get_json()["errors"][0]["field"] == "Idempotency-Key"


def test_a_webhook_made_twice_with_one_key_is_one_webhook(house: House) -> None:
    body = {"url": "https://93.184.216.34/hook", "events": ["test"]}

    first, second = (_post(house, body, path="/v1/webhooks") for _ in range(2))

    assert first.json["secret"] == second.json["secret"]
    assert _count(house, WebhookSubscription) == 1
