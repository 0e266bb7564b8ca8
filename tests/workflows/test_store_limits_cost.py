"""What limits cost where there are none, and that nobody is let in uncounted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import select

from rights.domain.kinds import Kind
from rights.domain.lifecycle import State
from rights.store.db import reading
from rights.store.models import Request, StepRow, StepState
from tests.workflows.house import Clock, ask, floor_over, request_of
from tests.workflows.test_engine import ANN, MAP
from tests.workflows.test_store_limits import _tables, _who, clock, shop_of
from workflows.advance import begin
from workflows.floor import Floor
from workflows.jobs import work_on

__all__ = ["clock", "shop_of"]


@pytest.fixture
def statements() -> Iterator[Callable[[Floor], list[str]]]:
    listening: list[tuple[Any, Any]] = []

    def listen(floor: Floor) -> list[str]:
        seen: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            seen.append(statement)

        event.listen(floor.register, "before_cursor_execute", note)
        listening.append((floor.register, note))
        return seen

    yield listen
    for engine, note in listening:
        event.remove(engine, "before_cursor_execute", note)


def test_stores_without_limits_cost_the_register_nothing(
    tmp_path: Path, clock: Clock, statements: Callable[[Floor], list[str]]
) -> None:
    floor = floor_over(tmp_path, MAP, _tables(), clock)
    work_on(floor, ask(floor, Kind.ACCESS, _who(1)))  # asks once which stores are not well
    seen = statements(floor)

    request_id = ask(floor, Kind.ACCESS, _who(2))
    work_on(floor, request_id)

    assert request_of(floor, request_id).state is State.FULFILLED
    assert [s for s in seen if "store_gate" in s or "store_turn" in s] == []


def test_nothing_may_start_while_it_cannot_be_counted(
    shop_of: Callable[..., Floor], clock: Clock
) -> None:
    """Fail closed: a register that does not answer lets nobody in."""
    floor = shop_of("{concurrent: 1}")
    request_id = ask(floor, Kind.ACCESS, ANN)
    with floor.register.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE store_turn RENAME TO away")

    with pytest.raises(Exception, match="store_turn"):
        begin(floor, request_id)

    with floor.register.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO store_turn")
    with reading(floor.register) as session:
        steps = session.exec(select(StepRow).where(StepRow.request_id == request_id)).all()
        assert session.get_one(Request, request_id).state is State.IN_PROGRESS
    assert [s for s in steps if s.state is StepState.RUNNING] == []
