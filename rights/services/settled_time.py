"""
Settled time: what acts that cannot be undone go by, kept by relays and read by everybody.

A relay follows the register's clock with one that nobody can set. A row says how it was found
last, so that a relay that begins anew knows, several agree, and processes that live for one act
need no clock of their own.

Source: NDSR 24; PIPL 47.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine
from sqlmodel import Session

from rights.domain import duties, settled
from rights.domain.errors import Conflict
from rights.domain.settled import Line
from rights.logs import get
from rights.services import audit, disturbances
from rights.store.db import reading, transaction
from rights.store.models import ClockMark, Staff
from rights.store.models.clock_mark import ONLY

MOVED: Final = "time_moved"
SETTLED: Final = "time_settled"

_NEVER: Final = timedelta.max
"""Who has no clock of their own leaves it to the relays to say that it has held."""

Now = Callable[[], datetime]


class SettledClock:
    """
    The settled time of one relay. Its threads share it.

    Args:
        now: The register's clock.
        fresh: The same, measured for this call.
        hold: For how long a time has to hold until it is believed; nothing: it always is.
        monotonic: Seconds of a clock that nobody can set.
    """

    def __init__(
        self,
        register: Engine,
        now: Now,
        fresh: Now,
        *,
        hold: timedelta,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._register, self._hold = register, hold
        self._now, self._fresh, self._monotonic = now, fresh, monotonic
        self._lock = threading.Lock()
        self._line: Line | None = None
        self._at = 0.0

    def now(self) -> datetime:
        """Return the time that is believed; never later than the register's."""
        with self._lock:
            return self._look(self._now).settled

    @property
    def behind(self) -> float:
        """By how many seconds that is behind the register's time, as last looked at."""
        line = self._line
        return line.behind.total_seconds() if line else 0.0

    def keep(self) -> None:
        """Agree with the other relays, and write down how the clock was found."""
        with transaction(self._register) as session:
            row = session.get(ClockMark, ONLY, with_for_update=True)
            with self._lock:
                line = self._look(self._fresh)
                if row is not None:
                    line = self._line = settled.agreed(line, _line(row))
            if self._hold:
                _write(session, row, line)
            elif row is not None:
                session.delete(row)

    def _look(self, now: Now) -> Line:
        at, seen, before = self._monotonic(), now(), self._line
        if before is None:
            before = _read(self._register)
            line = settled.begun(before, seen, self._hold)
        else:
            line = settled.on(before, seen, timedelta(seconds=at - self._at), self._hold)
        if line.since is not None and line.since != (before.since if before else None):
            get().error("clock.jumped", seconds=round(line.behind.total_seconds()))
        self._line, self._at = line, at
        return line


def _read(register: Engine) -> Line | None:
    with reading(register) as session:
        return marked(session)


def _line(row: ClockMark) -> Line:
    return Line(row.seen_at, row.settled_at, row.since)


def _write(session: Session, row: ClockMark | None, line: Line) -> None:
    """Write the line down, and in the trail that it began, or ended, to differ from the clock."""
    differed = row is not None and row.since is not None
    if differed != (line.since is not None):
        event = SETTLED if differed else MOVED
        seconds = round((_line(row) if differed and row else line).behind.total_seconds())
        disturbances.note(session, event, now=line.seen, seconds=str(seconds))
    row = row or ClockMark(seen_at=line.seen, settled_at=line.settled)
    row.seen_at, row.settled_at, row.since = line.seen, line.settled, line.since
    session.add(row)


# -- for whoever has no clock of their own ------------------------------------------------------


def marked(session: Session) -> Line | None:
    """Return how a relay found the clock last; None where none has looked yet."""
    row = session.get(ClockMark, ONLY)
    return _line(row) if row is not None else None


def now_of(session: Session, now: datetime) -> datetime:
    """Return what of the register's time *now* is believed."""
    return settled.begun(marked(session), now, _NEVER).settled


def settle(session: Session, staff: Staff, *, now: datetime) -> timedelta:
    """
    Believe the register's clock at once: somebody knows that it is right.

    Returns:
        How much of it was not believed.

    Raises:
        Forbidden: *staff* may not.
        Conflict: all of it is believed.
    """
    duties.check(staff.roles, duties.Act.CHANGE_SETTINGS)
    row = session.get(ClockMark, ONLY, with_for_update=True)
    line = settled.begun(_line(row) if row else None, now, _NEVER)
    if row is None or line.since is None:
        raise Conflict("the register's clock is believed as it is")
    said = {"seconds": str(round(line.behind.total_seconds()))}
    audit.append_day(session, audit.Line(SETTLED, f"staff:{staff.id}", said), now=now)
    row.seen_at, row.settled_at, row.since = now, now, None
    session.add(row)
    return line.behind
