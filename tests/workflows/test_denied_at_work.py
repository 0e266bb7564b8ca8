"""Denying while workers are at it: the request has ended, and nothing they report changes that."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import SQLModel, select

from connectors.sdk import Refused
from rights.domain.actions import EFFECTS, Action
from rights.domain.errors import Conflict, Fenced, IllegalTransition
from rights.domain.kinds import Kind
from rights.domain.lifecycle import TERMINAL, State, Wait
from rights.services import audit, denials, requests
from rights.services.checkpoints import verify
from rights.services.plans import approve
from rights.store.db import reading, transaction
from rights.store.models import KeyringRow, OutboxMessage, Package, PlanRow, Request, Staff, StepRow
from tests.denying import denied, second
from tests.services.registers import DATABASES, register_url
from tests.workflows.house import Clock, ask, floor_over, lying, replace, request_of
from tests.workflows.test_engine import ANN, MAP
from tests.workflows.test_engine import _user as user
from workflows import aftercare
from workflows.advance import begin, settle
from workflows.claims import Claim
from workflows.floor import Floor
from workflows.jobs import work_on
from workflows.packages.spool import spool_prefix
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


@pytest.fixture(params=DATABASES)
def floor(
    request: pytest.FixtureRequest, tmp_path: Path, tables: Any, clock: Clock
) -> Iterator[Floor]:
    url = register_url(request, request.param)
    made = floor_over(tmp_path, MAP, tables, clock, register_url=url)
    yield made
    made.register.dispose()


def _staff(floor: Floor) -> Staff:
    with transaction(floor.register) as session:
        found = session.exec(select(Staff).where(Staff.name == "ana")).first()
        if found is None:
            found = Staff(name="ana", roles=["approver"], created_at=floor.now())
            session.add(found)
            second(session, floor.now())
            session.flush()
    return found


def _deny(floor: Floor, request_id: str, reason: str = "not_identifiable") -> None:
    staff = _staff(floor)
    with transaction(floor.register) as session:
        request = requests.locked(session, request_id)
        said = denials.Said(reason, "两个账号使用同一联系方式。")
        denied(session, floor.context, request, staff, said, now=floor.now())


def _revoke(floor: Floor, request_id: str) -> None:
    with transaction(floor.register) as session:
        request = requests.locked(session, request_id)
        requests.revoke(session, request, actor="subject", now=floor.now())


def _everything(floor: Floor) -> dict[str, list[Any]]:
    """Return every row of the register."""
    with floor.register.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(table.select())))
            for table in SQLModel.metadata.sorted_tables
        }


def _claim(floor: Floor, request_id: str, *, steps: int) -> Claim:
    """Return the claim of a worker that has done so many steps and is at the next."""
    claim = begin(floor, request_id)
    for _ in range(steps):
        assert claim is not None
        claim = settle(floor, claim, perform(floor, claim))
    assert claim is not None
    return claim


def test_nothing_that_changes_a_store_can_be_called_denied_afterwards() -> None:
    assert denials.READING < {str(action) for action in Action}
    assert denials.READING & {str(action) for action in EFFECTS} == set()


@pytest.mark.parametrize("end", [_deny, _revoke])
@pytest.mark.parametrize("steps", [0, 1, 2])
def test_a_worker_that_reports_late_finds_the_request_ended_and_changes_nothing(
    floor: Floor, end: Callable[[Floor, str], None], steps: int
) -> None:
    request_id = ask(floor, Kind.COPY, ANN)
    claim = _claim(floor, request_id, steps=steps)
    outcome = perform(floor, claim)
    end(floor, request_id)
    before = _everything(floor)

    with pytest.raises(Fenced):
        settle(floor, claim, outcome)

    assert _everything(floor) == before
    assert begin(floor, request_id) is None


def test_the_heartbeat_of_a_worker_that_was_fenced_off_ends(floor: Floor) -> None:
    request_id = ask(floor, Kind.COPY, ANN)
    claim = _claim(floor, request_id, steps=1)
    stretch = floor.leases._stretch  # noqa: SLF001 - what its thread does every ten seconds
    assert stretch(claim.step_id, claim.fence)

    _deny(floor, request_id)

    assert not stretch(claim.step_id, claim.fence)


def test_what_a_worker_still_wrote_after_the_denial_is_tidied_up_by_a_later_round(
    floor: Floor, clock: Clock
) -> None:
    request_id = ask(floor, Kind.COPY, ANN)
    claim = _claim(floor, request_id, steps=1)
    _deny(floor, request_id)
    aftercare.close_out(floor, request_id)
    perform(floor, claim)  # it does not know yet
    with reading(floor.register) as session:
        package = session.exec(select(Package).where(Package.request_id == request_id)).one()
        query = select(OutboxMessage).where(OutboxMessage.job == "close_out")
        rounds = [m.not_before for m in session.exec(query)]
    folder = spool_prefix(package.id)
    assert list(floor.blobs.list(folder)) != []

    assert sorted(r is not None for r in rounds) == [False, True]
    assert max(r for r in rounds if r) > clock() + floor.leases.lease
    aftercare.close_out(floor, request_id)

    assert list(floor.blobs.list(folder)) == []
    with reading(floor.register) as session:
        assert session.get(KeyringRow, request_id) is None


def test_a_request_whose_plan_could_not_be_made_can_be_denied(floor: Floor) -> None:
    def refuse(*_: object) -> None:
        raise Refused("one address, two accounts")

    lying(floor.connector("shop"), freeze=refuse)  # type: ignore[arg-type]
    request_id = ask(floor, Kind.DELETION, ANN)
    work_on(floor, request_id)
    held = request_of(floor, request_id)
    assert (held.state, held.wait) == (State.ON_HOLD, Wait.TASK)

    _deny(floor, request_id)

    denied = request_of(floor, request_id)
    assert (denied.state, denied.wait, denied.reason) == (
        State.DENIED,
        Wait.NONE,
        "not_identifiable",
    )
    assert denied.next_at is not None  # the sweep sees to it that it is tidied up
    assert denied.closed_at == floor.now()


def test_a_plan_that_waits_for_approval_can_be_denied_and_not_approved_after(
    floor: Floor, tables: Any
) -> None:
    shown, before = replace(floor, force_approval=True), copy.deepcopy(tables)
    request_id = ask(floor, Kind.DELETION, ANN)
    work_on(shown, request_id)
    assert request_of(floor, request_id).wait is Wait.APPROVAL

    _deny(floor, request_id)

    staff = _staff(floor)
    with transaction(floor.register) as session:
        plan = session.get_one(PlanRow, request_id)
        request = requests.locked(session, request_id)
        with pytest.raises(Conflict):
            approve(session, request, plan.hash, staff, floor.now())
    work_on(shown, request_id)
    assert tables == before
    with pytest.raises(IllegalTransition):
        _deny(floor, request_id)


def test_an_erasure_that_began_is_not_denied(floor: Floor, tables: Any) -> None:
    request_id = ask(floor, Kind.DELETION, ANN)
    claim = _claim(floor, request_id, steps=1)

    with pytest.raises(Conflict, match="leave the rest out"):
        _deny(floor, request_id)

    following: Claim | None = claim
    while following is not None:
        following = settle(floor, following, perform(floor, following))
    assert request_of(floor, request_id).state is State.FULFILLED
    assert tables["shop"]["users"] == []


def _all_of(
    ids: Mapping[int, str],
    gate: threading.Barrier,
    broken: list[Exception],
    do: Callable[[str], None],
) -> threading.Thread:
    """Return a thread that does something to every request; what it may not do, it leaves."""

    def run() -> None:
        gate.wait()
        for request_id in ids.values():
            try:
                do(request_id)
            except (Fenced, Conflict, IllegalTransition):
                continue
            except Exception as error:  # noqa: BLE001 - told by the test
                broken.append(error)

    return threading.Thread(target=run)


def _ended_by_denial(floor: Floor, request_id: str) -> bool:
    """Return how a request ended, once it is sure that its rows tell one story."""
    with reading(floor.register) as session:
        request = session.get_one(Request, request_id)
        steps = session.exec(select(StepRow).where(StepRow.request_id == request_id)).all()
        chain = audit.entries(session, request_id)
    assert request.state in TERMINAL
    denied = request.state is State.DENIED
    erased = any(s.action == "erase" and s.fence for s in steps)
    assert denied is not erased
    assert (chain[-1].event == "denied") is denied
    return denied


def test_denials_and_workers_at_once_end_every_request_one_way_or_the_other(
    floor: Floor, tables: Any
) -> None:
    people = range(1, 13)
    tables["shop"]["users"][:] = [user(n, f"p{n}") for n in people]
    tables["shop"]["orders"].clear()
    ids = {n: ask(floor, Kind.DELETION, {"user_id": str(n)}) for n in people}
    _staff(floor)
    gate, broken = threading.Barrier(2), list[Exception]()
    work = _all_of(ids, gate, broken, lambda request_id: work_on(floor, request_id))
    deny = _all_of(ids, gate, broken, lambda request_id: _deny(floor, request_id))

    for thread in (work, deny):
        thread.start()
    for thread in (work, deny):
        thread.join(60)

    assert broken == []
    left = {row["id"] for row in tables["shop"]["users"]}
    assert left == {n for n, request_id in ids.items() if _ended_by_denial(floor, request_id)}
    assert verify(floor.register, floor.signer).ok
