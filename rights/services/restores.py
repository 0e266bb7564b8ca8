"""
Restores: a store that was put back to an older state is not ready before erasures were replayed.

Whoever restores says so first; until ``rights replay`` has read back that everything is gone
again, the store's readiness says no. A look that finds erased data in a store that nobody said
was restored does the same.

Source: NDSR 24; PIPL 47.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, select

from rights.domain.errors import Invalid
from rights.services import audit
from rights.store.models import Aftercare

KIND: Final = "restore"
ANNOUNCED: Final = "replay_due"
CAME_BACK: Final = "came_back"
"""Code of an incident: erased data is there again."""

_OPERATOR: Final = "operator"
_PAGE: Final = 500


def announce(session: Session, store: str, made_at: datetime, *, now: datetime) -> Aftercare:
    """
    Note that *store* was, or is about to be, put back to a backup made at *made_at*.

    Raises:
        Invalid: the backup would be of the future.
    """
    if made_at > now:
        raise Invalid("a backup cannot have been made in the future: say when it was made")
    row = Aftercare(request_id="", kind=KIND, store=store, created_at=now, due_at=made_at)
    row.state, row.code = "open", ANNOUNCED
    session.add(row)
    data = {"store": store, "backup": made_at.isoformat()}
    audit.append_day(session, audit.Line("store_restored", _OPERATOR, data), now=now)
    return row


def acknowledge(
    session: Session, stores: Collection[str], since: datetime, *, begun: datetime, now: datetime
) -> list[str]:
    """
    Note that erasures since *since* were done again in *stores*, and read back.

    Args:
        begun: When the replay began: a restore that was announced later is not covered by it.

    Returns:
        The stores that this makes ready.
    """
    query = select(Aftercare).where(
        Aftercare.kind == KIND,
        Aftercare.state == "open",
        col(Aftercare.store).in_(stores),
        col(Aftercare.due_at) >= since,
        col(Aftercare.created_at) <= begun,
    )
    covered = session.exec(query.with_for_update()).all()
    for row in covered:
        row.state, row.done_at, row.done_by = "done", now, _OPERATOR
    names = sorted({row.store for row in covered})
    for name in names:
        data = {"store": name, "since": since.isoformat()}
        audit.append_day(session, audit.Line("restore_replayed", _OPERATOR, data), now=now)
    return names


def why_not_ready(session: Session, store: str) -> str:
    """Return the code of what keeps *store* from serving, or nothing."""
    waiting = select(Aftercare.id).where(
        Aftercare.kind == KIND, Aftercare.state == "open", Aftercare.store == store
    )
    if session.exec(waiting.limit(1)).first() is not None:
        return ANNOUNCED
    return CAME_BACK if any(store in stores for stores in _came_back(session)) else ""


def _came_back(session: Session) -> Iterator[set[str]]:
    """Yield the stores of each open incident about erased data that came back."""
    after = ""
    while True:
        query = select(Aftercare.id, Aftercare.result).where(
            Aftercare.kind == "incident",
            Aftercare.state == "open",
            Aftercare.code == CAME_BACK,
            col(Aftercare.id) > after,
        )
        page = session.exec(query.order_by(col(Aftercare.id)).limit(_PAGE)).all()
        if not page:
            return
        yield from ({path.partition(".")[0] for path in r.get("found", {})} for _, r in page)
        after = page[-1][0]
