"""Arithmetic on moments, in the words of either database."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Float, Integer, cast, extract, func, literal
from sqlmodel import Session

from rights.store.columns import UtcDateTime


def at(moment: datetime) -> ColumnElement[datetime]:
    """Return a moment as a value of a query."""
    return literal(moment, UtcDateTime())


def seconds(session: Session, later: Any, earlier: Any) -> ColumnElement[float]:
    """Return the seconds between two moments."""
    if session.connection().dialect.name == "sqlite":
        days: ColumnElement[float] = func.julianday(later) - func.julianday(earlier)
        return days * 86_400.0
    return cast(extract("epoch", later - earlier), Float)


def whole(session: Session, later: Any, earlier: Any, *, unit_s: float) -> ColumnElement[int]:
    """Return how many whole units lie between two moments; *later* is not before *earlier*."""
    counted = seconds(session, later, earlier) / unit_s
    if session.connection().dialect.name == "sqlite":
        return cast(counted, Integer)  # cuts off
    return cast(func.floor(counted), Integer)
