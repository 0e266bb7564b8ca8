"""
How wide the ranges of a large erasure are: as much as a database does in the time aimed at.

PostgreSQL ends a statement that takes much longer than that: then the range is tried again, much
narrower. So its ranges may grow fast, and no transaction is long all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_GROWTH, _SHRINK = 4.0, 0.125
"""How much wider or narrower than the last one a range may be."""

_GUARDED_GROWTH: Final = 16.0
"""The same, where the database ends what takes too long."""

_TOO_LONG: Final = 2.2
"""Times the aim after which it does: 4.4 seconds, where a transaction should take two."""

_SHORTEST_S: Final = 1.0
"""No statement is ended before it had so long."""

_AROUND: Final = 10.0
"""Times that a range takes as long as it takes to begin it, though the aim be shorter."""

_SPEED: Final = 50_000.0
"""Rows per second, until it was measured."""

_ENOUGH: Final = 1_000
"""Rows after which a measured speed is believed."""


@dataclass(slots=True)
class Pace:
    """
    Settles the width of one range after another.

    Args:
        aim_s: Seconds that a transaction should take.
        rows: From so many rows on an erasure is done in ranges.
        guarded: The database ends what takes too long.
        speed: Rows per second.
        paused: The narrowest range was ended, so it may take its time: somebody holds a lock, say.
    """

    aim_s: float
    rows: int
    guarded: bool
    speed: float = _SPEED
    paused: bool = False

    @property
    def limit_s(self) -> float | None:
        """After how many seconds a statement is ended; None where it is not."""
        return (
            max(_SHORTEST_S, self.aim_s * _TOO_LONG) if self.guarded and not self.paused else None
        )

    def first(self, rows_each: float) -> int:
        """Return the width of the first range, each unit of which may hold so many rows."""
        most = _SPEED * self.aim_s
        rows = most if self.guarded else min(self.rows, most) / 2
        return max(1, int(rows / rows_each))

    def next(
        self, width: int, took_s: float, rows: int, rows_each: float, *, around_s: float = 0.0
    ) -> int:
        """
        Return how wide the next range may be.

        A stretch without rows of the person's says nothing about one that is full of them: a
        range is never so wide that it could hold more rows than fit into the time.

        Where a database takes long however little it is asked, narrow ranges are no shorter. An
        aim that is mostly spent on beginning is longer, half a second at most: or an erasure
        would end up with a transaction for each row.

        Args:
            width, took_s, rows: Of the last range.
            rows_each: How many rows one unit of a range may hold.
            around_s: What of ``took_s`` does not depend on the width: the time to begin it.
        """
        if rows >= _ENOUGH:
            self.speed = rows / max(took_s, 0.001)
        self.paused = False
        growth = _GUARDED_GROWTH if self.guarded else _GROWTH
        aim_s = max(self.aim_s, min(around_s * _AROUND, _SHORTEST_S / 2))
        change = min(max(aim_s / max(took_s, 0.001), _SHRINK), growth)
        return max(1, int(min(width * change, self.speed * self.aim_s / rows_each)))

    def ended(self, width: int) -> int:
        """Return how wide a range may be that was ended; the narrowest one is never ended."""
        narrower = max(1, int(width * _SHRINK))
        self.paused = narrower == 1
        return narrower
