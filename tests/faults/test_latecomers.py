"""Workers that wake up too late, work that is done again, people who go on editing."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence

import pytest
import sqlalchemy as sa

from tests.faults import checks, clock, model
from tests.faults.cases import asked
from tests.faults.company import CANARY, Person
from tests.faults.crash import Crasher
from tests.faults.laboratory import LATER_S, Laboratory

NEWER = f"{CANARY} newer"


def _after_effects(trace: Sequence[str]) -> int:
    """Return which register commit is the first after the store's last."""
    last = len(trace) - 1 - trace[::-1].index("store.commit.after")
    return trace[:last].count("register.commit.after") + 1


def _from_first_claim(trace: Sequence[str]) -> list[str]:
    """Return the points between the first call of a store and the last commit of an effect."""
    last = len(trace) - 1 - trace[::-1].index("store.commit.after")
    out, seen = [], dict[str, int]()
    for place, point in enumerate(trace[:last]):
        seen[point] = seen.get(point, 0) + 1
        early = "service.call.before" not in seen
        if not early and point in STOPS and place % 2 == 0:
            out.append(f"{point}:{seen[point]}:stop")
    return out


STOPS = {"register.commit.after", "service.call.before", "service.call.after", "store.commit.after"}
"""Where nothing is locked: who stops there for an hour is in nobody's way."""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_worker_that_wakes_up_late_changes_nothing(lab: Callable[..., Laboratory]) -> None:
    one = lab(people=24, files=range(1, 25))
    crasher = Crasher(one)
    stops = _from_first_claim(crasher.trace("deletion", Person(1)))
    assert len(stops) > 5

    for number, stop in enumerate(stops[:6], start=2):
        person = Person(number)
        order = one.submitted(asked("deletion", person), person)
        before = crasher.read()
        expected, counts = model.after(before, order, person.id)
        since = one.requests()
        pid = one.forks.start("both", failpoint=stop, **order)
        assert one.forks.wait(pid) == -signal.SIGSTOP, stop
        request_id = one.request_of(since)
        one.resume(lambda r=request_id: crasher.closed(r))  # type: ignore[misc]  # of this round
        receipt = checks.receipt(one.register, request_id)

        os.kill(pid, signal.SIGCONT)
        one.forks.wait(pid)

        assert model.differences(crasher.read(), expected) == [], stop
        assert checks.journal(one.register, request_id, counts) == [], stop
        assert checks.receipt(one.register, request_id) == receipt, stop
    assert checks.trail(one.register, crasher.seed) == []


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ["deletion", "anonymisation", "restriction"])
def test_a_step_that_is_done_again_changes_nothing(
    name: str, lab: Callable[..., Laboratory]
) -> None:
    one = lab(people=5, files=range(1, 6))
    crasher = Crasher(one)
    number = _after_effects(crasher.trace(name, Person(1)))
    person = Person(3)
    order = one.submitted(asked(name, person), person)
    expected, counts = model.after(crasher.read(), order, person.id)
    since = one.requests()
    one.forks.run("both", failpoint=f"register.commit.after:{number}", **order)
    request_id = one.request_of(since)
    done = crasher.read()

    assert one.forks.run("rerun", request=request_id) == 0

    assert model.differences(crasher.read(), done) == []
    one.resume(lambda: crasher.closed(request_id))
    assert model.differences(crasher.read(), expected) == []
    assert checks.journal(one.register, request_id, counts) == []


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_newer_value_is_never_overwritten(when: str, lab: Callable[..., Laboratory]) -> None:
    one, person = lab(people=4), Person(2)
    crasher = Crasher(one)
    since = one.requests()
    order = one.submitted(asked("correction", person), person)
    one.forks.run("both", failpoint=f"store.commit.{when}:1", **order)
    request_id = one.request_of(since)
    with one.shop.begin() as connection:
        edit = sa.text("UPDATE users SET nickname = :name WHERE id = :id")
        connection.execute(edit, {"name": NEWER, "id": person.id})

    one.resume(lambda: crasher.closed(request_id) or one.row(request_id)["state"] == "on_hold")

    assert crasher.read()["shop.users"][person.id]["nickname"] == NEWER
    assert one.row(request_id)["state"] != "fulfilled"


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("store", ["mariadb", "sqlite"])
@pytest.mark.parametrize("name", ["deletion", "correction"])
def test_a_sample_on_other_databases(store: str, name: str, lab: Callable[..., Laboratory]) -> None:
    crasher = Crasher(lab(store, people=14, files=range(1, 15)))

    trace = crasher.trace(name, Person(1))
    points = [p for p in dict.fromkeys(trace) if p.startswith(("store.", "service.", "objects."))]
    chosen = [f"{p}:{(trace.count(p) + 1) // 2}" for p in (*points, "register.commit.after")]
    for number, failpoint in enumerate(chosen, start=2):
        crasher.crash(name, Person(number), failpoint)

    crasher.again()
    crasher.finally_()


def test_the_clock_of_the_laboratory_moves(lab: Callable[..., Laboratory]) -> None:
    one = lab(people=2)

    clock.move(one.register, LATER_S)

    assert clock.ahead(one.register) == LATER_S
    with one.register.connect() as connection:
        theirs = connection.execute(sa.text("SELECT clock_timestamp() - now()")).scalar_one()
    assert theirs.total_seconds() == pytest.approx(LATER_S, abs=5)
