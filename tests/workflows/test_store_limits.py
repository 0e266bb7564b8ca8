"""No more is asked of a store than it may be asked, by any number of workers."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import col, select

from connectors.sdk import Unfinished
from rights.domain.kinds import Kind
from rights.domain.lifecycle import State, Wait
from rights.store.db import open_engine, reading
from rights.store.models import Request, StepRow, StepState, StoreTurn
from tests.workflows.bells import Watched, rung, work_through
from tests.workflows.house import Clock, ask, floor_over, lying, replace, request_of
from tests.workflows.test_engine import ANN, MAP
from tests.workflows.test_engine import _user as user
from workflows import ringing
from workflows.advance import begin, settle
from workflows.claims import Claim
from workflows.floor import Floor
from workflows.gates import Gates
from workflows.handing import hand_back
from workflows.jobs import work_on
from workflows.leases import Leases
from workflows.perform import perform

PEOPLE = 16


def limited(limits: str, store: str = "shop", *, alone: bool = False) -> str:
    """Return the shop's map with limits on one of its stores; *alone*: there is no other."""
    head = f"- name: {store}\n  connector: memory\n"
    text = MAP[: MAP.index("- name: letters")] if alone else MAP
    assert head in text
    return text.replace(head, f"{head}  limits: {limits}\n")


def tables() -> dict[str, dict[str, list[dict[str, Any]]]]:
    people = range(1, PEOPLE + 1)
    names = {n: f"p{n}" for n in people}
    return {
        "shop": {
            "users": [user(n, names[n]) for n in people],
            "orders": [{"id": n, "user_id": n, "item": "cup"} for n in people],
        },
        "letters": {
            "subscribers": [
                {"email": f"{names[n]}@example.com", "topic": "tea", "restricted": False}
                for n in people
            ]
        },
    }


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shop_of(tmp_path: Path, clock: Clock) -> Callable[..., Floor]:
    def made(limits: str) -> Floor:
        return floor_over(tmp_path, limited(limits, alone=True), tables(), clock)

    return made


def _who(number: int) -> dict[str, str]:
    return {"user_id": str(number)}


def prepared(floor: Floor, kind: Kind, number: int) -> str:
    """Ask for something and make its plan, so that the next claim is a step in a store."""
    request_id = ask(floor, kind, _who(number))
    claim = begin(floor, request_id)
    assert claim is not None
    outcome = perform(floor, claim)
    settled = settle(floor, claim, outcome)
    if settled is not None:
        hand_back(floor, settled)
    rung(floor)
    return request_id


def at_work(floor: Floor, request_id: str) -> Claim:
    claim = begin(floor, request_id)
    assert claim is not None
    return claim


def _turns(floor: Floor) -> list[StoreTurn]:
    with reading(floor.register) as session:
        return list(session.exec(select(StoreTurn)).all())


@pytest.mark.parametrize("kind", [Kind.ACCESS, Kind.DELETION])
@pytest.mark.parametrize("limit", [2, 0])
def test_many_workers_are_never_more_in_a_store_than_may_be(
    tmp_path: Path, postgres_url: str, kind: Kind, limit: int
) -> None:
    """The store itself counts: plans, reads, effects and their proofs. 0: there is no limit."""
    map_text = limited(f"{{concurrent: {limit}}}") if limit else MAP
    clock = Clock()
    floor = floor_over(tmp_path, map_text, tables(), clock, register_url=postgres_url)
    shop = Watched(floor.connector("shop"), slow_s=0.01)
    stores: dict[str, Any] = {"shop": shop, "letters": floor.connector("letters")}
    real = replace(floor, connector=stores.__getitem__, now=lambda: datetime.now(UTC))
    requests = [ask(real, kind, _who(n)) for n in range(1, PEOPLE + 1)]

    work_through(real, 8, requests, within_s=60)

    assert shop.most in ([limit] if limit else range(3, 9))
    assert {request_of(real, r).state for r in requests} == {State.FULFILLED}
    assert _turns(real) == []
    floor.register.dispose()


def test_who_has_no_place_waits_for_the_store_and_is_rung_when_one_is_free(
    shop_of: Callable[..., Floor], clock: Clock
) -> None:
    floor = shop_of("{concurrent: 1}")
    first, second = (prepared(floor, Kind.ACCESS, n) for n in (1, 2))
    due = request_of(floor, second).promised_at
    claim = at_work(floor, first)

    assert begin(floor, second) is None

    waiting = request_of(floor, second)
    assert waiting.state is State.IN_PROGRESS
    assert waiting.wait is Wait.STORE
    assert waiting.next_at is not None
    assert waiting.next_at > clock()
    assert waiting.promised_at == due
    with reading(floor.register) as session:
        mine = select(StepRow).where(StepRow.request_id == second, col(StepRow.store) == "shop")
        assert {row.state for row in session.exec(mine)} == {StepState.TODO}
    rung(floor)
    settle(floor, claim, perform(floor, claim))
    assert second in rung(floor)
    assert begin(floor, second) is not None


def test_the_order_is_that_in_which_they_came_and_urgent_ones_come_first(
    shop_of: Callable[..., Floor], clock: Clock
) -> None:
    floor = shop_of("{concurrent: 1}")
    busy, *others = (prepared(floor, Kind.ACCESS, n) for n in (1, 2, 3, 4))
    claim: Claim | None = at_work(floor, busy)
    for waiting in others:
        clock.on(seconds=1)
        assert begin(floor, waiting) is None
    clock.on(seconds=1)
    urgent = ask(floor, Kind.RECOMMENDATION_OPT_OUT, _who(5))
    assert begin(floor, urgent) is None  # its plan asks the shop too
    clock.on(seconds=1)
    newcomer = ask(floor, Kind.ACCESS, _who(6))

    order = []
    for _ in range(4):
        assert claim is not None
        rung(floor)
        hand_back(floor, claim)
        came = [r for r in rung(floor) if r != claim.request.id]
        order += came
        assert begin(floor, newcomer) is None  # the place is kept for who was rung
        claim = begin(floor, came[0])
    assert order == [urgent, *others]


