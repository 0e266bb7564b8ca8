"""Switches: off in one call, read in one look-up, effective when read back."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import select

from rights.services import preferences
from rights.store.models import Entry, OutboxMessage, Preference
from tests.web.house import ALICE, House, Reply

DEVICE = {"device_id": "d-77"}


def _off(house: House, subject: Any = DEVICE, name: str = "personalised") -> Reply:
    return house.post("/v1/preferences/off", {"subject": subject, "name": name})


def _read(house: House, subject: Any = DEVICE, name: str = "personalised") -> dict[str, Any]:
    found: dict[str, Any] = house.post(
        "/v1/preferences/read", {"subject": subject, "name": name}
    ).json
    return found


def _confirm(house: House, request_id: str, *stores: str) -> None:
    with house.writing() as session:
        preferences.confirmed(session, request_id, stores=stores, now=house.clock.now())


def _confirm_soon(house: House) -> threading.Thread:
    """Do what a worker does: find the opt-out and read its effect back."""

    def work() -> None:
        for _ in range(400):
            with house.reading() as session:
                row = session.exec(select(Preference)).first()
            if row is not None:
                _confirm(house, row.request_id, "recommender", "mailer")
                return
            time.sleep(0.01)

    thread = threading.Thread(target=work)
    thread.start()
    return thread


@pytest.mark.requirement("R-42-1", "R-ID-7")
def test_an_anonymous_device_opts_out_in_one_call_and_it_is_effective(furnished: Any) -> None:
    house: House = furnished(optout_wait_ms=5000)
    worker = _confirm_soon(house)

    response = _off(house)
    worker.join()

    assert response.status_code == 200
    assert response.json["preference"]["effective"] is True
    assert response.json["request"]["state"] == "in_progress"
    assert _read(house)["value"] == "off"


@pytest.mark.requirement("R-42-1:bad")
def test_stores_that_did_not_read_it_back_in_time_are_named(house: House) -> None:
    response = _off(house)

    assert response.status_code == 202
    shown = response.json["preference"]
    assert (shown["value"], shown["effective"]) == ("off", False)
    assert shown["pending"] == ["recommender"]


def test_the_preference_and_the_urgent_job_are_one_transaction(house: House) -> None:
    made = _off(house).json["request"]

    with house.reading() as session:
        (row,) = session.exec(select(Preference)).all()
        jobs = session.exec(select(OutboxMessage)).all()
    assert row.request_id == made["id"]
    assert [(j.job, j.queue) for j in jobs] == [("advance", "urgent")]


@pytest.mark.requirement("R-42-1")
def test_it_holds_for_the_persons_other_device(house: House) -> None:
    made = _off(house, {"user_id": "u-1", "device_id": "d-1"}).json["request"]
    _confirm(house, made["id"], "recommender", "mailer")

    assert _read(house, {"user_id": "u-1"})["value"] == "off"
    assert _read(house, {"device_id": "d-2", "user_id": "u-1"})["value"] == "off"
    assert _read(house, {"user_id": "u-2"})["value"] == "on"


def test_it_is_effective_when_the_last_serving_store_has_read_it_back(house: House) -> None:
    made = _off(house).json["request"]

    _confirm(house, made["id"], "mailer")
    before = _read(house)
    _confirm(house, made["id"], "recommender")
    after = _read(house)

    assert (before["effective"], before["pending"]) == (False, ["recommender"])
    assert (after["effective"], after["pending"]) == (True, [])


def test_a_request_of_that_kind_commits_the_preference_too(house: House) -> None:
    house.submit("recommendation_opt_out", ALICE, option="commercial_messages_off")

    assert _read(house, ALICE, "commercial_messages")["value"] == "off"
    assert _read(house, ALICE, "personalised")["value"] == "on"


def test_reading_is_one_statement(house: House) -> None:
    _off(house)
    statements: list[str] = []

    def count(_c: Any, _cur: Any, text: str, *_: Any) -> None:
        statements.append(text)

    _read(house)
    event.listen(house.engine, "before_cursor_execute", count)
    _read(house)
    event.remove(house.engine, "before_cursor_execute", count)

    assert len([s for s in statements if s.lstrip().startswith("SELECT")]) == 1
    assert len([s for s in statements if not s.startswith("BEGIN")]) == 1


@pytest.mark.requirement("R-42-1:bad")
def test_a_late_store_raises_an_alarm_once_and_a_breach_once(house: House) -> None:
    made = _off(house).json["request"]
    _watch(house, [])

    house.clock.forward(seconds=61)
    _watch(house, [(made["id"], "personalised")])
    _watch(house, [])
    house.clock.forward(hours=24)
    _watch(house, [(made["id"], "personalised")])
    _watch(house, [])

    with house.reading() as session:
        events = [e.event for e in session.exec(select(Entry).where(Entry.chain == made["id"]))]
    assert events[-2:] == ["preference_late", "preference_breached"]


def _watch(house: House, expected: list[tuple[str, str]]) -> None:
    with house.writing() as session:
        found = preferences.overdue(session, house.context, now=house.clock.now())
    assert found == expected


def test_the_same_again_while_pending_is_the_same_request(house: House) -> None:
    first, second = _off(house, ALICE).json, _off(house, ALICE).json

    assert first["request"]["id"] == second["request"]["id"]


@pytest.mark.parametrize("name", ["push", "sunshine", ""])
def test_a_switch_that_is_in_no_store_is_refused_by_name(house: House, name: str) -> None:
    response = _off(house, name=name)

    assert response.status_code == 422
    if name:
        assert response.json["errors"][0]["allowed"] == ["personalised", "commercial_messages"]


def test_consents_are_written_read_and_taken_back(house: House) -> None:
    new = {
        "subject": ALICE,
        "purpose": "newsletter",
        "rule_version": "2026-10",
        "manner": "separate",
        "source": "sign-up",
    }
    house.post("/v1/consents", new)
    house.clock.forward(days=1)

    taken = house.post("/v1/consents/withdraw", {"subject": ALICE, "purposes": ["newsletter"]})
    lines = house.post("/v1/consents/read", {"subject": ALICE}).json["items"]

    assert (taken.status_code, taken.json["kind"]) == (201, "consent_withdrawal")
    assert taken.json["state"] == "in_progress"
    assert [(n["state"], n["purpose"]) for n in lines] == [
        ("granted", "newsletter"),
        ("withdrawn", "newsletter"),
    ]
    assert lines[1]["request_id"] == taken.json["id"]
    assert lines[1]["at"] == (house.clock.now()).isoformat()


def test_a_withdrawal_by_request_is_in_the_ledger_too(house: House) -> None:
    house.submit("consent_withdrawal", ALICE, parameters={"purposes": ["newsletter"]})

    lines = house.post("/v1/consents/read", {"subject": ALICE, "purpose": "newsletter"}).json

    assert [line["state"] for line in lines["items"]] == ["withdrawn"]


def test_an_unknown_purpose_is_refused_with_those_there_are(house: House) -> None:
    new = {"subject": ALICE, "purpose": "mischief", "rule_version": "1"}

    for path, body in (
        ("/v1/consents", new),
        ("/v1/consents/withdraw", {"subject": ALICE, "purposes": ["mischief"]}),
    ):
        response = house.post(path, body)
        assert response.status_code == 422
        assert response.json["errors"][0]["allowed"] == ["newsletter", "service"]


@pytest.mark.requirement("R-P44-1")
def test_an_objection_to_marketing_is_read_by_products_at_once_and_stands(house: House) -> None:
    made = house.submit("restriction", DEVICE, option="object_marketing")

    for name in ("personalised", "commercial_messages"):
        assert _read(house, name=name)["value"] == "off"
    assert _read(house, {"device_id": "d-78"})["value"] == "on"
    called_off = house.post(f"/v1/requests/{made['id']}/cancel")
    assert (called_off.status_code, called_off.json["code"]) == (409, "too_late_to_cancel")
    _confirm(house, made["id"], "recommender", "mailer")
    assert _read(house)["effective"] is True
