"""
The physical horizon: deleted is not gone until the store's maintenance has run.

The data map says within what time, and by what; each erasure leaves a date by which that must
have happened. One run of the maintenance clears every erasure before it, so staff see one task
per store, and say once that it ran.

Source: NDSR 24; GB/T 35273 8.3.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from sqlmodel import Session, col, func, select, update

from rights.domain.datamap import DataMap, Store
from rights.domain.errors import NotFound
from rights.domain.horizon import overwritten
from rights.services import audit
from rights.store import rows
from rights.store.models import Aftercare, Request, Staff

KIND: Final = "horizon"
TASK: Final = "horizon-"
"""What the task of a store is called: this, and the store's name."""


def begin(session: Session, request: Request, erased: Iterable[Store], *, at: datetime) -> None:
    """Note by when the maintenance of each store that erased something is due."""
    for store in erased:
        due = overwritten(store, at)
        if due is None:
            continue
        row = Aftercare(request_id=request.id, kind=KIND, created_at=at, due_at=due)
        row.store, row.state = store.name, "open"
        rows.insert_objects(session, [row])


def tasks(session: Session, datamap: DataMap) -> list[dict[str, Any]]:
    """Return one task for each store whose maintenance is owed."""
    known = {s.name: s for s in datamap}
    query = (
        select(Aftercare.store, func.count(), func.min(Aftercare.due_at))
        .where(Aftercare.kind == KIND, Aftercare.state == "open")
        .group_by(Aftercare.store)
    )
    return [
        {
            "step": f"{TASK}{store}",
            "request": "",
            "kind": KIND,
            "action": "maintenance",
            "store": store,
            "state": "open",
            "code": "maintenance_due",
            "note": f"{known[store].horizon_by if store in known else ''}: {count} erasures wait",
            "due": due.isoformat(),
        }
        for store, count, due in session.exec(query)
    ]


def complete(session: Session, store: str, staff: Staff, *, now: datetime, proof: str) -> int:
    """
    Say that the maintenance of *store* ran: it clears every erasure up to now.

    Raises:
        NotFound: none is owed there.
    """
    owed = (
        col(Aftercare.kind) == KIND,
        col(Aftercare.state) == "open",
        col(Aftercare.store) == store,
        col(Aftercare.created_at) <= now,
    )
    done = session.execute(
        update(Aftercare)
        .where(*owed)
        .values(state="done", done_at=now, done_by=f"staff:{staff.id}", result={"proof": proof})
    )
    count = int(getattr(done, "rowcount", 0))
    if not count:
        raise NotFound(f"no maintenance is owed in {store}: `rights tasks list` shows what is")
    data = {"store": store, "erasures": count, "proof": proof}
    line = audit.Line("maintenance_done", f"staff:{staff.id}", data)
    audit.append_day(session, line, now=now)
    return count
