"""The settings that one process works by: exchanged as a whole, by one of its threads at a time."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from threading import Lock

from rights.domain.settable import Value
from rights.settings import Settings


class InForce:
    """
    What a process was started with, under what staff set since.

    Args:
        given: What the process was started with.
    """

    __slots__ = ("_beyond", "_laid", "_lock", "_looked_at", "_now", "given")

    def __init__(self, given: Settings) -> None:
        self.given = given
        self._now = given
        self._laid: Mapping[str, Value] = {}
        self._beyond: frozenset[str] = frozenset()
        self._looked_at = -inf
        self._lock = Lock()

    @property
    def now(self) -> Settings:
        """What holds now; whoever asks twice may be told of a change in between."""
        return self._now

    def look_again(self) -> None:
        """Let the next call ask the register: something was set here just now."""
        with self._lock:
            self._looked_at = -inf

    def begin(self, at: float, *, every: float) -> bool:
        """
        Return whether the caller is to ask the register: of several threads one is.

        Args:
            at: Seconds of a clock that never goes back.
            every: So many seconds have to be between two looks.
        """
        with self._lock:
            if at - self._looked_at < every:
                return False
            self._looked_at = at
            return True

    def lay(self, laid: Mapping[str, Value], settings: Settings, *, at: float) -> None:
        """Let *settings* hold, as seen by the look that began *at*, unless a newer one began."""
        with self._lock:
            if self._looked_at == at and laid != self._laid:
                self._now, self._laid = settings, laid

    def news(self, beyond: frozenset[str]) -> list[str]:
        """Return which of *beyond* was not left out by the look before."""
        with self._lock:
            found, self._beyond = sorted(beyond - self._beyond), beyond
            return found
