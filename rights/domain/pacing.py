"""
How gently a store is asked: how much at once, how much in a minute, and when not at all.

Pure: what the register counts goes in, whether a step may start comes out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

_SHARE: Final = 10
"""The part of a minute's steps that may start at once: a tenth."""


@dataclass(frozen=True, slots=True)
class Limits:
    """
    What may be asked of one store by all workers together; 0 is "as much as there is".

    Args:
        concurrent: Steps at work in the store at the same time.
        per_minute: Steps begun in any minute.
    """

    concurrent: int = 0
    per_minute: int = 0

    def __bool__(self) -> bool:
        """Tell whether there is a limit at all."""
        return bool(self.concurrent or self.per_minute)


@dataclass(frozen=True, slots=True)
class PauseWhen:
    """
    What a store may show of its own strain before we stop asking it; 0 is "do not look".

    Args:
        replication_lag_s: Seconds that the slowest replica is behind.
        lock_waits: Sessions, anybody's, that wait for a lock in the database.
    """

    replication_lag_s: int = 0
    lock_waits: int = 0

    def __bool__(self) -> bool:
        """Tell whether anything has to be looked at."""
        return bool(self.replication_lag_s or self.lock_waits)


@dataclass(frozen=True, slots=True)
class Bucket:
    """
    A token bucket in one instant: the time at which it is full again.

    It holds a tenth of a minute's steps and fills as fast as lets no minute see more than it may.

    Args:
        per_minute: What it is for; above 0.
        full_at: None for one that was never taken from.
    """

    per_minute: int
    full_at: datetime | None

    @property
    def size(self) -> int:
        """How many steps may start at once."""
        return max(1, self.per_minute // _SHARE)

    @property
    def pause(self) -> timedelta:
        """The time in which one more step may start."""
        return timedelta(seconds=60 / (self.per_minute - self.size + 1))

    def free(self, now: datetime) -> int:
        """Return how many steps may start now."""
        lacking = max(self._full(now) - now, timedelta())
        return max(0, self.size - -(-lacking // self.pause))

    def free_at(self, now: datetime) -> datetime:
        """Return when the next step may start."""
        return max(now, self._full(now) - (self.size - 1) * self.pause)

    def taken(self, now: datetime) -> datetime:
        """Return when it is full again if a step starts now."""
        return self._full(now) + self.pause

    def _full(self, now: datetime) -> datetime:
        return max(self.full_at or now, now)
