"""
Legal holds on rows whose own time is over: they stay, and it is noted until when.

Source: NDSR 24; PIPL 47(1)(2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session

from rights.domain.holds import CODES
from rights.services import exceptions, holds
from rights.store.models import HeldRows, LegalHold
from workflows import holding
from workflows.floor import Floor
from workflows.holds import covered

PENDING: Final = timedelta(days=1)
"""How long rows wait for somebody to approve the legal hold that is on them."""


def placed(
    session: Session, floor: Floor, rows: Sequence[HeldRows], now: datetime
) -> Mapping[str, list[LegalHold]]:
    """Return the legal holds in force on each collection of these rows."""
    vault = floor.context.vault
    out: dict[str, list[LegalHold]] = {}
    for row in rows:
        people = {} if row.code == exceptions.CODE else holding.opened(vault, row)[1]
        found = holds.covering(session, vault, people, now)
        mine = {one.collection for one in rows}
        out[row.id] = [
            h for h in found if not h.path or row.collection in kept_with(floor, h.path, mine)
        ]
    return out


def kept_with(floor: Floor, path: str, mine: set[str]) -> set[str]:
    """Return the collections that a hold on *path* keeps, where any rows there are held."""
    return covered(floor.erasing, path) if path in mine else set()


def still(row: HeldRows, found: Sequence[LegalHold], now: datetime) -> bool:
    """Return whether a legal hold keeps these rows, and note which and until when."""
    if not found:
        return False
    waits = [h for h in found if h.approved_at is None]
    if waits:
        row.next_at = now + PENDING
        return True
    ends = [h.until for h in found]
    last = max(found, key=lambda h: (h.until is None, h.until or now))
    row.hold_id, row.code, row.rank, row.basis = last.id, CODES[last.rank], last.rank, last.basis
    row.earliest = row.latest = row.next_at = None if None in ends else last.until
    return True
