"""
A process ends at every point there is, for a request of every kind; nothing is lost, done twice
or said too early.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest

from rights.failpoints import Point
from tests.faults.cases import CASES, WITH_FILES
from tests.faults.company import Person
from tests.faults.crash import Crasher
from tests.faults.laboratory import Laboratory

PEOPLE = 24
"""One for each point, one for the trace, and a few who ask for nothing."""


def chosen(name: str, trace: Sequence[str]) -> list[str]:
    """Return each point that was passed, with one of the times it was: another for every kind."""
    rng = random.Random(name)
    return [
        f"{point}:{rng.randint(1, _most(trace.count(point)))}" for point in dict.fromkeys(trace)
    ]


def _most(count: int) -> int:
    """Leave out the last ones of many: what comes last may come in another round."""
    return count if count < 3 else count * 3 // 4


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", CASES)
def test_a_crash_at_any_point_costs_time_and_nothing_else(
    name: str, lab: Callable[..., Laboratory]
) -> None:
    files = range(1, PEOPLE + 1) if name in WITH_FILES else range(0)
    crasher = Crasher(lab(people=PEOPLE, files=files))

    trace = crasher.trace(name, Person(1))
    for number, failpoint in enumerate(chosen(name, trace), start=2):
        crasher.crash(name, Person(number), failpoint)

    crasher.again()
    crasher.finally_()


def test_every_point_is_passed_by_the_laboratory(lab: Callable[..., Laboratory]) -> None:
    crasher = Crasher(lab(people=3, files=range(1, 4)))

    passed = {*crasher.trace("deletion", Person(1)), *crasher.trace("copy", Person(2))}

    assert passed == set(Point)
