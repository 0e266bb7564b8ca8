"""
The days on which duties that come again fall due, and what has been done about them.

Nothing here reads a clock: ``today`` is the organisation's own day.

Source: NDSR 33, 44; audit measures (2025) 4; Minors Regulation 37; 11 CCR 7102.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from rights.domain.calendars import WARN_BEFORE, add_months
from rights.domain.compliance import Duty, Owed, Rhythm
from rights.domain.errors import FieldError, Invalid
from rights.domain.organisation import LARGE, Pace, Profile


class Standing(StrEnum):
    """How a day of the calendar stands."""

    DONE = "done"
    OVERDUE = "overdue"
    SOON = "soon"
    AHEAD = "ahead"


@dataclass(frozen=True, slots=True)
class Done:
    """That something was done: the day, and the reference of what shows it."""

    on: date
    reference: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Was:
    """A day on which something was due, and how it was done."""

    due: date
    done: Done


@dataclass(frozen=True, slots=True)
class Term:
    """
    One day on which a duty falls due.

    Args:
        opens: The day after which doing it counts for this one.
    """

    duty: Duty
    opens: date
    due: date
    done: Done | None = None

    def standing(self, today: date) -> Standing:
        """Return how it stands: the last day is still in time."""
        if self.done is not None:
            return Standing.DONE
        if self.due < today:
            return Standing.OVERDUE
        return Standing.SOON if self.due <= today + WARN_BEFORE else Standing.AHEAD

    def check(self, on: date, today: date) -> None:
        """
        Make sure that what was done on a day counts for this one.

        Raises:
            Invalid: the day is still to come, or so early that it belongs to the one before.
        """
        if not self.opens < on <= today:
            first = self.opens + timedelta(days=1)
            wrong = FieldError("on", f"is a day from {first} to {today}", (f"{first} - {today}",))
            raise Invalid("it cannot have been done on this day for this one", [wrong])


def terms(one: Owed, profile: Profile, done: Sequence[Was], today: date) -> tuple[Term, ...]:
    """
    Return the days of one duty up to the next that is open, the earliest first.

    Args:
        done: What was done about it, in any order.
    """
    duty = one.duty
    pace = profile.paces.get(duty.code, Pace())
    start = max(profile.since, duty.starts)
    if profile.decision is not None and any(clause.name == LARGE for clause in one.because):
        start = max(start, profile.decision.on)
    if duty.cadence.rhythm is Rhythm.YEARLY:
        return tuple(_yearly(duty, pace, start, done, today))
    if duty.cadence.rhythm is Rhythm.MONTHS:
        return tuple(_chained(duty, pace, start, done))
    return ()


def _yearly(
    duty: Duty, pace: Pace, start: date, done: Sequence[Was], today: date
) -> Iterator[Term]:
    """Matched by the year: the last day may have been set earlier since."""
    month, day = pace.by or duty.cadence.by
    were = {one.due.year: one for one in done}
    for year in range(start.year, today.year + 2):
        due, opens = date(year, month, day), date(year - 1, month, day)
        settled = pace.last is not None and pace.last > opens
        if year in were:
            yield Term(duty, opens, were[year].due, were[year].done)
        elif due >= start and opens < today and not settled:
            yield Term(duty, opens, due)


def _chained(duty: Duty, pace: Pace, start: date, done: Sequence[Was]) -> Iterator[Term]:
    """Each begins on the day on which the one before it was done."""
    opens = max(pace.last, duty.starts) if pace.last else start
    for one in sorted(done, key=lambda was: was.due):
        yield Term(duty, opens, one.due, one.done)
        opens = max(opens, one.done.on)
    yield Term(duty, opens, add_months(opens, pace.months or duty.cadence.months))


def no_later(duty: Duty, pace: Pace) -> list[str]:
    """Return which parts of a pace are later, or rarer, than the law lets it be."""
    wrong = []
    if pace.by is not None and (
        duty.cadence.rhythm is not Rhythm.YEARLY or pace.by > duty.cadence.by
    ):
        wrong.append("by")
    longest = duty.cadence.months if duty.cadence.rhythm is Rhythm.MONTHS else 0
    if pace.months is not None and not 0 < pace.months <= longest:
        wrong.append("months")
    return wrong
