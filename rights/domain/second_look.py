"""
How long a proposed denial may hold a request up: short, and never until its clock has run down.

Counted from the first proposal of the request, so that proposing again gains no time.

Source: PIPL 50; NDSR 23 (in good time); the figures are our own.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from rights.domain.calendars import Counting, count_working
from rights.domain.clock import end_of_day, local_day

WORKING_DAYS: Final = 3
"""How many working days a second person has; calendar days where a law counts no others."""

PART_OF_CLOCK: Final = 0.75
"""What part of the time until the promised date may have gone: the rest is for the work."""


def until(
    first_at: datetime, received_at: datetime, promised_at: datetime, countings: Iterable[Counting]
) -> datetime:
    """
    Return until when a request waits for a second person: the earliest of all counts.

    Args:
        first_at: When a denial of it was proposed for the first time.
        countings: How each law of the request counts days.
    """
    clock = received_at + (promised_at - received_at) * PART_OF_CLOCK
    return min(clock, *(_last(counting, first_at) for counting in countings))


def _last(counting: Counting, start: datetime) -> datetime:
    day = local_day(counting, start)
    if counting.calendar is None:
        return end_of_day(counting, day + timedelta(days=WORKING_DAYS))
    return end_of_day(counting, count_working(counting.calendar, day, WORKING_DAYS).day)
