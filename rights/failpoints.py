"""
Named points at which this program can be made to end: before and after each call and commit.

The fault laboratory ends a process at every one of them and then looks whether anybody lost
anything. Off, a point costs one check for ``None``. Nothing but the two settings turns one on,
once, at the start of a process: no request, job, row or data map can.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from threading import Lock
from typing import Final, Self

from rights.domain.errors import ConfigError

EXIT_CODE: Final = 97
"""How a process ends that was told to: no other reason gives this number."""


class Point(StrEnum):
    """Every point there is."""

    REGISTER_BEFORE = "register.commit.before"
    REGISTER_AFTER = "register.commit.after"
    STORE_BEFORE = "store.commit.before"
    STORE_AFTER = "store.commit.after"
    OBJECTS_BEFORE = "objects.call.before"
    OBJECTS_AFTER = "objects.call.after"
    SERVICE_BEFORE = "service.call.before"
    SERVICE_AFTER = "service.call.after"
    ENQUEUE_BEFORE = "queue.enqueue.before"
    ENQUEUE_AFTER = "queue.enqueue.after"
    DOORBELL_BEFORE = "doorbell.answer.before"
    DOORBELL_AFTER = "doorbell.answer.after"
    MAIL_BEFORE = "mail.send.before"
    MAIL_AFTER = "mail.send.after"
    WEBHOOK_BEFORE = "webhook.send.before"
    WEBHOOK_AFTER = "webhook.send.after"
    PUBLISH_BEFORE = "blob.publish.before"
    PUBLISH_AFTER = "blob.publish.after"


_act: Callable[[Point], None] | None = None


def hit(point: Point) -> None:
    """Pass *point*; does nothing unless the laboratory switched something on."""
    if _act is not None:
        _act(point)


def on(act: Callable[[Point], None] | None) -> None:
    """Have *act* called at every point of this process; None switches all off."""
    global _act  # noqa: PLW0603 - a switch of the process: an attribute check where it is off
    _act = act


@dataclass(slots=True)
class Ending:
    """
    Ends this process at the n-th time it passes one point, as a power cut would.

    Args:
        stop: Stop it instead (SIGSTOP): a worker that comes back after others took over.
    """

    point: Point
    left: int
    stop: bool
    lock: Lock

    @classmethod
    def read(cls, text: str) -> Self:
        """
        Read ``point:n`` or ``point:n:stop``.

        Raises:
            ConfigError: there is no such point, or it is not a count.
        """
        name, _, rest = text.partition(":")
        count, _, how = rest.partition(":")
        known = ", ".join(Point)
        if name not in known.split(", ") or not count.isdecimal() or how not in ("", "stop"):
            raise ConfigError(f"RIGHTS_FAILPOINT is point:count or point:count:stop, of: {known}")
        return cls(Point(name), int(count), how == "stop", Lock())

    def __call__(self, point: Point) -> None:
        """Count down; at the last one nothing more of this process runs."""
        if point is not self.point:
            return
        with self.lock:
            self.left -= 1
            last = self.left == 0
        if last and self.stop:
            os.kill(os.getpid(), signal.SIGSTOP)
        elif last:
            os._exit(EXIT_CODE)


def arm(text: str, *, allowed: bool) -> None:
    """
    Switch on what the settings name; nothing when they name nothing.

    Raises:
        ConfigError: a point is named and failpoints are not allowed here.
    """
    if not text:
        return
    if not allowed:
        raise ConfigError(
            "RIGHTS_FAILPOINT ends this process on purpose and is refused: it is for the fault"
            " laboratory; take it out, or set RIGHTS_FAILPOINTS_ALLOWED=true where no real"
            " person's data is"
        )
    on(Ending.read(text))
