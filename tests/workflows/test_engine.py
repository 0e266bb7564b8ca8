"""The engine: from a proved request to its end, and through everything that goes wrong."""

from __future__ import annotations

import copy
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from connectors.sdk import Receipt, Transient
from rights.domain.kinds import Kind, Option
from rights.domain.lifecycle import State, Wait
from rights.services import audit, tasks
from rights.store.db import reading, transaction
from rights.store.models import Package, ReceiptRow, Request, Staff, StepRow, StepState
from tests.workflows.house import Clock, ask, floor_over, lying, request_of
from workflows.advance import begin, settle
from workflows.floor import Floor
from workflows.jobs import work_on
from workflows.packing import files_of
from workflows.perform import perform

MAP = """
version: 1
identifiers:
  user_id: {kind: account}
  email: {kind: contact, normalise: email}
purposes:
- {name: service, title: {zh: 提供服务, en: the service}, basis: contract, necessary: true}
- {name: ads, title: {zh: 广告, en: advertising}, basis: consent}
switches:
- {name: personalised, collection: shop.users, column: personalised}
- {name: "purpose:ads", collection: shop.users, column: ads}
stores:
- name: shop
  connector: memory
  owner: commerce
  role: controller
  classification: general
  location: {country: CN, region: cn-east-1}
  defaults: {basis: contract, purposes: [service], retention: none, source: provided}
  collections:
  - name: users
    key: [id]
    identifies: {user_id: id, email: email}
    restriction: {strategy: flag, column: restricted, value: true}
    close: {status: closed}
    fields:
    - {name: id, category: account, disclose: true}
    - {name: email, category: contact, disclose: true}
    - {name: nickname, category: profile, disclose: true, correct: {mode: self_service}}
    - {name: password, category: secret, secret: credential}
    - {name: personalised, category: preference, disclose: true}
    - {name: ads, category: preference, disclose: true}
    - {name: restricted, category: account}
    - {name: status, category: account}
  - name: orders
    key: [id]
    links: [{columns: [user_id], to: users, role: owner}]
    fields:
    - {name: id, category: order, disclose: true}
    - {name: item, category: order, disclose: true}
- name: letters
  connector: memory
  owner: marketing
  role: controller
  classification: general
  location: {country: CN, region: cn-east-1}
  defaults: {basis: "consent:ads", purposes: [ads], retention: none, source: provided}
  collections:
  - name: subscribers
    key: [email]
    identifies: {email: email}
    restriction: {strategy: flag, column: restricted, value: true}
    fields:
    - {name: email, category: contact, disclose: true}
    - {name: topic, category: preference, disclose: true}
    - {name: restricted, category: account}
"""

ANN = {"user_id": "1"}


def _user(number: int, name: str) -> dict[str, Any]:
    return {
        "id": number,
        "email": f"{name}@example.com",
        "nickname": name,
        "password": "hash",
        "personalised": True,
        "ads": True,
        "restricted": False,
        "status": "open",
    }


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tables() -> dict[str, dict[str, list[dict[str, Any]]]]:
    return {
        "shop": {
            "users": [_user(1, "ann"), _user(2, "bo")],
            "orders": [
                {"id": 10, "user_id": 1, "item": "茶壶"},
                {"id": 11, "user_id": 1, "item": "cup"},
                {"id": 12, "user_id": 2, "item": "bowl"},
            ],
        },
        "letters": {
            "subscribers": [
                {"email": "ann@example.com", "topic": "tea", "restricted": False},
                {"email": "bo@example.com", "topic": "cups", "restricted": False},
            ]
        },
    }


@pytest.fixture
def floor(tmp_path: Path, tables: Any, clock: Clock) -> Floor:
    return floor_over(tmp_path, MAP, tables, clock, backoff_s=(5.0,))


def _zip(floor: Floor, request_id: str) -> zipfile.ZipFile:
    with reading(floor.register) as session:
        row = session.exec(select(Package).where(Package.request_id == request_id)).one()
    return zipfile.ZipFile(io.BytesIO(b"".join(files_of(floor, row))))


def _receipt(floor: Floor, request_id: str) -> dict[str, Any]:
    with reading(floor.register) as session:
        row = session.get_one(ReceiptRow, request_id)
    assert floor.signer.verify(row.body.encode(), row.signature, key_id=row.key_id)
    body: dict[str, Any] = json.loads(row.body)
    return body


