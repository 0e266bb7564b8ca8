"""
What defeats each other in one bundle: to correct data, and to have it deleted.

Both are taken. What cannot be undone waits until the person has said which prevails; that is
asked once, and no clock stands still for it.

Source: NDSR 23, 24; PIPL 46, 47.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, select

from rights.domain.kinds import Kind
from rights.domain.lifecycle import TERMINAL
from rights.domain.parameters import PREVAILS, PREVAILS_CHOICES
from rights.services import audit, notes, requests
from rights.store.models import Request
from rights.store.vault import Vault

ERASING: Final = frozenset({Kind.DELETION, Kind.ACCOUNT_CANCELLATION})


def found(members: Iterable[Request]) -> list[tuple[Request, Request]]:
    """Return each correction with each erasure of its bundle that waits for a word about it."""
    several = list(members)
    return [
        (correction, erasure)
        for erasure in several
        if PREVAILS in erasure.needs
        for correction in several
        if correction.kind is Kind.CORRECTION
    ]


def flag(session: Session, vault: Vault, made: Iterable[Request], *, now: datetime) -> None:
    """
    Mark the erasures of a new bundle that would undo what its corrections do.

    An erasure reaches every row that is the person's, so each correction is of the same data.
    """
    several = list(made)
    corrections = [r.id for r in several if r.kind is Kind.CORRECTION]
    for erasure in several:
        if not corrections or erasure.kind not in ERASING or erasure.parameters.get(PREVAILS):
            continue
        erasure.needs = [*erasure.needs, PREVAILS]
        notes.keep(session, vault, erasure.id, "told", {"choices": list(PREVAILS_CHOICES)}, now=now)
        line = audit.Line("conflict", "system", {"with": corrections})
        audit.append(session, erasure, [line], now=now)


def settled(session: Session, erasure: Request, *, actor: str, now: datetime) -> bool:
    """
    Do what the person's word means for the other request.

    Returns:
        Whether the erasure itself goes on.
    """
    word = erasure.parameters.get(PREVAILS)
    if word == "correction":
        requests.revoke(session, erasure, actor=actor, now=now)
        return False
    if word == "deletion" and erasure.bundle_id:
        query = select(Request).where(
            Request.bundle_id == erasure.bundle_id,
            Request.kind == Kind.CORRECTION,
            col(Request.state).not_in(TERMINAL),
        )
        for correction in session.exec(query.with_for_update()).all():
            requests.revoke(session, correction, actor=actor, now=now)
    return True
