"""
The security incidents of a period: what they were, which clocks they started, how those were
answered.

An incident may turn out graver, or to touch minors, after the period: what entries say was found
later is taken back, so the same is said of the period whenever it is made. Nobody's data is in it.

Source: NDSR 10; PIPL 57.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Connection, func, select, text
from sqlmodel import col

from rights.domain.incident_clocks import IncidentKind, Severity
from rights.domain.period import Period
from rights.services.context import Context
from rights.services.reports.register import Window, window
from rights.services.reports.report import Cell, Missing, Report, Row, Table
from rights.services.security_incidents.facts import CLOSING
from rights.store.models import Entry, IncidentClock, IncidentLetter, SecurityIncident
from rights.store.models.audit import OF_A_DAY

NAME: Final = "incidents"
MOST: Final = 10_000
"""So many incidents are looked at, the oldest first; of more, the report says so."""

TABLES: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = MappingProxyType(
    {
        "incident_sums": (("figure",), ("number",)),
        "incident_kinds": (("incident_kind", "severity"), ("opened", "closed", "open_after")),
        "incidents": (
            ("incident",),
            (
                *("incident_kind", "severity", "endangers", "minors", "drill", "laws"),
                *("discovered_at", "opened_at", "closed_at", "letters"),
            ),
        ),
        "incident_clocks": (
            ("incident", "clock"),
            ("due_at", "answered_at", "answer", "late"),
        ),
    }
)
"""Its tables, each with what the parts of a row's key are, and its columns."""

SUMS: Final = (
    *("incidents_opened", "incidents_closed", "incidents_open_after", "drills_opened"),
    *("clocks_reported", "clocks_not_reportable", "clocks_late", "clocks_open_after"),
)
"""What is counted of all of them; drills are in their own figure alone."""

_RAISED: Final = "security_incident_raised"
_MINORS: Final = "security_incident_minors_found"


@dataclass(slots=True)
class Later:
    """
    What was found out about an incident only after the period.

    Args:
        severity: The grade that it had at the end; empty where it was not raised.
        clocks: Which had not been started by then.
    """

    severity: str = ""
    minors: bool = False
    clocks: set[str] = field(default_factory=set)


def build(
    connection: Connection, context: Context, period: Period, flags: tuple[str, ...]
) -> Report:
    """Return the incidents that were opened by the end of a period and not closed before it."""
    del context
    at = window(period)
    rows = connection.execute(_here(at)).all()
    later, letters = _later(connection, period.end), _letters(connection, at)
    told = rows[:MOST]
    clocks = _clocks(connection, period, later, {row.id for row in told})
    found: dict[str, Iterator[Row]] = {
        "incident_sums": _sums(told, clocks, period),
        "incident_kinds": _kinds(told, later, period),
        "incidents": (_incident(r, later[r.id], letters[r.id], period) for r in told),
        "incident_clocks": (_clock(row, period) for r in told for row in clocks[r.id]),
    }
    tables = tuple(Table(name, *TABLES[name], tuple(made)) for name, made in found.items())
    missing = (Missing("people_told", "people_told"),)
    # letters about requests say nothing of incidents
    own = tuple(flag for flag in flags if flag != "letters_waiting")
    cut = ("incidents_left_out",) if len(rows) > MOST else ()
    return Report(NAME, period, tables, missing, (*own, *cut))


def _here(at: Window) -> Any:
    row = SecurityIncident.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
    over = row.c.closed_at.is_(None) | (row.c.closed_at >= at.start)
    query = select(row).where(row.c.opened_at < at.end, over)
    return query.order_by(row.c.opened_at, row.c.id).limit(MOST + 1)


def _later(connection: Connection, end: datetime) -> Mapping[str, Later]:
    """Return what was found out from the end of the period on, by incident."""
    query = (
        select(col(Entry.event), col(Entry.data))
        .where(text(OF_A_DAY), col(Entry.event).in_((_RAISED, _MINORS)))
        .where(col(Entry.chain) >= f"day:{end.date().isoformat()}", col(Entry.at) >= end)
        .order_by(col(Entry.id))
    )
    found: defaultdict[str, Later] = defaultdict(Later)
    for event, data in connection.execute(query):
        one = found[data["incident"]]
        one.clocks |= set(data["clocks"])
        if event == _MINORS:
            one.minors = True
        else:
            one.severity = one.severity or data["was"]
    return found


