"""
Nobody lets through what they brought in: who logged a request, or said whose it is, does not
approve its plan, and does not let out what its copy left out as somebody else's.

Documents are part of it: who put them in decides nothing about them, and who logged the request or
said how whoever acts is reached does not accept them.

Source: NDSR 9; PIPL 51. Decided in ADR 0081 and ADR 0102.
"""

from __future__ import annotations

from typing import Final

from sqlmodel import Session, col, select

from rights.domain.errors import Forbidden
from rights.services.representatives import ACCEPTED
from rights.store.models import Entry, Staff

REACHED: Final = "representative_reached"
"""The entry of an address of who acts that staff added."""

_PUT_IN: Final = ("evidence_received",)
_LOGGED: Final = ("received", REACHED, *_PUT_IN)
_VOUCHED: Final = ("contact_trusted", "not_me_released", "locators_accepted")
_BROUGHT_IN: Final = (*_LOGGED, "evidence_decided", *_VOUCHED)


def check(session: Session, request_id: str, staff: Staff) -> None:
    """
    Make sure that somebody had no part in how a request came to be, by its audit trail.

    Raises:
        Forbidden: they logged it, put in or accepted its documents, or said whose contact or
            record it is.
    """
    if brought_in(session, request_id, staff):
        message = "who logged this request, or said whose it is, does not decide this: a colleague"
        raise Forbidden(f"{message} has to", code="own_request")


def brought_in(session: Session, request_id: str, staff: Staff) -> bool:
    """Return whether somebody had a part in how a request came to be, by its audit trail."""
    return _part(session, request_id, staff, _BROUGHT_IN)


def check_documents(
    session: Session, request_id: str, staff: Staff, *, accepts: bool = False
) -> None:
    """
    Make sure that somebody may decide on the documents of a request, by its audit trail.

    Who logged it may send them back, or deny with what they show: neither lets anything through.

    Args:
        accepts: They want to say that the documents show what they have to.

    Raises:
        Forbidden: they put documents in; or want to accept, and logged it or said how whoever acts
            is reached.
    """
    if _part(session, request_id, staff, _LOGGED if accepts else _PUT_IN):
        message = "who put documents in, or logged what they are for, does not decide on them"
        raise Forbidden(f"{message}: a colleague has to", code="own_request")


def _part(session: Session, request_id: str, staff: Staff, events: tuple[str, ...]) -> bool:
    mine = select(Entry).where(
        Entry.chain == request_id,
        Entry.actor == f"staff:{staff.id}",
        col(Entry.event).in_(events),
    )
    return any(_counts(one) for one in session.exec(mine))


def _counts(entry: Entry) -> bool:
    """Who sent documents back vouched for nobody."""
    return entry.event != "evidence_decided" or entry.data.get("result") == ACCEPTED
