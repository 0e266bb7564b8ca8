"""
How long answers took, from receipt until they were out, and how many were in time.

The hours of all answers are kept as "how many took so many hours": as large as the slowest answer,
however many answers there are.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, func, select
from sqlmodel import col

from rights.services.reports import groups
from rights.services.reports.groups import Group, Into
from rights.services.reports.register import (
    ANSWERED,
    Window,
    asked,
    count,
    letters,
    out_at,
    whole_hours,
)
from rights.services.reports.report import Cell
from rights.store.db import streamed
from rights.store.models import Request

COLUMNS: Final = (
    "sent",
    "on_time",
    "late",
    "on_time_percent",
    "median_days",
    "p95_days",
    "max_days",
)
_HOURS: Final = 24


@dataclass(slots=True)
class Times:
    """
    The answers of one group.

    Args:
        hours: How many answers took so many whole hours.
    """

    hours: Counter[int] = field(default_factory=Counter)
    on_time: int = 0

    @property
    def sent(self) -> int:
        """How many answers were out."""
        return self.hours.total()

    def add(self, hours: int, number: int, on_time: int) -> None:
        """Take in *number* answers that took so long."""
        self.hours[max(hours, 0)] += number
        self.on_time += on_time

    def days(self, percent: int) -> float | None:
        """
        Return the days within which *percent* of the answers were out; None without any.

        Nearest rank, so it is what one answer really took; to a tenth of a day.
        """
        rank, seen = -(-self.sent * percent // 100), 0
        for hours in sorted(self.hours):
            seen += self.hours[hours]
            if seen >= rank:
                return in_days(hours)
        return None

    def cells(self) -> dict[str, Cell]:
        """Return the columns of :data:`COLUMNS`."""
        share = round(100 * self.on_time / self.sent, 1) if self.sent else None
        return {
            "sent": self.sent,
            "on_time": self.on_time,
            "late": self.sent - self.on_time,
            "on_time_percent": share,
            "median_days": self.days(50),
            "p95_days": self.days(95),
            "max_days": self.days(100),
        }


def in_days(hours: int) -> float:
    """Return hours in days, to a tenth; half a tenth counts as one."""
    return (hours * 20 + _HOURS) // (2 * _HOURS) / 10


def of_answers(connection: Connection, at: Window, into: Into) -> dict[Group, Times]:
    """Return the answers that were out in the period, by the groups they are counted in."""
    found: dict[Group, Times] = defaultdict(Times)
    with streamed(connection, _query(connection, at)) as rows:
        for row in rows:
            hours, number, on_time = row.hours, row.number, row.on_time
            for group in into(row):
                found[group].add(hours, number, on_time)
    return found


def _query(connection: Connection, at: Window) -> Any:
    letter = letters()
    out = out_at(letter)
    hours = whole_hours(connection, out, col(Request.received_at)).label("hours")
    in_time = count(out <= col(Request.promised_at)).label("on_time")
    return (
        select(*groups.columns(at), hours, func.count().label("number"), in_time)
        .outerjoin(letter, letter.c.request_id == col(Request.id))
        .where(asked(), col(Request.state).in_(ANSWERED))
        .where(col(Request.closed_at) < at.end, at.holds(out))
        .group_by(*groups.NAMES, "hours")
    )
