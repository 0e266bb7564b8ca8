"""
The notes of held rows in the register: written by an erasure, and by a replay of one.

There is one live note for a request and a collection, whoever wrote it: rows that are held again
are noted once, so that they are counted, let go and told about once.

Source: NDSR 24; PIPL 47(2).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from connectors.sdk import Standing
from rights.domain.holds import CODES
from rights.services import exceptions
from rights.store.models import HeldRows
from rights.store.vault import Vault
from workflows import holding
from workflows.holds import Placed


def write(session: Session, vault: Vault, notes: Sequence[HeldRows]) -> None:
    """Keep *notes*, with what is noted already of the same rows."""
    for note in notes:
        known = _live(session, note.request_id, note.collection)
        if known is None:
            session.add(note)
        else:
            _join(vault, known, note)
            session.add(known)
        session.flush()


def placed(session: Session, request_id: str) -> dict[str, Placed]:
    """Return the legal holds by which rows of a closed request are noted as held, by path."""
    query = select(HeldRows).where(
        HeldRows.request_id == request_id,
        HeldRows.state == "held",
        HeldRows.hold_id != "",
        col(HeldRows.rank).in_(CODES),
    )
    return {
        row.collection: Placed(
            row.hold_id, row.rank, row.basis, row.latest.isoformat() if row.latest else ""
        )
        for row in session.exec(query)
    }


def _live(session: Session, request_id: str, path: str) -> HeldRows | None:
    query = select(HeldRows).where(
        HeldRows.request_id == request_id,
        HeldRows.collection == path,
        HeldRows.state == "held",
        HeldRows.code != exceptions.CODE,
    )
    return session.exec(query.with_for_update()).first()


def _join(vault: Vault, known: HeldRows, new: HeldRows) -> None:
    """
    Put *new* into *known*: the ground is that of now, the rows are those of both.

    The fence grows, so that a worker who is letting the earlier ones go writes nothing over it.
    """
    (old_keys, old_people), (keys, people) = (holding.opened(vault, row) for row in (known, new))
    both = old_keys.merged(keys)
    everybody: dict[str, Sequence[str]] = {
        name: tuple(dict.fromkeys((*old_people.get(name, ()), *people.get(name, ()))))
        for name in {**old_people, **people}
    }
    known.sealed = holding.sealed(vault, known, both, everybody)
    named = len(both.keys(known.collection, Standing.SOLE))
    known.count = named or max(known.count, new.count)
    known.code, known.basis, known.rank = new.code, new.basis, new.rank
    known.latest = None if None in (known.latest, new.latest) else _last(known, new)
    known.earliest = _first(known.earliest, new.earliest)
    known.next_at = _first(known.next_at, new.next_at)
    known.hold_id = new.hold_id
    known.fence += 1


def _last(*rows: HeldRows) -> datetime | None:
    return max(row.latest for row in rows if row.latest)


def _first(*times: datetime | None) -> datetime | None:
    return min((at for at in times if at), default=None)
