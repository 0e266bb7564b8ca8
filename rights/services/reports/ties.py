"""
Numbers of the figures that are tied, and what is left out of them for the public.

What a reader can add up and take away goes across the tables of a report, not only down one of
them: the ages and those who ask tell together how many minors somebody else asked for. The ties
are written down in the catalogue.

Source: NDSR 44; design, "sums reveal no cell".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from rights import yaml_file
from rights.domain.suppression import hidden
from rights.services.reports import groups
from rights.services.reports.groups import Group
from rights.services.reports.report import Table

APART: Final = "apart"
"""Of a number that no table has."""

_FILE: Final = Path(__file__).parents[2] / "catalogue" / "reports" / "ties.yaml"


@dataclass(frozen=True, slots=True)
class Tie:
    """
    Two sides that count the same requests.

    Args:
        left, right: Tables, or rows of tables.
        columns: Those that it is true of; none for every one.
        as_a_rule: Not of each request, but nearly.
    """

    left: tuple[str, ...]
    right: tuple[str, ...]
    columns: tuple[str, ...] = ()
    as_a_rule: bool = False


@cache
def ties() -> tuple[Tie, ...]:
    """Return what the catalogue says."""
    said: list[dict[str, Any]] = yaml_file.read(_FILE)
    return tuple(
        Tie(
            tuple(one["left"]),
            tuple(one["right"]),
            tuple(one.get("columns", ())),
            one.get("as_a_rule", False),
        )
        for one in said
    )


def left_out(tables: Iterable[Table], column: str) -> frozenset[Group]:
    """Return the rows whose number in a column the public may not read."""
    true = [one for one in ties() if column in one.columns or not one.columns]
    numbers = dict(_numbers(tables, true, column))
    sums = [_signs(one, numbers) for one in true]
    apart = {name: number for said in sums for name, number in _apart(said, numbers)}
    for said in sums:
        said.pop((groups.TOTAL, ()), None)  # known: where it is small, all of its parts are
    return hidden({**numbers, **apart}, sums, apart)


def _numbers(
    tables: Iterable[Table], true: Iterable[Tie], column: str
) -> Iterator[tuple[Group, int]]:
    named = {side.partition("/")[0] for one in true for side in (*one.left, *one.right)}
    for table in tables:
        for row in table.rows if table.name in named else ():
            number = row.values[column]
            yield (table.name, row.key), number if isinstance(number, int) else 0


def _signs(one: Tie, numbers: Mapping[Group, int]) -> dict[Group, int]:
    """Return with which sign each number is in a tie: together they are nothing."""
    left = dict.fromkeys(_side(one.left, numbers), 1)
    return {**left, **dict.fromkeys(_side(one.right, numbers), -1)}


def _side(side: Iterable[str], numbers: Mapping[Group, int]) -> Iterator[Group]:
    for name in side:
        table, _, key = name.partition("/")
        if key:
            yield table, tuple(key.split("/"))
        else:
            yield from (group for group in numbers if group[0] == table)


def _apart(said: Mapping[Group, int], numbers: Mapping[Group, int]) -> Iterator[tuple[Group, int]]:
    """Yield what no table has, worked out from the rest of its tie."""
    rest = sum(sign * numbers[name] for name, sign in said.items() if name[0] != APART)
    yield from ((name, -sign * rest) for name, sign in said.items() if name[0] == APART)
