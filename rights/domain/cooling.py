"""
A pause that somebody chooses before their account is cancelled, and never gets otherwise.

No law asks for one and none allows to impose one, so it is at most as long as the strictest
regime leaves room for, and ends early enough for the work to be done by the promised date.

Source: NDSR 23; E-Commerce Law 24; GB/T 35273-2020 8.5.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

LONGEST: Final = 7
"""The most days that anybody may choose, whatever a regime or a deployment says: our own figure."""

ROOM: Final = timedelta(days=1)
"""How long before the promised date a pause ends at the latest, so that the work can be done."""


def most(limits: Iterable[int], received_at: datetime, promised_at: datetime) -> int:
    """
    Return how many days may be chosen; 0 where there is no room for any.

    Args:
        limits: The days that each regime, and the deployment, leaves: the fewest count.
    """
    until_promised = (promised_at - ROOM - received_at) // timedelta(days=1)
    return max(0, min(LONGEST, until_promised, *limits))


def ends(days: int, received_at: datetime, promised_at: datetime) -> datetime:
    """Return when a pause of *days* is over; never after the promised date, however that moved."""
    return min(received_at + timedelta(days=days), promised_at)
