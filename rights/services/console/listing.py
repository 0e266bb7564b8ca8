"""Lists of requests: a page at a time, by its place and never by a number of rows to skip."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, func, select
from sqlmodel import Session, col

from rights.services import places, ticking
from rights.services.console import searching, vocabulary
from rights.services.console.filters import Filters, conditions
from rights.services.console.vocabulary import Vocabulary
from rights.services.context import Context
from rights.services.places import Place
from rights.services.ticking import Book
from rights.store.models import Assignment, Backend, Request

PAGE: Final = 50
_EXPORT: Final = 1_000
MOST_EXPORTED: Final = 100_000

_COLUMNS: Final = (
    col(Request.id),
    col(Request.kind),
    col(Request.option),
    col(Request.state),
    col(Request.wait),
    col(Request.regimes),
    col(Request.channel),
    col(Request.age_band),
    col(Request.requester_role),
    col(Request.backend_id),
    col(Request.reason),
    col(Request.received_at),
    col(Request.promised_at),
    col(Request.closed_at),
    col(Request.pause_cause),
    col(Assignment.staff_id),
)


@dataclass(frozen=True, slots=True)
class Line:
    """
    One request in a list; no personal data.

    Args:
        counts: Its time does, as :mod:`rights.services.ticking` has it.
    """

    id: str
    kind: str
    option: str
    state: str
    wait: str
    regimes: tuple[str, ...]
    channel: str
    age: str
    role: str
    product: str
    reason: str
    received_at: datetime
    promised_at: datetime
    closed_at: datetime | None
    assigned: str
    paused: bool
    counts: bool

    def late(self, now: datetime) -> bool:
        """Return whether it was not answered in time, or is not by now; not while it is paused."""
        over = (self.closed_at or now) > self.promised_at
        return over and self.counts and not self.paused

    @property
    def place(self) -> str:
        """Where the next page goes on, sorted by promise."""
        return str(Place(self.promised_at, self.id))

    @property
    def newest_place(self) -> str:
        """Where the next page goes on, sorted by receipt."""
        return str(Place(self.received_at, self.id))


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks for a list, when and where: what ``me`` and ``today`` mean."""

    staff_id: str
    now: datetime
    zone: tzinfo


def page(
    session: Session, context: Context, asked: Filters, asker: Asker, *, after: str = ""
) -> tuple[list[Line], str]:
    """
    Return one page, and where the next one goes on; empty at the end.

    Args:
        after: Where the page before went on; what cannot be read begins at the beginning.
    """
    query = _after(_query(session, context, asked, asker), asked, after).limit(PAGE + 1)
    found = [line(row) for row in session.execute(query)]
    lines = found[:PAGE]
    more = len(found) > PAGE
    last = (lines[-1].newest_place if asked.newest else lines[-1].place) if more else ""
    return lines, last


def line(row: Any) -> Line:
    """Return a row of a list."""
    return Line(
        id=row.id,
        kind=str(row.kind),
        option=str(row.option),
        state=str(row.state),
        wait=str(row.wait),
        regimes=tuple(row.regimes),
        channel=row.channel,
        age=str(row.age_band),
        role=str(row.requester_role),
        product=row.backend_id,
        reason=row.reason,
        received_at=row.received_at,
        promised_at=row.promised_at,
        closed_at=row.closed_at,
        assigned=row.staff_id or "",
        paused=bool(row.pause_cause),
        counts=bool(row.counts),
    )


def of_ids(session: Session, book: Book, ids: Sequence[str]) -> list[Line]:
    """Return these requests, the most urgent first."""
    query = rows(book).where(col(Request.id).in_(ids)).order_by(col(Request.promised_at))
    return [line(row) for row in session.execute(query)]


def rows(book: Book) -> Any:
    query = select(*_COLUMNS, ticking.counts(book).label("counts"))
    return query.outerjoin(Assignment, col(Assignment.request_id) == col(Request.id))


def _query(seen: Session | Connection, context: Context, asked: Filters, asker: Asker) -> Any:
    where = conditions(
        asked,
        context.regimes,
        staff_id=asker.staff_id,
        now=asker.now,
        zone=asker.zone,
    )
    order = _order(asked)
    return rows(context.regimes).where(*where, *_found(seen, context, asked)).order_by(*order)


def _found(
    seen: Session | Connection, context: Context, asked: Filters
) -> Iterator[ColumnElement[bool]]:
    """Yield what the words of a list ask for."""
    if not asked.words:
        return
    yield from searching.conditions(asked.words, known_words(seen, context))


def known_words(seen: Session | Connection, context: Context) -> Vocabulary:
    """Return what a search can find here."""
    products = {
        row.id: row.name for row in seen.execute(select(col(Backend.id), col(Backend.name)))
    }
    return vocabulary.of(context.datamap, context.regimes, products)


def _order(asked: Filters) -> tuple[Any, ...]:
    if asked.newest:
        return col(Request.received_at).desc(), col(Request.id).desc()
    return col(Request.promised_at), col(Request.id)


def _after(query: Any, asked: Filters, after: str) -> Any:
    place, number = places.read(after), col(Request.id)
    if asked.newest:
        return query.where(*places.earlier(col(Request.received_at), number, place))
    return query.where(*places.later(col(Request.promised_at), number, place))


# -- as a file --------------------------------------------------------------------------------

HEAD: Final = (
    "request",
    "kind",
    "option",
    "state",
    "wait",
    "regimes",
    "channel",
    "age",
    "role",
    "product",
    "reason",
    "received",
    "promised",
    "closed",
    "assigned",
)


def too_many(seen: Connection, context: Context, asked: Filters, asker: Asker) -> bool:
    """Return whether a list has more than a file may hold: none is cut off without a word."""
    some = _query(seen, context, asked, asker).order_by(None).limit(MOST_EXPORTED + 1).subquery()
    found = seen.execute(select(func.count()).select_from(some)).scalar_one()
    return int(found) > MOST_EXPORTED


def exported(seen: Connection, context: Context, asked: Filters, asker: Asker) -> Iterator[str]:
    """
    Yield a list as the lines of a CSV file: references, codes and dates, nothing of anybody.

    Read page by page: memory does not grow with the list. Whoever asks made sure, in the same
    picture of the register, that there are not :func:`too_many`.
    """
    yield _written(HEAD)
    after = ""
    while True:
        query = _after(_query(seen, context, asked, asker), asked, after).limit(_EXPORT)
        lines = [line(row) for row in seen.execute(query)]
        for one in lines:
            yield _written(_cells(one))
        if len(lines) < _EXPORT:
            return
        after = lines[-1].newest_place if asked.newest else lines[-1].place


def _cells(one: Line) -> tuple[str, ...]:
    closed = one.closed_at.isoformat() if one.closed_at else ""
    return (
        one.id,
        one.kind,
        one.option,
        one.state,
        one.wait,
        " ".join(one.regimes),
        one.channel,
        one.age,
        one.role,
        one.product,
        one.reason,
        one.received_at.isoformat(),
        one.promised_at.isoformat(),
        closed,
        one.assigned,
    )


def _written(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue()
