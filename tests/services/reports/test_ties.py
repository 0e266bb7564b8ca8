"""
What the public may not read cannot be worked out from all that it may, taken together.

Nothing here knows the ties of the catalogue: every number is a sum of requests of one age, one who
asks and one law, and what follows from the numbers that are shown is found by elimination.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from fractions import Fraction
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rights.domain.period import Period
from rights.services.reports import figures, groups
from rights.services.reports.groups import Group, Sort
from rights.services.reports.public import public
from rights.services.reports.report import Report, Row, Table
from rights.services.reports.ties import Tie, ties
from rights.services.reports.times import Times
from tests.services.reports.expected import Count
from tests.services.reports.town import Case

AGES = ("under_14", "14_17", "adult", "unknown", "unsettled")
ROLES = ("self", "guardian", "guardian_adult", "agent", "close_relative")
LAWS = (("cn_general",), ("cn_minor",), ("cn_general", "cn_minor"), ("gone",))
CELLS = tuple(product(AGES, ROLES, LAWS))
KNOWN = groups.every(["cn_general", "cn_minor"])
PERIOD = Period(date(2026, 1, 1), date(2026, 12, 31), ZoneInfo("Asia/Shanghai"))

Cell = tuple[str, str, tuple[str, ...]]
Says = Callable[[Cell], bool]

SOME = st.one_of(st.just(0), st.integers(0, 12), st.integers(0, 60))
TOWN = st.lists(SOME, min_size=len(CELLS), max_size=len(CELLS)).map(
    lambda numbers: dict(zip(CELLS, numbers, strict=True))
)
FEW = st.dictionaries(st.sampled_from(CELLS), st.integers(1, 60), max_size=14).map(
    lambda some: dict.fromkeys(CELLS, 0) | some
)


def _published(town: Mapping[Cell, int]) -> dict[Group, Row]:
    counts: dict[Group, Counter[str]] = defaultdict(Counter)
    for (age, role, laws), number in town.items():
        for group in groups.of(Sort("access", "summary", "api", age, laws, role), KNOWN):
            counts[group]["received"] += number
    tables = tuple(
        Table(name, groups.KEYS[name], figures.COLUMNS, _rows(name, counts)) for name in KNOWN
    )
    reasons = Table("reasons", ("reason",), ("denied",), (Row(("no_ground",), {"denied": 0}),))
    shown = public(Report("figures", PERIOD, (*tables, reasons)))
    return {(table.name, row.key): row for table in shown.tables for row in table.rows}


def _rows(name: str, counts: Mapping[Group, Counter[str]]) -> tuple[Row, ...]:
    return tuple(
        figures.row_of(key, counts.get((name, key), Counter()), Times()) for key in KNOWN[name]
    )


def _is(place: int, value: object) -> Says:
    return lambda cell: cell[place] == value


def _asked_for(*, young: bool) -> Says:
    """Say that somebody else asked for a minor, or for whoever is none."""
    return lambda cell: _minor(cell) is young and cell[1] != "self"


def _minor(cell: Cell) -> bool:
    return cell[0] in ("under_14", "14_17")


def _said() -> dict[Group, Says]:
    """Return of which requests each row is the number."""
    asker: dict[str, Says] = {
        "minor": lambda c: _minor(c) and c[1] == "self",
        "self": lambda c: not _minor(c) and c[1] == "self",
    }
    for role in ROLES[1:]:
        asker[role] = _is(1, role)
    found: dict[Group, Says] = {("total", ()): lambda _: True}
    found |= {("askers", (name,)): says for name, says in asker.items()}
    for age in AGES:
        found["ages", (age,)] = _is(0, age)
    for name in ("cn_general", "cn_minor"):
        found["regimes", (name,)] = _is(2, (name,))
    found["regimes", ("several",)] = lambda c: len(c[2]) > 1
    found["regimes", ("other",)] = lambda c: c[2] == ("gone",)
    return found


class Elimination:
    """What follows from sums that are known: one that they leave nothing of."""

    def __init__(self, known: Iterable[Says], cells: tuple[Cell, ...]) -> None:
        self.cells = cells
        self.steps: list[tuple[Cell, dict[Cell, Fraction]]] = []
        for says in known:
            if left := self._less(says):
                at, first = next(iter(left.items()))
                self.steps.append((at, {cell: number / first for cell, number in left.items()}))

    def tells(self, says: Says) -> bool:
        return not self._less(says)

    def _less(self, says: Says) -> dict[Cell, Fraction]:
        left = {cell: Fraction(1) for cell in self.cells if says(cell)}
        for at, step in self.steps:
            if times := left.get(at):
                for cell, number in step.items():
                    left[cell] = left.get(cell, Fraction(0)) - times * number
                left = {cell: number for cell, number in left.items() if number}
        return left


def _guarded(town: Mapping[Cell, int], cells: tuple[Cell, ...]) -> None:
    rows, said = _published(town), _said()
    shown = {group for group in said if "received" in rows[group].values}
    known = Elimination((said[group] for group in sorted(shown)), cells)

    for group in said.keys() - shown:
        assert not known.tells(said[group]), group
    for young in (True, False):
        others = _asked_for(young=young)
        if sum(number for cell, number in town.items() if others(cell)) < 10:
            assert not known.tells(others), f"asked for by others, minors: {young}"


@pytest.mark.requirement("R-44-1")
@settings(max_examples=60, deadline=None)
@given(st.one_of(TOWN, FEW))
def test_nothing_that_is_left_out_follows_from_all_that_is_shown(town: dict[Cell, int]) -> None:
    _guarded(town, CELLS)


@pytest.mark.requirement("R-44-1")
@settings(max_examples=60, deadline=None)
@given(st.one_of(TOWN, FEW))
def test_nor_where_every_guardian_asks_for_a_minor_and_nobody_else_does(
    town: dict[Cell, int],
) -> None:
    likely = tuple(c for c in CELLS if c[1] == "self" or (c[1] == "guardian") is _minor(c))

    _guarded({cell: town[cell] if cell in likely else 0 for cell in CELLS}, likely)


def test_minors_whom_somebody_else_asked_for_are_not_the_ages_less_the_minors_who_ask() -> None:
    town = dict.fromkeys(CELLS, 0)
    some = {("adult", "self"): 200, ("under_14", "self"): 22, ("14_17", "self"): 21}
    others = {("under_14", "guardian"): 2, ("adult", "agent"): 15, ("unknown", "self"): 12}
    for (age, role), number in (some | others).items():
        town[age, role, LAWS[0]] = number

    rows = _published(town)

    parts = [("ages", ("under_14",)), ("ages", ("14_17",)), ("askers", ("minor",))]
    assert [part for part in parts if "received" in rows[part].hidden]
    assert "received" in rows["askers", ("guardian",)].hidden
    assert rows["ages", ("adult",)].values["received"] == 215


def _number(count: Count, side: str, column: str, one: Tie) -> int:
    table, _, key = side.partition("/")
    if not key:
        return int(count.row(lambda _: True)[column])
    of = {"ages": count.age, "askers": count.asker}.get(table)
    if of is not None:
        return int(count.row(lambda c: of(c) == key)[column])
    minors = "under_14", "14_17"
    young = "minors_asked_for" == key
    assert table == "apart", one
    return int(count.row(lambda c: (count.age(c) in minors) is young and c.role != "self")[column])


def test_every_tie_of_the_catalogue_is_true(all_of: list[Case]) -> None:
    count = Count(all_of, (2026, 1, 1), (2027, 1, 1))
    rows = [one for one in ties() if not one.as_a_rule and "total" not in one.left]
    assert len(rows) == 2

    for one, column in product(rows, ("received", "accepted", "fulfilled", "denied", "sent")):
        sides = [
            sum(_number(count, s, column, one) for s in side) for side in (one.left, one.right)
        ]
        assert sides[0] == sides[1] > 0, (one, column)
