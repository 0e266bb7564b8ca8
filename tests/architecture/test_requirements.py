"""The table of requirements is whole, and every mark names a row of it."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator

import pytest

from checks.requirements_page import PAGE, page
from tests.architecture.tree import ROOT, files
from workflows.requirements import table

_ID = re.compile(r"R-[A-Z0-9]+-[0-9]+")
_BAD = ":bad"
_SCOPES = {"core": 157, "support": 10, "org": 1}
# What the first version must show, both halves.
_FIRST = [
    "R-23-1",
    "R-23-2",
    "R-23-8",
    "R-21-3",
    "R-P45-1",
    "R-46-1",
    "R-PKG-1",
    "R-PKG-2",
    "R-PKG-4",
    "R-42-1",
    "R-42-2",
    "R-ID-7",
    "R-P48-1",
    "R-P24-1",
    "R-P24-2",
    "R-LOG-1",
    "R-C23-1",
    "R-9-1",
    "R-NEG-13",
    "R-NEG-23",
    "R-NEG-25",
    "R-NEG-29",
]
# How many each series has, so that a row cannot be lost without a word.
_SERIES = {
    "9": 1, "10": 1, "11": 1, "12": 1, "16": 1, "19": 1, "20": 1, "21": 3, "22": 7, "23": 10,
    "24": 10, "25": 6, "28": 1, "31": 1, "32": 1, "33": 1, "35": 3, "37": 1, "42": 4, "44": 1,
    "46": 1, "AI": 7, "APP6": 4, "AUD17": 1, "BR19": 1, "C23": 1, "C24": 1, "C39": 1, "CC165": 1,
    "CC28": 1, "CR25": 1, "E24": 1, "EU12": 1, "EU15": 1, "EU17": 1, "G11": 1, "H16": 1, "ID": 7,
    "LOG": 2, "M34": 2, "M35": 1, "M36": 1, "NEG": 30, "P20": 1, "P21": 1, "P24": 2, "P31": 1,
    "P41": 1, "P42": 1, "P44": 1, "P45": 2, "P46": 2, "P47": 2, "P48": 1, "P49": 2, "P50": 3,
    "PKG": 4, "REC": 3, "SLA": 12, "UK12": 1, "US7021": 1, "US7102": 1, "US7221": 1,
}  # fmt: skip
_IDS = [row["id"] for row in table()]


def _marks(source: str) -> Iterator[str]:
    """Yield the ids given to ``requirement(…)`` marks in a module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr != "requirement":
                continue
            yield from (str(a.value) for a in node.args if isinstance(a, ast.Constant))


def _marked() -> dict[str, str]:
    """Return every id that a test names, with one file that names it."""
    modules = [p for p in files() if p.suffix == ".py" and ROOT / "tests" in p.parents]
    return {
        found: str(path.relative_to(ROOT))
        for path in modules
        for found in _marks(path.read_text(encoding="utf-8"))
    }


def test_every_id_is_well_formed_and_there_once() -> None:
    assert [id_ for id_ in _IDS if not _ID.fullmatch(id_)] == []
    assert [id_ for id_, count in Counter(_IDS).items() if count > 1] == []


def test_the_table_has_every_requirement_of_every_series() -> None:
    assert Counter(id_.split("-")[1] for id_ in _IDS) == _SERIES
    assert len(_IDS) == 168


def test_a_series_has_no_gap() -> None:
    numbers: dict[str, set[int]] = {}
    for id_ in _IDS:
        _, series, number = id_.split("-")
        numbers.setdefault(series, set()).add(int(number))

    assert {s for s, found in numbers.items() if found != set(range(1, len(found) + 1))} == set()


def test_the_scopes_are_as_they_were_settled() -> None:
    assert Counter(row["scope"] for row in table()) == _SCOPES


def test_every_row_says_something_of_its_own() -> None:
    statements = [row["statement"] for row in table()]

    assert [s for s in statements if not s.endswith(".") or len(s) < 30] == []
    assert len(set(statements)) == len(statements)


@pytest.mark.parametrize("id_", _FIRST)
def test_what_the_first_version_must_show_is_core(id_: str) -> None:
    row = next(row for row in table() if row["id"] == id_)

    assert row["scope"] == "core"


def test_what_the_first_version_must_show_has_a_test_for_both_halves() -> None:
    wanted = {id_ + half for id_ in _FIRST for half in ("", _BAD)}

    assert sorted(wanted - _marked().keys()) == []


def test_every_mark_names_a_row_of_the_table() -> None:
    marked = _marked()

    assert marked
    assert {i: f for i, f in marked.items() if i.removesuffix(_BAD) not in _IDS} == {}


def test_the_search_for_marks_finds_them_wherever_they_stand() -> None:
    source = """
import pytest
CASE = pytest.param(1, marks=pytest.mark.requirement("R-1-1:bad"))
@pytest.mark.requirement("R-1-2", "R-1-3")
def test_it(): pass
"""
    assert set(_marks(source)) == {"R-1-1:bad", "R-1-2", "R-1-3"}


def test_the_page_is_what_the_table_makes_it() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(table())


def test_a_page_that_fell_behind_is_noticed() -> None:
    assert page(table()[1:]) != page(table())
