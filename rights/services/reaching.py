"""
To which of the two people of a request something is written: its subject, or who acts for them.

A representative's contact is never an identifier of the subject: it lies in a table of its own,
is sealed for it, and nothing here hands it to anybody who looks for data.

Source: PIPL 31, 49; Civil Code 165; Minors Regulation 34.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlmodel import Session, select

from rights.domain.representation import REPRESENTATIVE, Role
from rights.services import subjects
from rights.services.contacts import Contact
from rights.store.models import Complaint, IdentifierRow, RepresentativeContact, Request

GUARDIAN: Final = "guardian"
"""Purpose of a code with which a guardian says yes to what a child asked."""

PROCEED: Final = "proceed"
"""Purpose of a code with which whoever chose to wait goes on at once."""

_RESULTS: Final = frozenset({"grant"})

LETTERS_OF_RESULTS: Final = frozenset(
    {"outcome", "package_ready", "package_added", "package_expiring", "hold_ended"}
)
"""Letters that say what was found: for whom of the two people it is meant."""


def representatives(session: Session, request_id: str) -> Sequence[RepresentativeContact]:
    """Return how the second person of a request is reached; nothing where there is none."""
    query = select(RepresentativeContact).where(RepresentativeContact.request_id == request_id)
    return session.exec(query).all()


def rows(
    session: Session, request: Request | Complaint, purpose: str = "request"
) -> Sequence[Contact]:
    """
    Return the contacts of whoever *purpose* is for.

    Args:
        purpose: That of a code: ``request``, ``visit``, ``grant``, ``proceed`` or ``guardian``.
    """
    if isinstance(request, Complaint):
        return subjects.identifier_rows(session, request.id)
    if to_second(request, purpose) or purpose == GUARDIAN:
        return representatives(session, request.id)
    return subjects.identifier_rows(session, request.id)


def to_second(request: Request, purpose: str) -> bool:
    """Return whether *purpose* is the second person's: whom results go to, else who asks."""
    if purpose in _RESULTS:
        return request.delivers_to == REPRESENTATIVE
    return request.requester_role is not Role.SELF


def second_reads(request: Request, event: str, *, named: bool) -> bool:
    """
    Return whether a letter that names no address is the second person's.

    Where somebody asked for another and nobody knows how to reach them, it goes to nobody: it is
    not the subject's to read. A child that asked for itself and named no guardian is the only
    one there is to answer (PIPL 50), and what gives data out waits for a guardian before.

    Args:
        named: A contact of the second person is known.
    """
    if request.requester_role is not Role.SELF:
        return event not in LETTERS_OF_RESULTS or request.delivers_to == REPRESENTATIVE
    return event in LETTERS_OF_RESULTS and request.delivers_to == REPRESENTATIVE and named


def contact(session: Session, contact_id: str) -> Contact | None:
    """Return where a code was sent, whoever's it is."""
    return session.get(IdentifierRow, contact_id) or session.get(RepresentativeContact, contact_id)
