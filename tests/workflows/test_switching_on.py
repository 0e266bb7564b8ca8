"""What a person turned off is turned on by that person alone, everywhere or nowhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rights.domain.errors import Transient
from rights.domain.kinds import Kind, Option
from rights.domain.lifecycle import State
from rights.services import audit, preferences, submission
from rights.services.preferences import OFF, ON
from rights.store.db import reading, transaction
from tests.workflows.house import Clock, asking, floor_over, lying, request_of
from tests.workflows.test_engine import ANN, MAP
from workflows.floor import Floor
from workflows.jobs import work_on
from workflows.plans import read_plan

SWITCH = "personalised"
ONE_COLUMN = MAP.replace(
    "collection: shop.users, column: ads}", "collection: shop.users, column: personalised}"
)


@pytest.fixture
def tables() -> dict[str, dict[str, list[dict[str, Any]]]]:
    def user(number: int, name: str) -> dict[str, Any]:
        mail = f"{name}@example.com"
        return {"id": number, "email": mail, "personalised": True, "ads": True, "status": "open"}

    return {
        "shop": {"users": [user(1, "ann"), user(2, "bo")], "orders": []},
        "letters": {"subscribers": []},
    }


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def floor(tmp_path: Path, tables: Any, clock: Clock) -> Floor:
    return floor_over(tmp_path, MAP, tables, clock, backoff_s=(5.0,))


def _take(
    floor: Floor, option: Option, kind: Kind = Kind.RECOMMENDATION_OPT_OUT, **more: Any
) -> str:
    with transaction(floor.register) as session:
        new = asking(floor, kind, ANN, option=option, **more)
        return submission.take(session, floor.context, new, now=floor.now())[0].id


def _off(floor: Floor) -> None:
    work_on(floor, _take(floor, Option.PERSONALISED_OFF))


def _on(floor: Floor, name: str = SWITCH) -> str:
    return _take(floor, Option.SWITCH_ON, parameters={"switches": [name]})


def _value(floor: Floor) -> tuple[str, bool]:
    with reading(floor.register) as session:
        found = preferences.read(session, floor.context, ANN, SWITCH)
    return found.value, found.effective


def _why(floor: Floor, request_id: str) -> set[str]:
    with reading(floor.register) as session:
        plan, _ = read_plan(session, request_id)
    return {step.refused for step in plan or () if step.refused}


def test_it_is_off_until_every_store_has_turned_it_on_and_read_it_back(
    floor: Floor, clock: Clock, tables: Any
) -> None:
    _off(floor)
    clock.on(days=400)
    assert _value(floor) == (OFF, True)
    request_id = _on(floor)
    assert _value(floor) == (OFF, True)

    work_on(floor, request_id)

    assert request_of(floor, request_id).state is State.FULFILLED
    assert [u["personalised"] for u in tables["shop"]["users"]] == [True, True]
    assert _value(floor) == (ON, True)
    with reading(floor.register) as session:
        told = audit.entries(session, request_id)
    assert [e.data for e in told if e.event == "switched_on"] == [{"switches": [SWITCH]}]


def test_off_again_works_as_before(floor: Floor, tables: Any) -> None:
    _off(floor)
    work_on(floor, _on(floor))

    _off(floor)

    assert _value(floor) == (OFF, True)
    assert tables["shop"]["users"][0]["personalised"] is False


def test_what_was_never_turned_off_here_is_not_turned_on(floor: Floor, tables: Any) -> None:
    tables["shop"]["users"][0]["personalised"] = False  # the product's own doing

    request_id = _on(floor)
    work_on(floor, request_id)

    assert request_of(floor, request_id).state is State.PARTIALLY_FULFILLED
    assert _why(floor, request_id) == {"not_switched_off"}
    assert tables["shop"]["users"][0]["personalised"] is False


def test_who_turns_it_off_again_meanwhile_keeps_it_off(
    floor: Floor, clock: Clock, tables: Any
) -> None:
    _off(floor)
    clock.on(minutes=1)
    request_id = _on(floor)
    clock.on(minutes=1)
    _off(floor)

    work_on(floor, request_id)

    assert _why(floor, request_id) == {"switched_off_since"}
    assert _value(floor) == (OFF, True)
    assert tables["shop"]["users"][0]["personalised"] is False


def test_somebody_elses_switch_is_not_touched(floor: Floor, tables: Any) -> None:
    _off(floor)
    with transaction(floor.register) as session:
        new = asking(
            floor,
            Kind.RECOMMENDATION_OPT_OUT,
            {"user_id": "2"},
            option=Option.SWITCH_ON,
            parameters={"switches": [SWITCH]},
        )
        other = submission.take(session, floor.context, new, now=floor.now())[0].id

    work_on(floor, other)

    assert _value(floor) == (OFF, True)
    assert [u["personalised"] for u in tables["shop"]["users"]] == [False, True]


def test_a_consent_taken_back_keeps_off_what_lives_in_the_same_column(
    tmp_path: Path, tables: Any, clock: Clock
) -> None:
    floor = floor_over(tmp_path, ONE_COLUMN, tables, clock, backoff_s=(5.0,))
    _off(floor)
    work_on(
        floor, _take(floor, Option.ALL, Kind.CONSENT_WITHDRAWAL, parameters={"purposes": ["ads"]})
    )

    request_id = _on(floor)
    work_on(floor, request_id)

    assert _why(floor, request_id) == {"consent_taken_back"}
    assert request_of(floor, request_id).state is State.PARTIALLY_FULFILLED
    assert _value(floor) == (OFF, True)
    assert tables["shop"]["users"][0]["personalised"] is False


def test_a_store_that_cannot_be_reached_leaves_it_off(floor: Floor, tables: Any) -> None:
    _off(floor)
    request_id = _on(floor)
    lying(floor.connector("shop"), suppress=_down)  # type: ignore[arg-type]  # the memory store

    work_on(floor, request_id)

    assert request_of(floor, request_id).state is State.IN_PROGRESS
    assert _value(floor) == (OFF, True)


def _down(*_: Any, **__: Any) -> Any:
    raise Transient("the store cannot be reached")


def test_keeping_out_of_training_is_effective_once_every_store_has_read_it_back(
    tmp_path: Path, tables: Any, clock: Clock
) -> None:
    training = MAP.replace("basis: consent}", "basis: consent, use: training}")
    floor = floor_over(tmp_path, training, tables, clock, backoff_s=(5.0,))

    def value() -> tuple[str, bool]:
        with reading(floor.register) as session:
            found = preferences.read(session, floor.context, ANN, "purpose:ads")
        return found.value, found.effective

    before = value()
    request_id = _take(floor, Option.ALL, Kind.CONSENT_WITHDRAWAL, parameters={"purposes": ["ads"]})
    taken = value()
    work_on(floor, request_id)

    assert (before, taken, value()) == ((ON, True), (OFF, False), (OFF, True))
    assert [u["ads"] for u in tables["shop"]["users"]] == [False, True]
    assert [u["status"] for u in tables["shop"]["users"]] == ["open", "open"], "the service goes on"
