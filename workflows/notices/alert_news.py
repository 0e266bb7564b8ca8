"""What staff have not been written of yet: which time it is about, whose, and until when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlmodel import Session, col, select

from rights.domain import alerts
from rights.services import alarms, clocks, untouched
from rights.store.models import Appeal, Complaint, Request, RequestClock

CLOCK: Final = "clock"
IDLE: Final = "idle"


@dataclass(frozen=True, slots=True)
class News:
    """
    One time of which staff have not been written yet.

    Args:
        about: The request, appeal or complaint.
        what: ``clock``, ``idle``, or what an ``Alert`` is of.
        stage: How much of the time is used up, in percent; 0 for what nobody touches.
        request: The request it belongs to; None for a complaint about none.
        ends_at: When that time ends, or ended.
        because: Why nothing moves, of what nobody touches.
    """

    about: str
    what: str
    stage: int
    request: Request | None
    ends_at: datetime
    regimes: tuple[str, ...]
    because: str = ""

    @property
    def part(self) -> str:
        """Under which heading of the mail it stands."""
        if self.what == CLOCK:
            return "late" if self.stage == alerts.LATE else "soon"
        if self.what == alarms.ACKNOWLEDGEMENT and self.stage < alerts.LATE:
            return "unconfirmed"
        return self.what

    def to(self, address: str) -> tuple[str, str, str, int]:
        """Return what stands for this and one address among what is done."""
        return (address, self.about, self.what, self.stage)


def read(session: Session) -> list[News]:
    """Return all of it, off the session."""
    found = [*_of_clocks(session), *_of_alerts(session)]
    session.expunge_all()
    return found


def _of_clocks(session: Session) -> Iterator[News]:
    rows = clocks.unmailed(session)
    requests = _by_id(session, Request, (row.request_id for row in rows))
    for row in rows:
        request = requests.get(row.request_id)
        if request is None:
            continue
        about = (request, request.promised_at, tuple(request.regimes))
        if row.stage > row.mailed:
            yield News(request.id, CLOCK, row.stage, *about)
        if not row.idle_mailed:
            because = untouched.cause(request.state, request.wait)
            yield News(request.id, IDLE, 0, *about, because)


def _of_alerts(session: Session) -> Iterator[News]:
    rows = alarms.unmailed(session)
    requests = _by_id(session, Request, (row.request_id for row in rows))
    others = {
        **_by_id(session, Complaint, (row.about for row in rows)),
        **_by_id(session, Appeal, (row.about for row in rows if row.what == alarms.APPEAL)),
    }
    for row in rows:
        request = requests.get(row.request_id)
        subject = others.get(row.about) or request
        if subject is None:
            continue  # purged meanwhile
        regimes = (
            subject.regimes if not isinstance(subject, Appeal) else request and request.regimes
        )
        ends_at = _ends_at(subject, row.what)
        yield News(row.about, row.what, row.stage, request, ends_at, tuple(regimes or ()))


def _ends_at(subject: Request | Complaint | Appeal, what: str) -> datetime:
    if what == alarms.ACKNOWLEDGEMENT and not isinstance(subject, Appeal) and subject.ack_at:
        return subject.ack_at
    return subject.promised_at


def _by_id(session: Session, model: Any, ids: Iterable[str]) -> Mapping[str, Any]:
    wanted = sorted({one for one in ids if one})
    if not wanted:
        return {}
    return {row.id: row for row in session.exec(select(model).where(col(model.id).in_(wanted)))}


def told(session: Session, news: Iterable[News]) -> None:
    """Write down that staff were written of these."""
    every = list(news)
    for one in every:
        if one.what in (CLOCK, IDLE):
            clock = session.get(RequestClock, one.about, with_for_update=True)
            if clock is not None and one.what == IDLE:
                clock.idle_mailed = True
            elif clock is not None:
                clock.mailed = max(clock.mailed, one.stage)
    rest = [o for o in every if o.what not in (CLOCK, IDLE)]
    alarms.mailed(session, sorted((one.about, one.what, one.stage) for one in rest))
