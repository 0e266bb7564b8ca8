"""What one person asked for at once: erasing comes last."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connectors.sdk import Transient
from rights.domain.kinds import Kind
from rights.domain.lifecycle import State
from rights.store.db import transaction
from rights.store.models import Request
from tests.workflows.house import Clock, ask, floor_over, lying, request_of
from tests.workflows.test_engine import ANN, MAP
from tests.workflows.test_engine import _user as user
from workflows.floor import Floor
from workflows.jobs import work_on


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tables() -> dict[str, dict[str, list[dict[str, Any]]]]:
    letter = {"email": "ann@example.com", "topic": "tea", "restricted": False}
    return {
        "shop": {"users": [user(1, "ann"), user(2, "bo")], "orders": []},
        "letters": {"subscribers": [letter]},
    }


@pytest.fixture
def floor(tmp_path: Path, tables: Any, clock: Clock) -> Floor:
    return floor_over(tmp_path, MAP, tables, clock, backoff_s=(5.0,))


def _stuck(floor: Floor) -> Any:
    """Take a store away; return what brings it back."""
    letters = floor.connector("letters")
    honest = letters.collect  # type: ignore[attr-defined]

    def down(*_: object) -> None:
        raise Transient("the store letters does not answer")

    lying(letters, collect=down)  # type: ignore[arg-type]
    return lambda: lying(letters, collect=honest)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [Kind.DELETION, Kind.ACCOUNT_CANCELLATION])
@pytest.mark.parametrize("who", [ANN, {"user_id": "1", "email": "ann@example.com"}])
def test_nothing_is_erased_before_an_earlier_copy_is_made(
    floor: Floor, clock: Clock, tables: Any, kind: Kind, who: dict[str, str]
) -> None:
    back = _stuck(floor)
    copy = ask(floor, Kind.COPY, who)
    work_on(floor, copy)
    clock.on(seconds=1)
    erasing = ask(floor, kind, ANN)

    work_on(floor, erasing)

    waiting = request_of(floor, erasing)
    assert waiting.state is State.IN_PROGRESS
    assert waiting.next_at is not None
    assert waiting.next_at > clock()
    assert [u["id"] for u in tables["shop"]["users"]] == [1, 2]

    back()
    clock.on(seconds=6)
    work_on(floor, copy)
    work_on(floor, erasing)

    assert request_of(floor, copy).state is State.FULFILLED
    assert request_of(floor, erasing).state is State.FULFILLED
    assert [u["id"] for u in tables["shop"]["users"]] == [2]


def test_in_a_bundle_erasing_comes_last_in_whatever_order_it_was_written(
    floor: Floor, clock: Clock, tables: Any
) -> None:
    erasing = ask(floor, Kind.DELETION, ANN, bundle_id="b" * 32)
    clock.on(seconds=1)
    copy = ask(floor, Kind.COPY, ANN, bundle_id="b" * 32)
    with transaction(floor.register) as session:
        session.get_one(Request, copy).state = State.VERIFYING

    work_on(floor, erasing)

    assert [u["id"] for u in tables["shop"]["users"]] == [1, 2]
    with transaction(floor.register) as session:
        session.get_one(Request, copy).state = State.IN_PROGRESS
    work_on(floor, erasing)
    assert [u["id"] for u in tables["shop"]["users"]] == [1, 2]
    work_on(floor, copy)
    work_on(floor, erasing)
    assert request_of(floor, copy).state is State.FULFILLED
    assert request_of(floor, erasing).state is State.FULFILLED


def test_another_persons_copy_and_a_later_one_hold_nothing_up(
    floor: Floor, clock: Clock, tables: Any
) -> None:
    _stuck(floor)
    work_on(floor, ask(floor, Kind.COPY, {"user_id": "2"}))
    erasing = ask(floor, Kind.DELETION, ANN)
    clock.on(seconds=1)
    ask(floor, Kind.COPY, ANN)

    work_on(floor, erasing)

    assert request_of(floor, erasing).state is State.FULFILLED
    assert [u["id"] for u in tables["shop"]["users"]] == [2]
