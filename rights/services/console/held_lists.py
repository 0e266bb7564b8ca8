"""
Lists of holds: those that were placed, those that end, and rows that a hold keeps; page by page.

Source: NDSR 24; PIPL 47(2).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, case, func
from sqlmodel import Session, and_, col, or_, select

from rights.services import places
from rights.services.console import held
from rights.services.places import Place, Spot
from rights.store.models import HeldRows, LegalHold

SOON: Final = timedelta(days=30)
"""How long before its end a hold is named."""

BACK: Final = timedelta(days=90)
"""How long after its end it still is."""

PAGE: Final = 100

STUCK: Final = "stuck"


@dataclass(frozen=True, slots=True)
class _List:
    """
    One list, its earliest first in each of its two parts.

    Args:
        model: What it is of.
        part, at: In which part a line stands, 0 or 1, and by which moment in it.
        shown: What a line of it fulfils now.
    """

    model: Any
    part: ColumnElement[int]
    at: Any
    shown: Callable[[datetime], ColumnElement[bool]]


def page(
    session: Session, name: str, now: datetime, *, after: str = ""
) -> tuple[Sequence[Any], str]:
    """
    Return one page of a list, and where the next one goes on; one query.

    Args:
        name: One of :data:`LISTS`.
        after: Where the page before went on; what cannot be read begins at the beginning.
    """
    one = LISTS[name]
    order = one.part, one.at, col(one.model.id)
    query = (
        select(one.model, one.part, one.at)
        .where(one.shown(now), *places.behind(*order, places.spot(after)))
        .order_by(*order)
        .limit(PAGE + 1)
    )
    found = session.exec(query).all()
    rows = [row for row, _, _ in found[:PAGE]]
    if len(found) <= PAGE:
        return rows, ""
    last, part, at = found[PAGE - 1]
    return rows, str(Spot(part, Place(at, last.id)))


def _legal(now: datetime) -> ColumnElement[bool]:
    return and_(*held.alive(now))


def _ending(now: datetime) -> ColumnElement[bool]:
    return or_(_near(LegalHold.until, now), _near(LegalHold.released_at, now))


def _rows(now: datetime) -> ColumnElement[bool]:
    return or_(and_(HeldRows.state != "ended", _ends(HeldRows.latest, now)), _stuck())


def _ends(moment: Any, now: datetime) -> ColumnElement[bool]:
    """Say that it ends soon or has ended, however long ago: rows that are still there are late."""
    return col(moment) < now + SOON


def _near(moment: Any, now: datetime) -> ColumnElement[bool]:
    return and_(col(moment) > now - BACK, _ends(moment, now))


def _stuck() -> ColumnElement[bool]:
    return col(HeldRows.state) == STUCK


_WAITS: Final = col(LegalHold.approved_at).is_(None)

LISTS: Final = {
    "legal": _List(LegalHold, case((_WAITS, 0), else_=1), col(LegalHold.placed_at), _legal),
    # What was released ended then. A moment far off, of a hold that was, stands in no address.
    "ending": _List(
        LegalHold,
        case((col(LegalHold.released_at).is_(None), 1), else_=0),
        func.coalesce(col(LegalHold.released_at), col(LegalHold.until)),
        _ending,
    ),
    # What is stuck may have no end at all, and databases do not agree where that stands.
    "rows": _List(
        HeldRows,
        case((_stuck(), 0), else_=1),
        case((_stuck(), col(HeldRows.created_at)), else_=col(HeldRows.latest)),
        _rows,
    ),
}
"""
``legal``: those that are neither released nor over; those that wait for a second person first.
``ending``: those that ended or were released not long ago, and those whose end is near.
``rows``: of requests, those that staff have to look at first, then by when their hold ends.
"""
