"""When to stop."""

from __future__ import annotations

from datetime import UTC, datetime

from connectors.parts.types import Work
from rights.domain.errors import Transient


def on_time(work: Work) -> None:
    """
    Stop when the lease was lost or the time is up.

    Raises:
        Fenced: a newer worker has the step.
        Transient: the deadline has passed.
    """
    work.keep_running()
    if datetime.now(UTC) >= work.deadline:
        raise Transient("the step ran out of time; it is tried again")