def _letters(connection: Connection, at: Window) -> Counter[str]:
    letter = IncidentLetter
    query = select(col(letter.incident_id), func.count().label("number")).where(
        col(letter.made_at) < at.end
    )
    rows = connection.execute(query.group_by(col(letter.incident_id)))
    return Counter({row.incident_id: row.number for row in rows})


def _clocks(
    connection: Connection, period: Period, later: Mapping[str, Later], wanted: set[str]
) -> Mapping[str, Sequence[Any]]:
    """Return the clocks that had been started by the end, by incident."""
    row = IncidentClock.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
    here = _here(window(period)).subquery()
    query = select(row).join(here, here.c.id == row.c.incident_id)
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for one in connection.execute(query.order_by(row.c.incident_id, row.c.due_at, row.c.name)):
        began_later = one.name in later[one.incident_id].clocks
        closed_later = one.name == CLOSING and not _by_end(one.answered_at, period)
        if one.incident_id in wanted and not (began_later or closed_later):
            found[one.incident_id].append(one)
    return found


def _by_end(at: datetime | None, period: Period) -> datetime | None:
    """Return a moment unless it was only after the period."""
    return at if at is not None and at < period.end else None


def _within(at: datetime | None, period: Period) -> bool:
    return at is not None and period.start <= at < period.end


def _sums(
    rows: Sequence[Any], clocks: Mapping[str, Sequence[Any]], period: Period
) -> Iterator[Row]:
    found: Counter[str] = Counter()
    for row in rows:
        if row.drill:
            found["drills_opened"] += _within(row.opened_at, period)
            continue
        found.update({f"incidents_{name}": n for name, n in _came_and_went(row, period).items()})
        for clock in clocks[row.id]:
            found.update(_of_clock(clock, period))
    for name in SUMS:
        yield Row((name,), {"number": found[name]})


def _of_clock(clock: Any, period: Period) -> Iterator[str]:
    """Yield in which sums a clock counts: answered in the period, or open at its end."""
    if clock.name == CLOSING:
        return
    if _within(clock.answered_at, period):
        yield f"clocks_{_answer(clock)}"
        if clock.answered_at > clock.due_at:
            yield "clocks_late"
    elif not _by_end(clock.answered_at, period):
        yield "clocks_open_after"


def _came_and_went(row: Any, period: Period) -> dict[str, int]:
    return {
        "opened": int(_within(row.opened_at, period)),
        "closed": int(_within(row.closed_at, period)),
        "open_after": int(not _by_end(row.closed_at, period)),
    }


def _kinds(rows: Sequence[Any], later: Mapping[str, Later], period: Period) -> Iterator[Row]:
    found: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in rows:
        if not row.drill:
            grade = later[row.id].severity or row.severity
            found[row.kind, grade].update(_came_and_went(row, period))
    for key in ((str(kind), str(grade)) for kind in IncidentKind for grade in Severity):
        yield Row(key, {name: found[key][name] for name in ("opened", "closed", "open_after")})


def _incident(row: Any, later: Later, letters: int, period: Period) -> Row:
    values: dict[str, Cell] = {
        "incident_kind": row.kind,
        "severity": later.severity or row.severity,
        "endangers": _yes(row.endangers),
        "minors": _yes(row.minors and not later.minors),
        "drill": _yes(row.drill),
        "laws": " ".join(row.regimes),
        "discovered_at": _moment(row.discovered_at),
        "opened_at": _moment(row.opened_at),
        "closed_at": _moment(_by_end(row.closed_at, period)),
        "letters": letters,
    }
    return Row((row.id,), values)


def _clock(row: Any, period: Period) -> Row:
    answered = _by_end(row.answered_at, period)
    own = row.name == CLOSING
    values: dict[str, Cell] = {
        "due_at": None if own else _moment(row.due_at),
        "answered_at": _moment(answered),
        "answer": _answer(row) if answered else "waits",
        "late": None if own else _yes((answered or period.end) > row.due_at),
    }
    return Row((row.incident_id, row.name), values)


def _answer(clock: Any) -> str:
    return "reported" if clock.reference else "not_reportable"


def _yes(said: object) -> str:
    return "yes" if said else "no"


def _moment(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None
