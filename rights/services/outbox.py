"""
The only road from the web to the workers.

``emit`` writes a row in the caller's transaction; ``workflows.relay`` turns rows into RQ
jobs. So a job exists if and only if the change that caused it was committed.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from sqlmodel import Session

from rights.store import rows
from rights.store.models import OutboxMessage

_ID: Final = re.compile(r"[0-9a-f]{8,64}")

URGENT: Final = "urgent"
"""Switches, and what somebody looks at a page for: a worker of its own serves nothing else."""

FIRST: Final = "urgent_work"
"""Work that the law wants done at once: before other work, and never in the way of a switch."""

WORK: Final = "work"

QUEUES: Final = (URGENT, FIRST, WORK)
"""Every queue; their names sort in the order in which they are served."""


def emit(
    session: Session,
    job: str,
    *,
    now: datetime,
    queue: str = WORK,
    not_before: datetime | None = None,
    **ids: str,
) -> None:
    """
    Ask for *job* once the caller's transaction commits.

    Args:
        job: A key of ``workflows.jobs.JOBS``, or of the relay's own table.
        ids: Ids of rows. Never personal data: Redis keeps job arguments and RQ logs them.
    """
    for name, value in ids.items():
        if not _ID.fullmatch(value):
            raise ValueError(f"{name} of job {job} is not an id: nothing else goes into a queue")
    row = {
        "job": job,
        "args": ids,
        "queue": queue,
        "created_at": now,
        "not_before": not_before,
    }
    rows.insert(session, OutboxMessage, [row])
