"""Sealed values of a request: corrections, supplied information, answers, messages."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import orjson
from sqlmodel import Session, col, select

from rights.store.ids import new_id
from rights.store.models import SealedNote
from rights.store.vault import Vault

ANSWER: Final = "answer"
"""Purpose of what staff add to an outcome, for the person; they can take nothing away."""


def _aad(request_id: str, purpose: str, note_id: str) -> str:
    return f"note|{request_id}|{purpose}|{note_id}"


def keep(
    session: Session, vault: Vault, request_id: str, purpose: str, value: Any, *, now: datetime
) -> str:
    """Seal a JSON-native *value* under a request; return the note's id."""
    note_id = new_id()
    sealed = vault.seal(orjson.dumps(value), aad=_aad(request_id, purpose, note_id))
    note = SealedNote(
        id=note_id, request_id=request_id, purpose=purpose, sealed=sealed, created_at=now
    )
    session.add(note)
    return note_id


def read(session: Session, vault: Vault, request_id: str, purpose: str) -> list[Any]:
    """Return every value kept for *purpose*, oldest first; empty when none was."""
    query = (
        select(SealedNote)
        .where(SealedNote.request_id == request_id, SealedNote.purpose == purpose)
        .order_by(col(SealedNote.created_at), col(SealedNote.id))
    )
    return [
        orjson.loads(vault.open(n.sealed, aad=_aad(request_id, purpose, n.id)))
        for n in session.exec(query)
    ]
