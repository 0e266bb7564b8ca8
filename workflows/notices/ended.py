"""What became of rows whose hold has ended, as lines like those of a receipt."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from rights.domain.actions import Action
from rights.services import audit
from rights.store.models import HeldRows
from workflows.expiry import ENDED
from workflows.outcome import Line


def ended_lines(session: Session, request_id: str) -> list[dict[str, Any]]:
    """Return one line for each collection of the last time rows of this request went."""
    found = [e for e in audit.entries(session, request_id) if e.event == ENDED]
    kept = {row.collection: row for row in session.exec(_notes(request_id))}
    last = max((e.at for e in found), default=None)
    return [_line(e.data, kept.get(e.data["collection"])) for e in found if e.at == last]


def _notes(request_id: str) -> SelectOfScalar[HeldRows]:
    """Select the notes of a request, the latest of a collection last: rows may be held anew."""
    mine = select(HeldRows).where(HeldRows.request_id == request_id)
    return mine.order_by(col(HeldRows.created_at))


def _line(data: dict[str, Any], row: HeldRows | None) -> dict[str, Any]:
    store, _, name = data["collection"].partition(".")
    left = data["left"] if row else 0
    line = Line(store, name, Action.ERASE, affected=data["affected"], retained=left)
    if row is None or not left:
        return asdict(line)
    until = row.latest.date().isoformat() if row.latest else ""
    more = {"because": row.basis, "hold": row.code, "rank": row.rank, "until": until}
    return {**asdict(line), **more}
