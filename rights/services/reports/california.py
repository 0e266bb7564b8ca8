"""
What a business publishes once a year in California, and nothing else.

Five rights; of each how many requests came, were complied with in whole or in part, were denied,
and the median days until they were answered. A counter that nothing here could have counted is not
published as 0: the report is not made.

Source: 11 CCR 7102(a).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, String, cast, select
from sqlmodel import col

from rights import yaml_file
from rights.domain import period as periods
from rights.domain.errors import FieldError, Invalid
from rights.domain.kinds import OPTIONS, Kind, Option
from rights.domain.period import Period
from rights.services.context import Context
from rights.services.reports import flow, times
from rights.services.reports.groups import Group, Into, Sort
from rights.services.reports.register import window
from rights.services.reports.report import Cell, Report, Row, Table
from rights.services.reports.times import Times
from rights.store.models import Backend

NAME: Final = "california"
REGIME: Final = "us_ca"
COLUMNS: Final = ("received", "complied", "denied", "median_days")
_FILE: Final = Path(__file__).parents[2] / "catalogue" / "reports" / "california.yaml"


@dataclass(frozen=True, slots=True)
class Right:
    """One of the five: the kinds and options that are counted as it."""

    name: str
    asked: tuple[tuple[Kind, Option], ...]


@cache
def rights() -> tuple[Right, ...]:
    """Return the five rights in the order of the regulation."""
    found: Mapping[str, Mapping[str, list[str]]] = yaml_file.read(_FILE)
    apart = {Option(name) for said in found.values() for name in said.get("options", ())}
    return tuple(Right(name, tuple(_asked(said, apart))) for name, said in found.items())


def _asked(said: Mapping[str, list[str]], apart: set[Option]) -> Iterator[tuple[Kind, Option]]:
    own = {Option(name) for name in said.get("options", ())}
    kinds = {Kind(name) for name in said.get("kinds", ())}
    for kind, options in OPTIONS.items():
        for option in options:
            if option in own or (kind in kinds and option not in apart):
                yield kind, option


def year(number: int, context: Context, now: datetime) -> Period:
    """
    Return a calendar year of California.

    Raises:
        Invalid: it is not over.
    """
    found = periods.year(number, context.regimes[REGIME].counting.zone)
    if not found.closed(now):
        message = "is not over: what California asks for is published of whole years"
        wrong = [FieldError("year", message, rule="not_over")]
        raise Invalid(f"the year {number} {message}", wrong, code="report_year_open")
    return found


def build(
    connection: Connection, context: Context, period: Period, flags: tuple[str, ...]
) -> Report:
    """
    Return the figures of a year.

    Raises:
        Invalid: one of them could not have been counted; names which, and why.
    """
    at, into, book = window(period), Into(_counted), context.regimes
    counts = flow.of_requests(connection, at, into, book)
    answers = times.of_answers(connection, at, into)
    rows = [_row(right, counts, answers) for right in rights()]
    empty = {row.key[0] for row in rows if not any(row.values[name] for name in COLUMNS)}
    lacking = [r.name for r in rights() if r.name in empty and not _offered(r, context)]
    if "register_began_later" in flags:
        raise _lacks(
            "the register was not kept from the first day of the year on", _ALL, "report_late"
        )
    if len(empty) == len(rows) and not _expected(connection, context):
        raise _lacks(f"no product and no setting names the law {REGIME}", _ALL, "report_no_law")
    if lacking:
        why = "what is counted there is switched off in this deployment's policy"
        raise _lacks(why, lacking, "report_switched_off")
    return Report(NAME, period, (Table(NAME, ("right",), COLUMNS, tuple(rows)),), (), flags)


_ALL: Final = ("every counter",)


def _lacks(why: str, names: Sequence[str], code: str) -> Invalid:
    message = f"is missing: {why}"
    wrong = [FieldError(name, message) for name in names]
    told = f"the report is not made, {', '.join(names)} {message}"
    return Invalid(told, wrong, code=code)


def _counted(sort: Sort) -> Iterator[Group]:
    if REGIME in sort.laws:
        yield from ((right.name, ()) for right in rights() if _is(sort) in right.asked)


def _is(sort: Sort) -> tuple[Kind, Option]:
    return Kind(sort.kind), Option(sort.option)


def _row(right: Right, counts: Mapping[Group, Counter[str]], answers: Mapping[Group, Times]) -> Row:
    ends = counts.get((right.name, ()), Counter())
    took = answers.get((right.name, ()), Times())
    values: dict[str, Cell] = {
        "received": ends["received"],
        "complied": ends["fulfilled"] + ends["partially_fulfilled"],
        "denied": ends["denied"],
        "median_days": took.days(50),
    }
    return Row((right.name,), values)


def _offered(right: Right, context: Context) -> bool:
    return any(option in context.policy.offered(kind) for kind, option in right.asked)


def _expected(connection: Connection, context: Context) -> bool:
    """Return whether anybody's requests would be handled under this law."""
    if REGIME in context.settings.default_regimes:
        return True
    named = cast(col(Backend.regimes), String).contains(f'"{REGIME}"')
    return connection.execute(select(col(Backend.id)).where(named).limit(1)).first() is not None
