"""A store that has enough is left alone, tried by one step, and asked again when it is well."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from connectors.sdk import Misconfigured, Overloaded, Strain, Transient, Unfinished
from rights.domain.breaker import Circuit
from rights.domain.errors import ConfigError
from rights.domain.kinds import Kind
from rights.domain.lifecycle import State, Wait
from rights.store.db import reading
from rights.store.models import Request, StepRow, StoreGate
from tests.day_entries import day_entries
from tests.workflows.bells import Watched, rung
from tests.workflows.house import Clock, ask, floor_over, lying, replace, request_of
from tests.workflows.test_engine import MAP
from tests.workflows.test_engine import _user as user
from workflows import ringing
from workflows.advance import begin, settle
from workflows.floor import Floor
from workflows.gates import Gates
from workflows.jobs import work_on
from workflows.perform import perform
from workflows.strain import refuse_unmeasured

ONE = MAP[: MAP.index("- name: letters")]
PAUSES = (5.0, 20.0)
ENTRIES = [
    ("store_paused", {"store": "shop", "code": "busy"}),
    ("store_resumed", {"store": "shop"}),
]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shop_of(tmp_path: Path, clock: Clock) -> Callable[..., Floor]:
    def made(rule: str = "") -> Floor:
        head = "- name: shop\n  connector: memory\n"
        text = ONE.replace(head, f"{head}  pause_when: {rule}\n") if rule else ONE
        tables: Any = {"shop": {"users": [user(n, f"p{n}") for n in range(1, 12)], "orders": []}}
        floor = floor_over(tmp_path, text, tables, clock, store_pause_s=PAUSES, backoff_s=(1.0,))
        store = Watched(floor.connector("shop"))
        stores: dict[str, Any] = {"shop": store}
        return replace(floor, connector=stores.__getitem__)

    return made


def _store(floor: Floor) -> Any:
    return floor.connector("shop")


def _overloaded(floor: Floor, **how: Any) -> Callable[[], None]:
    """Have the store say that it has enough, to whatever is collected; return the end of it."""
    memory = _store(floor).store
    honest = memory.collect

    def enough(*_: object) -> None:
        raise Overloaded("the store has enough", **how)

    lying(memory, collect=enough)
    return lambda: setattr(memory, "collect", honest)


def _gate(floor: Floor) -> StoreGate:
    with reading(floor.register) as session:
        return session.exec(select(StoreGate)).one()


def _asked(floor: Floor, count: int) -> list[str]:
    return [ask(floor, Kind.ACCESS, {"user_id": str(n)}) for n in range(1, count + 1)]


def test_a_store_that_has_enough_is_asked_by_nobody_until_one_step_tries_it(
    shop_of: Callable[..., Floor], clock: Clock
) -> None:
    floor = shop_of()
    requests = _asked(floor, 6)
    well = _overloaded(floor)
    promised = {r: request_of(floor, r).promised_at for r in requests}
    for request_id in requests[:3]:
        work_on(floor, request_id)
    assert _gate(floor).circuit is Circuit.OPEN
    asked = _store(floor).calls

    for request_id in requests[3:]:
        clock.on(seconds=0.1)
        work_on(floor, request_id)

    assert _store(floor).calls == asked
    waiting = request_of(floor, requests[3])
    assert (waiting.state, waiting.wait) == (State.IN_PROGRESS, Wait.STORE)
    assert waiting.next_at == _gate(floor).until
    rung(floor)
    assert ringing.ring_waiting(floor.register, floor.context, clock) == 0

    clock.on(seconds=PAUSES[0])
    well()
    assert ringing.ring_waiting(floor.register, floor.context, clock) == 1
    assert rung(floor) == [requests[3]]
    trying = begin(floor, requests[3])
    assert trying is not None
    assert _gate(floor).circuit is Circuit.HALF_OPEN
    assert [begin(floor, r) for r in requests[:3]] == [None] * 3
    settle(floor, trying, perform(floor, trying))

    assert _gate(floor).circuit is Circuit.CLOSED
    clock.on(seconds=30)
    for request_id in requests * 2:
        work_on(floor, request_id)
    assert {request_of(floor, r).state for r in requests} == {State.FULFILLED}
    assert {r: request_of(floor, r).promised_at for r in requests} == promised
    assert day_entries(floor.register, "store_paused", "store_resumed") == ENTRIES


def test_a_trial_that_fails_makes_the_pause_longer(
    shop_of: Callable[..., Floor], clock: Clock
) -> None:
    floor = shop_of()
    (request_id,) = _asked(floor, 1)
    _overloaded(floor, at_once=True)
    work_on(floor, request_id)
    assert _gate(floor).until == clock() + timedelta(seconds=PAUSES[0])

    clock.on(seconds=PAUSES[0])
    work_on(floor, request_id)

    gate = _gate(floor)
    assert gate.until == clock() + timedelta(seconds=PAUSES[1])
    assert (gate.openings, gate.reason) == (2, "busy")
    assert len(day_entries(floor.register, "store_paused")) == 1  # its beginning, not each trial


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        (timedelta(minutes=7), timedelta(minutes=7)),
        (timedelta(days=40), timedelta(days=1)),  # longer nobody waits for a store's word
    ],
)
def test_as_long_as_the_store_asked_for_it_is_left_alone(
    shop_of: Callable[..., Floor], clock: Clock, asked: timedelta, left: timedelta
) -> None:
    floor = shop_of()
    (request_id,) = _asked(floor, 1)
    _overloaded(floor, retry_after=asked)

    work_on(floor, request_id)

    assert _gate(floor).until == clock() + left
    with reading(floor.register) as session:
        waits = select(StepRow.next_at).where(col(StepRow.next_at).is_not(None))
        assert session.exec(waits).all() == [clock() + left]


def test_a_store_that_cannot_be_reached_is_not_one_that_has_enough(
    shop_of: Callable[..., Floor],
) -> None:
    floor = shop_of()

    def away(*_: object) -> None:
        raise Transient("the store does not answer")

    lying(_store(floor).store, collect=away)
    for request_id in _asked(floor, 6):
        work_on(floor, request_id)

    with reading(floor.register) as session:
        assert session.exec(select(StoreGate)).all() == []


def test_what_another_worker_found_out_is_known_here_too(
    shop_of: Callable[..., Floor],
) -> None:
    floor = shop_of()
    first, second = _asked(floor, 2)
    _overloaded(floor, at_once=True)
    elsewhere = replace(floor, worker="elsewhere", gates=Gates())
    work_on(elsewhere, first)
    asked = _store(floor).calls

    work_on(floor, second)

    assert _store(floor).calls == asked


def test_a_worker_that_ends_while_it_tries_does_not_leave_the_store_alone_for_ever(
    shop_of: Callable[..., Floor], clock: Clock
) -> None:
    floor = shop_of()
    first, second = _asked(floor, 2)
    well = _overloaded(floor, at_once=True)
    work_on(floor, first)
    work_on(floor, second)
    well()
    clock.on(seconds=PAUSES[0])
    assert begin(floor, first) is not None  # and its worker is gone
    assert begin(floor, second) is None

    clock.on(seconds=31)

    assert ringing.ring_waiting(floor.register, floor.context, clock) == 1
    assert second in rung(floor)
    work_on(floor, second)
    assert request_of(floor, second).state is State.FULFILLED


def _showing(floor: Floor, **strain: Any) -> list[dict[str, bool]]:
    """Have the store show its strain; return what it was asked for."""
    asked: list[dict[str, bool]] = []

    def show(**what: bool) -> Strain:
        asked.append(what)
        return Strain(**strain)

    _store(floor).store.strain = show
    return asked


@pytest.mark.parametrize(
    ("rule", "shown", "reason"),
    [
        ("{replication_lag_s: 10}", {"replication_lag_s": 10.5}, "replication_lag"),
        ("{replication_lag_s: 10}", {"replication_lag_s": float("inf")}, "replication_lag"),
        ("{lock_waits: 3}", {"lock_waits": 3}, "lock_waits"),
    ],
)
def test_a_store_under_strain_is_not_asked_at_all(
    shop_of: Callable[..., Floor], clock: Clock, rule: str, shown: dict[str, Any], reason: str
) -> None:
    floor = shop_of(rule)
    asked = _showing(floor, **shown)
    request_id, other = _asked(floor, 2)

    work_on(floor, request_id)
    work_on(floor, other)

    assert _store(floor).calls == 0
    assert len(asked) == 1
    assert asked[0] == {"lag": "lag" in rule, "locks": "lock" in rule}
    assert (_gate(floor).circuit, _gate(floor).reason) == (Circuit.OPEN, reason)
    assert request_of(floor, request_id).wait is Wait.STORE
    _showing(floor)
    clock.on(seconds=60)
    work_on(floor, request_id)
    assert request_of(floor, request_id).state is State.FULFILLED


def test_strain_just_below_is_none(shop_of: Callable[..., Floor]) -> None:
    floor = shop_of("{replication_lag_s: 10, lock_waits: 3}")
    _showing(floor, replication_lag_s=10.0, lock_waits=2)
    (request_id,) = _asked(floor, 1)

    work_on(floor, request_id)

    assert request_of(floor, request_id).state is State.FULFILLED


def test_what_cannot_be_seen_is_not_taken_for_well(shop_of: Callable[..., Floor]) -> None:
    floor = shop_of("{replication_lag_s: 10}")

    def blind(**_: bool) -> Strain:
        raise Misconfigured("the account may not see how far replicas are behind")

    _store(floor).store.strain = blind
    (request_id,) = _asked(floor, 1)

    work_on(floor, request_id)

    held = request_of(floor, request_id)
    assert (held.state, held.wait) == (State.ON_HOLD, Wait.TASK)
    assert _store(floor).calls == 0


def test_between_the_chunks_of_a_large_erasure_the_store_is_asked_and_rested(
    shop_of: Callable[..., Floor], clock: Clock
) -> None:
    floor = shop_of("{lock_waits: 3}")
    _showing(floor)
    memory = _store(floor).store
    erase, chunks = memory.erase, list[int]()

    def in_chunks(target: Any, work: Any) -> Any:
        for number in range(3):
            chunks.append(number)
            if number == 1:
                _showing(floor, lock_waits=9)
            if work.strained():
                raise Unfinished("a part is done")
        return erase(target, work)

    lying(memory, erase=in_chunks)
    request_id = ask(floor, Kind.DELETION, {"user_id": "1"})

    work_on(floor, request_id)
    work_on(floor, request_id)

    assert chunks == [0, 1]
    assert _gate(floor).reason == "lock_waits"
    lying(memory, erase=erase)
    _showing(floor)
    clock.on(seconds=60)
    work_on(floor, request_id)
    assert request_of(floor, request_id).state is State.FULFILLED


def test_a_connector_that_shows_nothing_is_refused_at_the_start(
    shop_of: Callable[..., Floor],
) -> None:
    floor = shop_of("{lock_waits: 3}")
    classes: Any = {"memory": type(_store(floor).store)}

    with pytest.raises(ConfigError, match=r"stores\[shop\]\.pause_when"):
        refuse_unmeasured(floor.context.datamap, classes)


def test_the_order_is_kept_when_the_store_is_well_again(
    shop_of: Callable[..., Floor], clock: Clock
) -> None:
    floor = shop_of()
    requests = _asked(floor, 5)
    well = _overloaded(floor, at_once=True)
    work_on(floor, requests[0])
    for request_id in requests[1:]:
        clock.on(seconds=1)
        work_on(floor, request_id)
    well()
    clock.on(seconds=PAUSES[0])
    ringing.ring_waiting(floor.register, floor.context, clock)
    rang = rung(floor)
    assert rang[-1:] == [requests[1]]
    work_on(floor, requests[1])

    ringing.ring_waiting(floor.register, floor.context, clock)

    assert rung(floor) == requests[2:]
    with reading(floor.register) as session:
        assert session.get_one(Request, requests[1]).state is State.FULFILLED
