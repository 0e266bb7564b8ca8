"""
A process ends at every point at which a package is made that waits for a look, and at every one at
which it is given: nothing goes out before it was let go, and it goes out once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from rights.failpoints import EXIT_CODE
from tests.faults import checks, clock
from tests.faults.cases import asked
from tests.faults.company import Person
from tests.faults.laboratory import KEY, LATER_S, RESUMES, Laboratory
from tests.faults.model import read
from tests.faults.test_crashes import PEOPLE, chosen

KEPT = ("register.", "blob.", "queue.", "doorbell.")
"""Points at which it matters that a package is kept back; the way there is that of any copy, whose
points are those of :mod:`tests.faults.test_crashes`."""

ALWAYS = {"RIGHTS_PACKAGES_REVIEWED": "always"}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_crash_lets_no_package_out_before_its_look_and_none_twice(
    lab: Callable[..., Laboratory],
) -> None:
    given = lab(people=PEOPLE, files=range(1, PEOPLE + 1))
    one = replace(given, forks=given.forks.under({**given.environ, **ALWAYS}))
    making, giving = one.folder / "making", one.folder / "giving"
    first = _made(one, Person(1), "", trace=str(making))
    _given(one, first, Person(1), "", trace=str(giving))
    kept = [one for one in _points(making) if one.startswith(KEPT)]
    assert (len(kept), len(_points(giving)) > 6) == (8, True)  # a trace of nothing proves nothing

    for number, failpoint in enumerate(kept, start=2):
        made = _made(one, Person(number), failpoint)
        _given(one, made, Person(number), "")
    for number, failpoint in enumerate(_points(giving), start=2):
        person = Person(PEOPLE + 1 - number)
        made = _made(one, person, "")
        _given(one, made, person, failpoint)

    problems = [
        *checks.trail(one.register, one.environ["RIGHTS_SIGNING_KEY"]),
        *checks.told(one.register, one.sink.messages, one.received.times),
        *checks.leftovers(one.register, one.environ["RIGHTS_BLOBS_URL"]),
    ]
    assert not problems, "; ".join(problems)


def _points(file: Any) -> Sequence[str]:
    return chosen(file.name, file.read_text(encoding="ascii").split())


def _made(one: Laboratory, person: Person, failpoint: str, **more: Any) -> str:
    """Have a package made by workers of which one ends; return its request, which waits."""
    since = one.requests()
    order = {**one.submitted(asked("copy", person), person), **more}
    code = one.forks.run("both", failpoint=failpoint, **order)
    assert code == (EXIT_CODE if failpoint else 0), f"{failpoint}: left with {code}"
    if not one.request_of(since):  # ended before it was there: the person asks again
        assert one.forks.run("submit", **order) == 0
    made = one.request_of(since)
    _until(one, lambda: one.row(made)["wait"] == "task")
    assert one.row(made)["state"] == "on_hold"
    assert _packages(one, made) == ["in_review"]
    assert _count(one, "notice", made, "package_ready") == 0
    assert _count(one, "step", made) and not one.row(made)["closed_at"]
    return made


def _given(one: Laboratory, made: str, person: Person, failpoint: str, **more: Any) -> None:
    """Let it go, and let a worker end while it is given out."""
    assert one.forks.run("let_go", request=made) == 0
    assert _packages(one, made) == ["in_review"]
    code = one.forks.run("work", failpoint=failpoint, **more)
    assert code == (EXIT_CODE if failpoint else 0), f"{failpoint}: left with {code}"
    closed = one.row(made)["closed_at"] is not None
    assert _packages(one, made) == ["ready" if closed else "in_review"], failpoint
    _until(one, lambda: one.row(made)["closed_at"] is not None)

    assert one.row(made)["state"] == "fulfilled"
    assert _count(one, "notice", made, "package_ready") == 1
    world = read(one.shop, one.service, one.bucket)
    blobs = one.environ["RIGHTS_BLOBS_URL"]
    assert not checks.package(one.register, blobs, KEY, made, world, person.id)


def _until(one: Laboratory, done: Callable[[], bool]) -> None:
    """Let fresh forks go on until that is so, and until nothing is left to do."""
    for _ in range(RESUMES):
        clock.move(one.register, LATER_S)
        assert one.forks.run("work") == 0, f"see {one.log}"
        if done():
            return
    raise AssertionError("it did not come that far once nothing was in its way")


def _packages(one: Laboratory, made: str) -> list[str]:
    query = sa.text("SELECT state FROM package WHERE request_id = :id ORDER BY created_at")
    with one.register.connect() as connection:
        return [str(state) for state in connection.scalars(query, {"id": made})]


def _count(one: Laboratory, table: str, made: str, event: str = "") -> int:
    more = " AND event = :event" if event else ""
    query = f"SELECT count(*) FROM {table} WHERE request_id = :id{more}"
    with one.register.connect() as connection:
        return int(connection.execute(sa.text(query), {"id": made, "event": event}).scalar_one())