def _steps(floor: Floor, request_id: str) -> list[StepRow]:
    with reading(floor.register) as session:
        query = select(StepRow).where(StepRow.request_id == request_id).order_by(col(StepRow.id))
        return list(session.exec(query))


@pytest.mark.parametrize("kind", [Kind.ACCESS, Kind.COPY, Kind.PORTABILITY])
def test_what_is_read_is_packaged(floor: Floor, kind: Kind) -> None:
    request_id = ask(floor, kind, ANN)

    work_on(floor, request_id)

    assert request_of(floor, request_id).state is State.FULFILLED
    package = _zip(floor, request_id)
    orders = package.read("data/shop/orders.jsonl").decode().splitlines()
    assert [json.loads(line)["item"] for line in orders] == ["茶壶", "cup"]
    letters = package.read("data/letters/subscribers.jsonl").decode()
    assert "ann@example.com" in letters
    assert "bo@example.com" not in letters
    assert b"hash" not in package.read("data/shop/users.jsonl")


@pytest.mark.parametrize("option", [Option.SUMMARY, Option.RECIPIENTS, Option.AI_USE])
def test_access_is_answered_in_sentences(floor: Floor, option: Option) -> None:
    request_id = ask(floor, Kind.ACCESS, ANN, option=option)

    work_on(floor, request_id)

    answer = json.loads(_zip(floor, request_id).read("answer.json"))
    assert answer[0]["name"] == option
    if option is Option.SUMMARY:
        assert answer[0]["data"] == {
            "shop.users": 1,
            "shop.orders": 2,
            "letters.subscribers": 1,
        }


def test_a_deletion_takes_what_is_the_persons_and_nothing_else(floor: Floor, tables: Any) -> None:
    request_id = ask(floor, Kind.DELETION, ANN)

    work_on(floor, request_id)

    assert request_of(floor, request_id).state is State.FULFILLED
    assert [u["id"] for u in tables["shop"]["users"]] == [2]
    assert [o["id"] for o in tables["shop"]["orders"]] == [12]
    assert [s["topic"] for s in tables["letters"]["subscribers"]] == ["cups"]
    outcome = {
        f"{x['store']}.{x['collection']}": x["affected"]
        for x in _receipt(floor, request_id)["outcome"]
    }
    assert outcome == {"shop.users": 1, "shop.orders": 2, "letters.subscribers": 1}


def test_a_correction_changes_the_named_field_only(floor: Floor, tables: Any) -> None:
    before = copy.deepcopy(tables)
    changes = [{"field": "shop.users.nickname", "value": "安"}]
    request_id = ask(floor, Kind.CORRECTION, ANN, values={"changes": changes})

    work_on(floor, request_id)

    assert request_of(floor, request_id).state is State.FULFILLED
    before["shop"]["users"][0]["nickname"] = "安"
    assert tables == before


def test_a_correction_never_overwrites_a_newer_value(floor: Floor, tables: Any) -> None:
    changes = [{"field": "shop.users.nickname", "value": "安", "old": "somebody"}]
    request_id = ask(floor, Kind.CORRECTION, ANN, values={"changes": changes})

    work_on(floor, request_id)

    assert tables["shop"]["users"][0]["nickname"] == "ann"
    held = request_of(floor, request_id)
    assert (held.state, held.wait) == (State.ON_HOLD, Wait.TASK)


def test_a_restriction_flags_the_persons_rows(floor: Floor, tables: Any) -> None:
    request_id = ask(floor, Kind.RESTRICTION, ANN)

    work_on(floor, request_id)

    assert request_of(floor, request_id).state is State.FULFILLED
    assert [u["restricted"] for u in tables["shop"]["users"]] == [True, False]
    assert [s["restricted"] for s in tables["letters"]["subscribers"]] == [True, False]


def test_consent_and_recommendation_are_switched_off(floor: Floor, tables: Any) -> None:
    withdrawn = ask(floor, Kind.CONSENT_WITHDRAWAL, ANN, parameters={"purposes": ["ads"]})
    opted_out = ask(floor, Kind.RECOMMENDATION_OPT_OUT, ANN)

    work_on(floor, withdrawn)
    work_on(floor, opted_out)

    assert request_of(floor, withdrawn).state is State.FULFILLED
    assert request_of(floor, opted_out).state is State.FULFILLED
    ann, bo = tables["shop"]["users"]
    assert (ann["ads"], ann["personalised"]) == (False, False)
    assert (bo["ads"], bo["personalised"]) == (True, True)


