"""Tasks that are no steps of a request: incidents, and the maintenance that stores owe."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final

from sqlmodel import Session

from rights.domain import duties
from rights.domain.datamap import DataMap
from rights.domain.errors import NotFound
from rights.services import horizons, incidents
from rights.services.places import Place
from rights.store.models import Aftercare, Staff

_ID: Final = re.compile(r"[0-9a-f]{32}")


def is_one(task: str) -> bool:
    """Return whether *task* names something of this module, and not a step."""
    return bool(_ID.fullmatch(task)) or task.startswith(horizons.TASK)


def open_tasks(session: Session, datamap: DataMap) -> list[dict[str, Any]]:
    """Return what waits for staff on closed requests: incidents first, then maintenance."""
    return [*incidents.tasks(session), *horizons.tasks(session, datamap)]


def page(
    session: Session, datamap: DataMap, *, limit: int, after: Place | None = None
) -> list[dict[str, Any]]:
    """
    Return some of what waits for staff on closed requests, those that are due first in front.

    Args:
        limit: Incidents at most. The maintenance of stores is one task a store, and stands at the
            beginning of the list: it is not counted.
        after: Due and id of the last incident of the page before.
    """
    found = incidents.tasks(session, limit=limit, after=after)
    return found if after else [*horizons.tasks(session, datamap), *found]


def count_open(session: Session, datamap: DataMap) -> int:
    """Return how much waits for staff on closed requests."""
    return incidents.count(session) + len(horizons.tasks(session, datamap))


def complete(session: Session, task: str, staff: Staff, *, now: datetime, proof: str) -> None:
    """
    Say that one was dealt with.

    Args:
        proof: Reference of the ticket or log that shows it; no personal data.

    Raises:
        Forbidden: their roles do not allow it.
        NotFound: there is no such task.
        Conflict: it does not wait for a person any more.
    """
    duties.check(staff.roles, duties.Act.COMPLETE)
    if task.startswith(horizons.TASK):
        store = task.removeprefix(horizons.TASK)
        horizons.complete(session, store, staff, now=now, proof=proof[:200])
        return
    row = session.get(Aftercare, task, with_for_update=True)
    if row is None:
        raise NotFound(f"there is no task {task}: `rights tasks list` shows those that wait")
    incidents.complete(session, row, staff, now=now, proof=proof)
