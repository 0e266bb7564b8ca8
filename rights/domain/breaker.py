"""
When a store that has enough is left alone, and how it is tried again: one table of moves.

``closed``: it is asked. ``open``: it is not, until a time. ``half_open``: one step tries it, and
what becomes of that step decides. Pauses grow with each time that a trial ends badly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

STRIKE: Final = 3
OPENS_AT: Final = 7
"""
"Too busy" counts three, an answer as it should be takes one away again; at seven it opens. So
three in a row open it, and so does every third of many; a lock that one person's rows hang on
does not, as long as others are served.
"""


LONGEST: Final = timedelta(days=1)
"""As long as it asks to be left alone a store is, but no longer: people wait for what it holds."""


def heeded(asked: timedelta | None) -> timedelta:
    """Return for how long a store is left alone that asked for it."""
    return min(asked or timedelta(), LONGEST)


class Circuit(StrEnum):
    """Whether a store is asked."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class Breaker:
    """
    One store's.

    Args:
        strikes: What is held against the store while it is closed.
        openings: Times it opened since the store was last well.
        until: While open: when one step may try.
        probe: While half-open: the step that tries.
    """

    circuit: Circuit = Circuit.CLOSED
    strikes: int = 0
    openings: int = 0
    until: datetime | None = None
    probe: str = ""

    @property
    def well(self) -> bool:
        """Whether nothing is held against the store."""
        return self.circuit is Circuit.CLOSED and not self.strikes

    def due(self, now: datetime) -> bool:
        """Tell whether it is open and one step may try."""
        return self.circuit is Circuit.OPEN and (self.until is None or self.until <= now)

    def tried_by(self, step: str) -> Breaker:
        """Let one step try."""
        return replace(self, circuit=Circuit.HALF_OPEN, until=None, probe=step)

    def busy(
        self, now: datetime, pauses: Sequence[float], *, at_once: bool, wait: timedelta | None
    ) -> Breaker:
        """
        Return it after a step was told that the store has enough.

        Args:
            pauses: Seconds, growing; the last one repeats.
            at_once: It was said or measured beyond doubt: one answer is enough.
            wait: How long the store asked to be left alone.
        """
        strikes = self.strikes + STRIKE
        if self.circuit is Circuit.OPEN:  # a step that was begun before tells it once more
            until = max(self.until or now, now + heeded(wait))
            return replace(self, strikes=strikes, until=until)
        if self.circuit is Circuit.CLOSED and not at_once and strikes < OPENS_AT:
            return replace(self, strikes=strikes)
        return self._opened(strikes, now, pauses, wait)

    def answered(self, step: str) -> Breaker:
        """Return it after *step* was answered as it should be."""
        if self.circuit is Circuit.CLOSED:
            return replace(self, strikes=max(0, self.strikes - 1))
        if self.probe == step:
            return Breaker()
        return self  # begun before it opened: it proves nothing

    def unproved(self, step: str, now: datetime, pauses: Sequence[float]) -> Breaker:
        """Return it after *step* ended for another reason, an unreachable store say."""
        mine = self.circuit is Circuit.HALF_OPEN and self.probe == step
        return self._opened(self.strikes, now, pauses, None) if mine else self

    def _opened(
        self, strikes: int, now: datetime, pauses: Sequence[float], wait: timedelta | None
    ) -> Breaker:
        pause = timedelta(seconds=pauses[min(self.openings, len(pauses) - 1)])
        until = now + max(pause, heeded(wait))
        return Breaker(Circuit.OPEN, strikes, self.openings + 1, until)
