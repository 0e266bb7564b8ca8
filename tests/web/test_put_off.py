"""What a clock that was ahead put off goes on when that clock was put right."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from rights.domain.breaker import Circuit
from rights.domain.lifecycle import State, Wait
from rights.services import put_off
from rights.store.models import (
    Notice,
    OutboxMessage,
    Request,
    StepRow,
    StepState,
    StoreGate,
    StoreTurn,
    WarningDue,
    WebhookDelivery,
)
from tests.web.house import House
from tests.web.moved_clock import Moved

_AHEAD = timedelta(days=40)


def _put(house: House, at: datetime) -> None:
    """Put off one of everything until *at*."""
    one = house.asserted("access", {"user_id": "u-1"})["id"]
    now = house.clock.now()
    with house.writing() as session:
        request = session.get_one(Request, one)
        request.state, request.wait, request.next_at = State.IN_PROGRESS, Wait.NONE, at
        given: dict[str, Any] = {"request_id": one, "created_at": now}
        session.add(Notice(**given, event="request.received", next_at=at))
        session.add(WarningDue(**given, event="wrong_codes", next_at=at))
        session.add(OutboxMessage(job="advance", args={}, created_at=now, not_before=at))
        step = StepRow(id=f"{one}-01-erase", request_id=one, phase=1, action="erase")
        step.next_at, step.state = at, StepState.TODO
        session.add(step)
        sent: dict[str, Any] = {"subscription_id": "s", "event_id": "e", "event": "x", "body": "{}"}
        session.add(WebhookDelivery(**sent, created_at=now, next_at=at))


def _when(house: House) -> dict[str, set[datetime | None]]:
    tables: tuple[Any, ...] = (Request, Notice, WarningDue, StepRow, WebhookDelivery)
    with house.reading() as session:
        found = {one.__name__: set(session.exec(select(one.next_at)).all()) for one in tables}
        found["OutboxMessage"] = set(session.exec(select(OutboxMessage.not_before)).all())
    return found


def _rests(house: House, until: datetime) -> None:
    with house.writing() as session:
        session.add(StoreGate(store="shop", circuit=Circuit.OPEN, until=until, full_at=until))
        visit = StoreTurn(store="shop", holder="visit-1", since=until, until=until)
        session.add(visit)


def _rest(house: House) -> list[datetime | None]:
    with house.reading() as session:
        gate, turn = session.exec(select(StoreGate)).one(), session.exec(select(StoreTurn)).one()
        return [gate.until, gate.full_at, turn.until]


@pytest.mark.parametrize(("ahead", "moved"), [(_AHEAD, True), (timedelta(days=1), False)])
def test_a_store_rests_no_longer_than_it_can_have_asked_for(
    house: House, ahead: timedelta, *, moved: bool
) -> None:
    until = house.clock.now() + ahead
    _rests(house, until)

    assert _round(house) == (3 if moved else 0)
    assert _rest(house) == [house.clock.now() if moved else until] * 3


def test_the_relay_looks_for_it_when_the_clock_was_put_right(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = Moved(house, monkeypatch)
    world.jump(days=40)
    with house.writing() as session:
        at = world.register_now() + timedelta(minutes=5)
        now = world.register_now()
        session.add(OutboxMessage(job="advance", args={}, created_at=now, not_before=at))
    world.jump(days=-40)

    assert world.relay["put_off"].run() == 1
    with house.reading() as session:
        query = select(OutboxMessage.not_before).where(col(OutboxMessage.not_before).is_not(None))
        (found,) = session.exec(query).all()
    assert found is not None
    assert found <= world.register_now()


def _round(house: House) -> int:
    return put_off.bring_forward(house.engine, house.context, house.clock.now())


def test_what_a_clock_that_was_ahead_put_off_is_tried_at_once(house: House) -> None:
    _put(house, house.clock.now() + _AHEAD)

    assert _round(house) == 6

    for name, at in _when(house).items():
        assert house.clock.now() + _AHEAD not in at, name
        assert house.clock.now() in at, name
    assert _round(house) == 0


def test_a_pause_before_another_try_is_left_alone(house: House) -> None:
    _put(house, house.clock.now() + timedelta(days=1))
    before = _when(house)

    assert _round(house) == 0
    assert _when(house) == before


@pytest.mark.parametrize(
    ("state", "wait"),
    [
        (State.VERIFYING, Wait.NONE),
        (State.ON_HOLD, Wait.COOLING_OFF),
        (State.IN_PROGRESS, Wait.DECISION),
    ],
)
def test_what_waits_for_a_day_by_right_goes_on_waiting(
    house: House, state: State, wait: Wait
) -> None:
    one, at = house.asserted("access", {"user_id": "u-1"})["id"], house.clock.now() + _AHEAD
    with house.writing() as session:
        request = session.get_one(Request, one)
        request.state, request.wait, request.next_at = state, wait, at

    _round(house)

    assert at in _when(house)["Request"]
