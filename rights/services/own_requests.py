"""
Nobody lets through what they brought in: who logged a request, or said whose it is, does not
approve its plan, and does not let out what its copy left out as somebody else's.

Source: NDSR 9; PIPL 51. Decided in ADR 0081.
"""

from __future__ import annotations

from typing import Final

from sqlmodel import Session, col, select

from rights.domain.errors import Forbidden
from rights.services.representatives import ACCEPTED
from rights.store.models import Entry, Staff

_VOUCHED: Final = ("contact_trusted", "not_me_released", "locators_accepted")
_BROUGHT_IN: Final = ("received", "evidence_decided", *_VOUCHED)


def check(session: Session, request_id: str, staff: Staff) -> None:
    """
    Make sure that somebody had no part in how a request came to be, by its audit trail.

    Raises:
        Forbidden: they logged it, accepted its documents, or said whose contact or record it is.
    """
    if brought_in(session, request_id, staff):
        message = "who logged this request, or said whose it is, does not decide this: a colleague"
        raise Forbidden(f"{message} has to", code="own_request")


def brought_in(session: Session, request_id: str, staff: Staff) -> bool:
    """Return whether somebody had a part in how a request came to be, by its audit trail."""
    mine = select(Entry).where(
        Entry.chain == request_id,
        Entry.actor == f"staff:{staff.id}",
        col(Entry.event).in_(_BROUGHT_IN),
    )
    return any(_counts(one) for one in session.exec(mine))


def _counts(entry: Entry) -> bool:
    """Who sent documents back vouched for nobody."""
    return entry.event != "evidence_decided" or entry.data.get("result") == ACCEPTED