def test_an_account_is_closed_before_its_data_goes(floor: Floor, tables: Any) -> None:
    request_id = ask(floor, Kind.ACCOUNT_CANCELLATION, ANN)

    work_on(floor, request_id)

    assert request_of(floor, request_id).state is State.FULFILLED
    assert [u["id"] for u in tables["shop"]["users"]] == [2]
    names = [s.id.partition("-")[2] for s in _steps(floor, request_id)]
    assert names.index("01-close-shop") < names.index("03-erase-shop")


@pytest.mark.requirement("R-NEG-13")
def test_a_store_that_lies_is_not_believed(floor: Floor) -> None:
    shop = floor.connector("shop")
    lying(shop, erase=lambda _target, _work: Receipt(affected=9))  # type: ignore[arg-type]
    request_id = ask(floor, Kind.DELETION, ANN)

    work_on(floor, request_id)

    found = request_of(floor, request_id)
    assert (found.state, found.wait) == (State.IN_PROGRESS, Wait.STORE)


@pytest.mark.requirement("R-P45-1", "R-P45-1:bad")
def test_a_store_that_is_down_is_waited_for_and_never_means_nothing(
    floor: Floor, clock: Clock
) -> None:
    letters = floor.connector("letters")
    honest = letters.collect  # type: ignore[attr-defined]

    def down(*_: object) -> None:
        raise Transient("the store letters does not answer")

    lying(letters, collect=down)  # type: ignore[arg-type]
    request_id = ask(floor, Kind.COPY, ANN)
    work_on(floor, request_id)
    waiting = request_of(floor, request_id)
    assert (waiting.state, waiting.wait) == (State.IN_PROGRESS, Wait.STORE)

    lying(letters, collect=honest)  # type: ignore[arg-type]
    work_on(floor, request_id)
    assert request_of(floor, request_id).state is State.IN_PROGRESS  # its time has not come

    clock.on(seconds=6)
    work_on(floor, request_id)
    assert request_of(floor, request_id).state is State.FULFILLED
    assert (
        "ann@example.com" in _zip(floor, request_id).read("data/letters/subscribers.jsonl").decode()
    )


def test_advancing_twice_does_nothing_twice(floor: Floor) -> None:
    request_id = ask(floor, Kind.DELETION, ANN)
    work_on(floor, request_id)
    before = _receipt(floor, request_id)

    work_on(floor, request_id)

    assert _receipt(floor, request_id) == before


def test_a_lapsed_lease_is_taken_over_and_the_late_worker_is_fenced(
    floor: Floor, clock: Clock, tables: Any
) -> None:
    request_id = ask(floor, Kind.DELETION, ANN)
    slow = begin(floor, request_id)
    assert slow is not None
    clock.on(seconds=31)

    work_on(floor, request_id)

    assert request_of(floor, request_id).state is State.FULFILLED
    with pytest.raises(Exception, match="taken over"):
        settle(floor, slow, perform(floor, slow))
    assert len(tables["shop"]["users"]) == 1


def test_a_step_no_connector_can_do_waits_for_staff_and_is_named(
    floor: Floor, clock: Clock
) -> None:
    changes = [{"field": "letters.subscribers.topic", "value": "coffee"}]
    request_id = ask(floor, Kind.CORRECTION, ANN, values={"changes": changes})
    work_on(floor, request_id)
    assert request_of(floor, request_id).wait is Wait.TASK

    with transaction(floor.register) as session:
        staff = Staff(name="li", roles=["reviewer"], created_at=clock())
        session.add(staff)
        session.flush()
        (task,) = tasks.open_tasks(session)
        tasks.leave_out(session, task["step"], staff, now=clock(), reason="infeasible")
    with transaction(floor.register) as session:
        verify = next(s for s in _steps(floor, request_id) if s.action == "verify")
        row = session.get_one(StepRow, verify.id)
        row.state = StepState.LEFT_OUT
    work_on(floor, request_id)

    assert request_of(floor, request_id).state is State.PARTIALLY_FULFILLED
    (line,) = _receipt(floor, request_id)["outcome"]
    assert line["missing"] == "infeasible"


def test_the_chain_of_a_request_tells_what_was_done(floor: Floor) -> None:
    request_id = ask(floor, Kind.DELETION, ANN)
    work_on(floor, request_id)

    with reading(floor.register) as session:
        found = audit.entries(session, request_id)
        head = session.get_one(Request, request_id).head_hash

    assert found[0].event == "received"
    assert found[-1].event == "completed"
    assert found[-1].hash == head