def test_a_place_is_kept_only_for_a_moment(shop_of: Callable[..., Floor], clock: Clock) -> None:
    """A doorbell may lie in a long queue: the store must not stand idle for it."""
    floor = shop_of("{concurrent: 1}")
    busy, waiting, newcomer = (prepared(floor, Kind.ACCESS, n) for n in (1, 2, 3))
    claim = at_work(floor, busy)
    assert begin(floor, waiting) is None
    hand_back(floor, claim)
    assert begin(floor, newcomer) is None

    clock.on(seconds=3)

    assert begin(floor, newcomer) is not None


def test_a_killed_worker_frees_its_place_with_its_lease(tmp_path: Path, postgres_url: str) -> None:
    """The worker is a process, and SIGKILL is what ends it."""
    floor = floor_over(
        tmp_path,
        limited("{concurrent: 1}", alone=True),
        tables(),
        Clock(),
        register_url=postgres_url,
    )
    lease = timedelta(seconds=1.5)
    leases = Leases(
        floor.register, lambda: datetime.now(UTC), worker="a", lease=lease, every=lease / 5
    )
    floor = replace(floor, leases=leases, now=lambda: datetime.now(UTC))
    first, second = (prepared(floor, Kind.ACCESS, n) for n in (1, 2))
    floor.register.dispose()
    pid = os.fork()
    if not pid:
        child = replace(floor, register=open_engine(postgres_url), gates=Gates())
        begin(child, first)
        os.kill(os.getpid(), signal.SIGKILL)
    assert os.WIFSIGNALED(os.waitpid(pid, 0)[1])

    assert begin(floor, second) is None
    assert ringing.ring_waiting(floor.register, floor.context, floor.now) == 0
    ends = floor.now() + lease
    while not ringing.ring_waiting(floor.register, floor.context, floor.now):
        assert floor.now() < ends + timedelta(seconds=5)
    assert second in rung(floor)
    assert begin(floor, second) is not None
    leases.stop()
    floor.register.dispose()


def test_a_minute_sees_only_so_many_steps_begin(
    shop_of: Callable[..., Floor], clock: Clock
) -> None:
    floor = shop_of("{per_minute: 3}")
    first, second = (ask(floor, Kind.ACCESS, _who(n)) for n in (1, 2))
    claim = at_work(floor, first)

    assert begin(floor, second) is None
    assert request_of(floor, second).next_at == clock() + timedelta(seconds=20)
    hand_back(floor, claim)
    clock.on(seconds=19)
    assert ringing.ring_waiting(floor.register, floor.context, clock) == 0
    assert begin(floor, second) is None
    clock.on(seconds=1)
    assert ringing.ring_waiting(floor.register, floor.context, clock) == 1
    assert begin(floor, second) is not None


def test_a_request_under_a_rate_comes_to_its_end(
    shop_of: Callable[..., Floor], clock: Clock
) -> None:
    floor = shop_of("{per_minute: 60, concurrent: 1}")
    request_id = ask(floor, Kind.DELETION, _who(1))
    for _ in range(40):
        work_on(floor, request_id)
        clock.on(seconds=1)

    assert request_of(floor, request_id).state is State.FULFILLED
    assert _turns(floor) == []


def test_a_large_erasure_gives_way_at_the_end_of_its_turn(
    shop_of: Callable[..., Floor], clock: Clock
) -> None:
    floor = shop_of("{concurrent: 1}")
    shop = floor.connector("shop")
    whale, small = (prepared(floor, Kind.DELETION, n) for n in (1, 2))
    erase = shop.erase  # type: ignore[attr-defined]

    def some(*_: object) -> None:
        raise Unfinished("a part is done")

    lying(shop, erase=some)  # type: ignore[arg-type]
    held = at_work(floor, whale)
    while held.step is None or held.step.action != "erase":
        following = settle(floor, held, perform(floor, held))
        assert following is not None
        held = following
    assert begin(floor, small) is None
    rung(floor)

    assert settle(floor, held, perform(floor, held)) is None  # its turn is over

    assert rung(floor)[0] == small
    assert begin(floor, whale) is None
    lying(shop, erase=erase)  # type: ignore[arg-type]
    work_on(floor, small)
    work_on(floor, whale)
    assert request_of(floor, small).state is State.FULFILLED
    clock.on(seconds=40)
    work_on(floor, whale)
    assert request_of(floor, whale).state is State.FULFILLED


def test_who_was_called_off_stands_in_nobodys_way(
    shop_of: Callable[..., Floor], clock: Clock
) -> None:
    floor = shop_of("{concurrent: 1}")
    busy, called_off, other = (prepared(floor, Kind.ACCESS, n) for n in (1, 2, 3))
    claim = at_work(floor, busy)
    for waiting in (called_off, other):
        clock.on(seconds=1)
        assert begin(floor, waiting) is None
    with reading(floor.register) as session:
        session.connection().exec_driver_sql(
            f"UPDATE request SET state = 'revoked' WHERE id = '{called_off}'"
        )
        session.commit()

    ringing.ring_waiting(floor.register, floor.context, clock)
    hand_back(floor, claim)

    assert called_off not in {t.request_id for t in _turns(floor)}
    assert other in rung(floor)


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
    floor = floor_over(tmp_path, MAP, tables(), clock)
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
