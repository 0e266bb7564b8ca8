"""Forks that end themselves at a named point, once nothing of theirs is on its way any more."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Condition
from typing import Final

from rights import failpoints
from rights.failpoints import EXIT_CODE, Point

_BROKEN: Final = 1
_SECONDS: Final = 20
"""How long other threads' calls may take to be answered."""


@dataclass(slots=True)
class Drained:
    """
    Ends this process at the n-th time it passes *point*, once other threads' calls are answered.

    A bucket goes on with what a process that died had sent: an object may turn up a second
    later (the first ones of a new bucket do). A test that moves its clock by years in between
    would see it come after the last look that there is. So no new call goes out, and those
    that are out are waited for.
    """

    point: Point
    left: int
    flying: int = 0
    ending: bool = False
    turn: Condition = field(default_factory=Condition)

    def __call__(self, point: Point) -> None:
        """Count; at the last one nothing more of this process runs."""
        with self.turn:
            if point is Point.OBJECTS_AFTER:
                self.flying -= 1
                self.turn.notify_all()
            self.turn.wait_for(lambda: not self.ending)
            if point is self.point:
                self.left -= 1
                if not self.left:
                    self._end()
            if point is Point.OBJECTS_BEFORE:
                self.flying += 1

    def _end(self) -> None:
        self.ending = True
        quiet = self.turn.wait_for(lambda: not self.flying, _SECONDS)
        os._exit(EXIT_CODE if quiet else _BROKEN)


def ended(point: Point, number: int, act: Callable[[], object]) -> bool:
    """Do *act* in a fork that ends the n-th time it comes to *point*; return whether it did."""
    pid = os.fork()
    if not pid:
        code = _BROKEN
        try:
            failpoints.on(Drained(point, number))
            act()
            code = 0
        finally:
            os._exit(code)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert status in (0, EXIT_CODE), f"{point} {number}: {status}"
    return status == EXIT_CODE
