"""What an answer claims: never more than was done, read and proved."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from connectors.sdk import Refused
from rights.domain.errors import Conflict
from rights.domain.kinds import Kind
from rights.domain.lifecycle import State, Wait
from rights.services import tasks
from rights.store.db import reading, transaction
from rights.store.models import Notice, Package, ReceiptRow, Staff, StepRow, StepState
from tests.workflows.house import Clock, ask, floor_over, lying, replace, request_of
from tests.workflows.test_engine import ANN, MAP
from tests.workflows.test_engine import _user as user
from workflows.advance import begin, settle
from workflows.floor import Floor
from workflows.jobs import work_on
from workflows.packing import files_of
from workflows.perform import perform


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tables() -> dict[str, dict[str, list[dict[str, Any]]]]:
    letter = {"email": "ann@example.com", "topic": "tea", "restricted": False}
    return {
        "shop": {"users": [user(1, "ann")], "orders": [{"id": 1, "user_id": 1, "item": "cup"}]},
        "letters": {"subscribers": [letter]},
    }


@pytest.fixture
def floor(tmp_path: Path, tables: Any, clock: Clock) -> Floor:
    return floor_over(tmp_path, MAP, tables, clock, backoff_s=(5.0,))


def _without(floor: Floor, *verbs: str) -> Floor:
    manifest = floor.manifests["memory"]
    fewer = replace(manifest, verbs=manifest.verbs - set(verbs))
    return replace(floor, manifests={"memory": fewer})


def _by_hand(floor: Floor, clock: Clock, request_id: str) -> None:
    with transaction(floor.register) as session:
        staff = session.exec(select(Staff)).first() or Staff(
            name="li", roles=["reviewer"], created_at=clock()
        )
        session.add(staff)
        session.flush()
        for task in tasks.open_tasks(session):
            if task["request"] == request_id:
                tasks.complete(session, task["step"], staff, now=clock(), proof="ticket-1")


def _leave_out(floor: Floor, clock: Clock, step_id: str) -> None:
    with transaction(floor.register) as session:
        staff = Staff(name="wu", roles=["reviewer"], created_at=clock())
        session.add(staff)
        session.flush()
        tasks.leave_out(session, step_id, staff, now=clock(), reason="infeasible")


def _receipt(floor: Floor, request_id: str) -> dict[str, Any]:
    with reading(floor.register) as session:
        body: dict[str, Any] = json.loads(session.get_one(ReceiptRow, request_id).body)
    return body


def _refuse(*_: object) -> None:
    raise Refused("no")


def test_what_staff_read_by_hand_is_missing_from_the_package_and_named(
    floor: Floor, clock: Clock
) -> None:
    unable = _without(floor, "collect")
    request_id = ask(unable, Kind.COPY, ANN)
    work_on(unable, request_id)
    _by_hand(unable, clock, request_id)
    work_on(unable, request_id)

    assert request_of(floor, request_id).state is State.PARTIALLY_FULFILLED
    assert {x["missing"] for x in _receipt(floor, request_id)["outcome"]} == {"by_hand"}
    with reading(floor.register) as session:
        package = session.exec(select(Package).where(Package.request_id == request_id)).one()
    assert not package.complete
    assert {m["code"] for m in package.missing} == {"by_hand"}


def test_what_staff_erased_by_hand_is_not_reported_as_nothing_found(
    floor: Floor, clock: Clock, tables: Any
) -> None:
    unable = _without(floor, "erase")
    request_id = ask(unable, Kind.DELETION, ANN)
    for _ in range(2):  # leaves, then roots
        work_on(unable, request_id)
        _by_hand(unable, clock, request_id)
    for store in tables.values():
        for rows in store.values():
            rows.clear()
    work_on(unable, request_id)

    assert request_of(floor, request_id).state is State.FULFILLED
    receipt = _receipt(floor, request_id)
    assert all(x["by_hand"] and x["at_least"] for x in receipt["outcome"])
    assert receipt["proves"] == "logically_gone"


def test_an_erasure_that_was_not_read_back_does_not_claim_that_all_is_gone(
    floor: Floor, clock: Clock
) -> None:
    unable = _without(floor, "verify")
    request_id = ask(unable, Kind.DELETION, ANN)
    work_on(unable, request_id)
    _by_hand(unable, clock, request_id)
    work_on(unable, request_id)

    assert _receipt(floor, request_id)["proves"] == "not_read_back"


def test_a_category_narrows_the_answer_without_calling_the_rest_empty(floor: Floor) -> None:
    request_id = ask(floor, Kind.COPY, ANN, parameters={"categories": ["order"]})

    work_on(floor, request_id)

    outcome = _receipt(floor, request_id)["outcome"]
    assert [(x["collection"], x["affected"]) for x in outcome] == [("orders", 1)]


def test_a_package_that_was_left_out_is_not_announced(floor: Floor, clock: Clock) -> None:
    request_id = ask(floor, Kind.COPY, ANN)
    made = begin(floor, request_id)
    assert made is not None
    claim = settle(floor, made, perform(floor, made))
    with transaction(floor.register) as session:
        step = session.exec(select(StepRow).where(StepRow.action == "package")).one()
        step.state = StepState.FAILED
    while claim is not None:
        claim = settle(floor, claim, perform(floor, claim))
    assert request_of(floor, request_id).wait is Wait.TASK
    _leave_out(floor, clock, step.id)
    work_on(floor, request_id)

    assert request_of(floor, request_id).state is State.PARTIALLY_FULFILLED
    assert _receipt(floor, request_id)["package"] is None
    with reading(floor.register) as session:
        assert "package_ready" not in {n.event for n in session.exec(select(Notice))}


def test_a_correction_of_nothing_is_not_called_done(floor: Floor, tables: Any) -> None:
    tables["letters"]["subscribers"].clear()
    changes = [{"field": "letters.subscribers.topic", "value": "coffee"}]
    field = "    - {name: topic, category: preference, disclose: true}"
    assert field in MAP
    request_id = ask(floor, Kind.CORRECTION, ANN, values={"changes": changes})
    work_on(floor, request_id)
    assert request_of(floor, request_id).wait is Wait.TASK  # the map does not allow it

    tables["shop"]["users"].clear()
    changes = [{"field": "shop.users.nickname", "value": "安"}]
    request_id = ask(floor, Kind.CORRECTION, ANN, values={"changes": changes})
    work_on(floor, request_id)

    assert request_of(floor, request_id).state is State.PARTIALLY_FULFILLED
    (line,) = _receipt(floor, request_id)["outcome"]
    assert line["missing"] == "no_own_record"


def test_a_request_without_a_plan_cannot_be_ended_by_leaving_its_making_out(
    floor: Floor, clock: Clock
) -> None:
    lying(floor.connector("shop"), freeze=_refuse)  # type: ignore[arg-type]
    request_id = ask(floor, Kind.COPY, ANN)
    work_on(floor, request_id)

    with pytest.raises(Conflict):
        _leave_out(floor, clock, f"{request_id}-00-prepare")


def test_a_package_of_everything_still_holds_everything(floor: Floor) -> None:
    request_id = ask(floor, Kind.COPY, ANN)
    work_on(floor, request_id)

    with reading(floor.register) as session:
        row = session.exec(select(Package).where(Package.request_id == request_id)).one()
    names = zipfile.ZipFile(io.BytesIO(b"".join(files_of(floor, row)))).namelist()
    assert {"data/shop/orders.jsonl", "data/letters/subscribers.jsonl"} <= set(names)


def test_a_step_that_ends_every_worker_is_shown_to_a_person_at_last(
    floor: Floor, clock: Clock
) -> None:
    request_id = ask(floor, Kind.COPY, ANN)
    assert begin(floor, request_id) is not None
    with transaction(floor.register) as session:
        session.get_one(StepRow, f"{request_id}-00-prepare").attempts = 50
    clock.on(seconds=31)

    work_on(floor, request_id)

    assert request_of(floor, request_id).wait is Wait.TASK
    with transaction(floor.register) as session:
        (task,) = tasks.open_tasks(session)
    assert (task["state"], task["code"]) == ("failed", "no_answer")
