"""
Settled time: what the register's clock says, once it can be believed.

It runs on with a clock that nobody can set. Where the register's clock is found ahead of that, it
was moved, or nobody ran to see; what it says then counts once it has held for a while. What cannot
be undone goes by this time, so a clock that jumps and is put right ends nothing.

A clock that is put back is believed at once: that makes things later, never sooner.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

TOLERANCE: Final = timedelta(minutes=10)
"""By how much the register's clock may be off between two looks at it."""

AWAY: Final = timedelta(hours=1)
"""How long nobody may have run before a jump cannot be told from a pause any more."""


@dataclass(frozen=True, slots=True)
class Line:
    """
    How the register's clock was found.

    Args:
        seen: What it said.
        settled: What of that is believed; never later.
        since: What it said when it was moved last; None where all of it is believed.
    """

    seen: datetime
    settled: datetime
    since: datetime | None = None

    @property
    def behind(self) -> timedelta:
        """By how much settled time is behind the register's clock."""
        return self.seen - self.settled


def begun(mark: Line | None, seen: datetime, hold: timedelta) -> Line:
    """
    Return the line of somebody who has just begun to look.

    Args:
        mark: How the clock was found by whoever looked last; None where nobody has looked yet.
        seen: What it says now.
        hold: For how long it has to hold until it is believed.
    """
    if mark is None:
        return Line(seen, seen)
    if _soon(mark.seen, seen):
        return on(mark, seen, seen - mark.seen, hold)
    if _soon(mark.settled, seen):  # put right meanwhile
        return Line(seen, seen)
    return on(mark, seen, timedelta(), hold)


def _soon(first: datetime, then: datetime) -> bool:
    return timedelta() <= then - first <= AWAY


def on(before: Line, seen: datetime, gone: timedelta, hold: timedelta) -> Line:
    """
    Return the line now, from what it was before.

    Args:
        gone: How much time has really passed, as far as that is known.
    """
    settled = min(before.settled + gone, seen)
    jumped = abs(seen - before.seen - gone) > TOLERANCE
    since = seen if jumped else before.since
    if since is None or seen - settled <= TOLERANCE or seen - since >= hold:
        return Line(seen, seen)
    return Line(seen, settled, since)


def agreed(mine: Line, mark: Line) -> Line:
    """
    Return the line of two who look at the same clock, where both do: who believes it is right.

    One that was asleep, and takes that for a jump, is put right by one that was not.
    """
    apart = mine.seen - mark.seen
    if mine.since is None or abs(apart) > TOLERANCE:
        return mine
    if mark.since is None:
        return Line(mine.seen, mine.seen)
    settled = min(mine.settled, mark.settled + apart)
    return Line(mine.seen, settled, min(mine.since, mark.since))
