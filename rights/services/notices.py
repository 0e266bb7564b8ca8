"""
Which notice goes to whom. Words are in ``workflows/notices/words/``; sending is the relay's work.

A notice carries a link or a reference, never the person's data. Failing to send one never
undoes what it tells of.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlmodel import Session

from rights.store import rows
from rights.store.ids import new_id
from rights.store.models import Notice, Request

EVENTS: Final = (
    "received",
    "code",
    "needs_info",
    "outcome",
    "package_ready",
    "package_expiring",
    "expired",
    "hold_ended",
)
"""Every occasion on which a person is written to."""


def ask_for(
    session: Session,
    request: Request,
    event: str,
    *,
    now: datetime,
    identifier_id: str = "",
    challenge_id: str = "",
) -> Notice:
    """
    Queue one notice about *request*; the relay sends whatever is due.

    Args:
        identifier_id: Where to; empty means the contact the relay finds best: one that was
            proved in this request, else the one that was typed.
    """
    notice = rows.new(
        Notice,
        id=new_id(),
        request_id=request.id,
        event=event,
        identifier_id=identifier_id,
        challenge_id=challenge_id,
        created_at=now,
        next_at=now,
    )
    rows.insert_attached(session, notice)
    return notice
