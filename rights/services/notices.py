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
from rights.store.models import Complaint, Notice, Request

EVENTS: Final = (
    "received",
    "code",
    "needs_info",
    "outcome",
    "package_ready",
    "package_added",
    "package_expiring",
    "expired",
    "hold_ended",
    "lift_announced",
    "someone_asked",
    "wrong_codes",
    "extended",
    "message",
    "appeal_received",
    "appeal_decided",
    "represented",
    "guardian_asked",
    "key_code",
    "key_added",
    "key_removed",
    "key_suspected",
)
"""Every occasion on which a person is written to about a request."""

NO_CONTACT: Final = "no_contact"
"""How a letter ends where nobody knows an address: it is read where every answer is."""

UNADDRESSED: Final = "unaddressed"
"""How it ends for who wrote, called or came and left no address: they read nothing here."""

UNSENT: Final = ("waiting", "untried")
"""States of a notice that is still going to be sent."""

GIVEN_UP: Final = ("failed", "refused", UNADDRESSED)
"""States of a notice that is not tried any more: nobody was reached."""

TELLABLE: Final = (
    *("received", "needs_info", "message", "outcome"),
    *("complaint_received", "complaint_answered"),
)
"""Letters whose words staff can say to the person in another way."""

TOLD: Final = "told"
"""State of a notice that was given up, and whose person staff told another way."""

OF_COMPLAINTS: Final = ("code", "complaint_received", "complaint_answered")
"""Every occasion on which somebody is written to about a complaint."""

OF_INCIDENTS: Final = ("security_incident",)
"""Every occasion on which somebody is written to whom a security incident hit."""


def ask_for(
    session: Session,
    request: Request | Complaint,
    event: str,
    *,
    now: datetime,
    identifier_id: str = "",
    challenge_id: str = "",
) -> Notice:
    """
    Queue one notice about a request or complaint; the relay sends whatever is due.

    Args:
        identifier_id: Where to; empty means the contact the relay finds best: of whoever asked,
            for results of whom they go to; one that was proved in this request, else the one that
            was typed.
    """
    return queue(
        session,
        request.id,
        event,
        now=now,
        identifier_id=identifier_id,
        challenge_id=challenge_id,
    )


def queue(
    session: Session,
    about: str,
    event: str,
    *,
    now: datetime,
    identifier_id: str = "",
    challenge_id: str = "",
) -> Notice:
    """
    Queue one notice.

    Args:
        about: A request, or a letter about somebody's keys (``services.key_letters``).
    """
    notice = rows.new(
        Notice,
        id=new_id(),
        request_id=about,
        event=event,
        identifier_id=identifier_id,
        challenge_id=challenge_id,
        created_at=now,
        next_at=now,
    )
    rows.insert_attached(session, notice)
    return notice
