"""
Lists of complaints and of appeals, those that were answered or decided too; codes and dates.

What they say, and whose they are, is opened one by one, and is an entry.

Source: NDSR 9, 20, 23; PIPL 50.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, Final

from sqlalchemy import ColumnElement, String, and_, cast, or_, select
from sqlmodel import Session, col

from rights.services import appeals, places
from rights.services.console import filters
from rights.services.places import Place
from rights.store.models import Appeal, Complaint, Request

PAGE: Final = 50
OPEN: Final = "open"
ENDED: Final = "closed"
OF_COMPLAINTS: Final = (OPEN, ENDED)
OF_APPEALS: Final = (OPEN, ENDED, appeals.UPHELD, appeals.DISMISSED)
LATE: Final = "late"
CLOCKS: Final = (LATE, "in_time")


@dataclass(frozen=True, slots=True)
class Asked:
    """
    What somebody asked for; what cannot be read is as if it were not there, and is named.

    Args:
        state: ``open``, ``closed`` (answered, or decided), of appeals an outcome; all if empty.
        clock: ``late`` or ``in_time``, by the promised day: of what is open as it is now.
        request: Complaints about this one.
        since, until: Days of receipt, both counted in.
        unread: Names of what could not be read.
    """

    state: str = ""
    clock: str = ""
    regime: str = ""
    product: str = ""
    request: str = ""
    since: date | None = None
    until: date | None = None
    unread: tuple[str, ...] = field(default=(), compare=False)

    @property
    def query(self) -> dict[str, str]:
        """Return what stands in an address that shows the same."""
        names = [one.name for one in fields(self) if one.name != "unread"]
        return {name: str(value) for name in names if (value := getattr(self, name))}


@dataclass(frozen=True, slots=True)
class Line:
    """
    One complaint or appeal; no personal data.

    Args:
        about: The request it is about; empty where a complaint is about none.
        ended_at: When it was answered or decided; None while it waits.
        by: Who did that, or of an appeal that waits: who is to decide; as the register has them.
        outcome: Of an appeal that was decided.
        kind, option: Of the request of an appeal.
    """

    id: str
    about: str
    regimes: Sequence[str]
    product: str
    received_at: datetime
    promised_at: datetime
    ended_at: datetime | None
    by: str
    outcome: str = ""
    kind: str = ""
    option: str = ""

    def late(self, now: datetime) -> bool:
        """Return whether it was not answered in time, or is not by now."""
        return (self.ended_at or now) > self.promised_at


def read(given: Mapping[str, str], regimes: Sequence[str], states: Sequence[str]) -> Asked:
    """Return what an address asks for."""
    unread: list[str] = []
    return Asked(
        state=filters.one_of(given, "state", states, unread),
        clock=filters.one_of(given, "clock", CLOCKS, unread),
        regime=filters.one_of(given, "regime", regimes, unread),
        product=filters.id_of(given, "product", (), unread),
        request=filters.id_of(given, "request", (), unread),
        since=filters.day_of(given, "since", unread),
        until=filters.day_of(given, "until", unread),
        unread=tuple(unread),
    )


def complaints(
    session: Session, asked: Asked, *, now: datetime, zone: tzinfo, after: str = ""
) -> tuple[list[Line], str]:
    """
    Return one page of complaints, the newest first, and where the next goes on; one query.

    Args:
        after: Where the page before went on; what cannot be read begins at the beginning.
    """
    one = Complaint
    shown = (one.id, one.request_id, one.regimes, one.backend_id, one.received_at)
    ends = (one.promised_at, one.answered_at, one.answered_by)
    query = select(*map(col, (*shown, *ends))).where(*_ended(asked, one.answered_at, now, one))
    query = query.where(*_chosen(asked, one, one.received_at, zone))
    if asked.request:
        query = query.where(col(one.request_id) == asked.request)
    return _page(session, query, one, after)


def decided(
    session: Session, asked: Asked, *, now: datetime, zone: tzinfo, after: str = ""
) -> tuple[list[Line], str]:
    """Return one page of appeals; as :func:`complaints`."""
    one = Appeal
    by = (one.decided_by, one.assigned_to)
    shown = (one.id, one.request_id, Request.regimes, Request.backend_id, one.received_at)
    ends = (one.promised_at, one.decided_at, *by, one.outcome, Request.kind, Request.option)
    query = select(*map(col, (*shown, *ends))).where(col(Request.id) == col(one.request_id))
    query = query.where(*_ended(asked, one.decided_at, now, one))
    query = query.where(*_chosen(asked, Request, one.received_at, zone))
    if asked.state in (appeals.UPHELD, appeals.DISMISSED):
        query = query.where(col(one.outcome) == asked.state)
    return _page(session, query, one, after)


def _ended(asked: Asked, at: Any, now: datetime, one: Any) -> Iterator[ColumnElement[bool]]:
    """Yield what the state and the clock of a list ask for."""
    open_ = col(at).is_(None)
    if asked.state:
        yield open_ if asked.state == OPEN else col(at).is_not(None)
    if asked.clock:
        due = col(one.promised_at)
        late = or_(and_(open_, due < now), col(at) > due)
        in_time = or_(and_(open_, due >= now), col(at) <= due)
        yield late if asked.clock == LATE else in_time


def _chosen(asked: Asked, of: Any, received: Any, zone: tzinfo) -> Iterator[ColumnElement[bool]]:
    """Yield what the other filters ask for; *of* has the laws and the product."""
    if asked.regime:
        yield cast(col(of.regimes), String).like(f'%"{asked.regime}"%')
    if asked.product:
        yield col(of.backend_id) == asked.product
    if asked.since:
        yield col(received) >= filters.midnight(asked.since, zone)
    if asked.until:
        yield col(received) < filters.midnight(asked.until + timedelta(days=1), zone)


def _page(session: Session, query: Any, one: Any, after: str) -> tuple[list[Line], str]:
    newest = col(one.received_at), col(one.id)
    query = query.where(*places.earlier(*newest, places.read(after)))
    order = (column.desc() for column in newest)
    found = [_line(row) for row in session.execute(query.order_by(*order).limit(PAGE + 1))]
    lines = found[:PAGE]
    last = Place(lines[-1].received_at, lines[-1].id) if len(found) > PAGE else None
    return lines, str(last) if last else ""


def _line(row: Any) -> Line:
    id_, about, regimes, product, received_at, promised_at, ended_at, by, *more = row
    if not more:
        return Line(id_, about, regimes, product, received_at, promised_at, ended_at, by)
    assigned, outcome, kind, option = more
    by = by if ended_at else f"staff:{assigned}" if assigned else ""
    times = (received_at, promised_at, ended_at)
    return Line(id_, about, regimes, product, *times, by, outcome, str(kind), str(option))
