"""
Every doorbell is lost, and every request ends: what is true is in the register, and chores of the
relay find it. What finds each job again is written in docs/explanation/faults.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.architecture.tree import ROOT
from tests.faults.cases import WITH_FILES
from tests.faults.company import Person
from tests.faults.crash import Crasher
from tests.faults.laboratory import Laboratory
from workflows import relaying
from workflows.jobs import JOBS

KINDS = ("deletion", "copy", "correction", "cancellation", "withdrawal", "opt_out", "restriction")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_requests_end_while_every_doorbell_of_their_own_is_lost(
    lab: Callable[..., Laboratory],
) -> None:
    files = [n for n, name in enumerate(KINDS, start=1) if name in WITH_FILES]
    crasher = Crasher(lab(people=len(KINDS) + 2, files=range(1, max(files) + 1)))

    for number, name in enumerate(KINDS, start=1):
        crasher.deaf(name, Person(number))

    crasher.finally_()


def _table() -> dict[str, tuple[str, str]]:
    """Return what the documents say finds each job again, and within how long."""
    text = (ROOT / "docs" / "explanation" / "faults.md").read_text(encoding="utf-8")
    part = text.partition("## Doorbells that are lost")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|[^|]*\| `(\w+)`[^|]*\|([^|]+)\|", part, re.MULTILINE)
    return {job: (chore, within.strip()) for job, chore, within in rows}


def test_the_documents_say_of_every_job_what_finds_it_again() -> None:
    table = _table()

    assert set(table) == set(JOBS)
    assert {job: within for job, (_, within) in table.items() if not within} == {}


def test_what_finds_a_job_again_is_a_chore_of_the_relay() -> None:
    source = (ROOT / "workflows" / "relaying.py").read_text(encoding="utf-8")
    chores = set(re.findall(r'relay\.Chore\("(\w+)"', source))

    assert relaying.PURGE_S == 600
    assert {chore for chore, _ in _table().values()} <= chores
