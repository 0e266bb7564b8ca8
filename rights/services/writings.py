"""What people and staff write: sealed on its own, apart from all that work is done with."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, select

from rights.store.ids import new_id
from rights.store.models import Writing
from rights.store.vault import Vault

MESSAGE_PERSON: Final = "message_person"
MESSAGE_STAFF: Final = "message_staff"
QUESTION: Final = "question"
"""What staff ask in words: the question, if it is one, on a line of its own, and why they ask."""

ASK_PROPOSED: Final = "ask_proposed"
"""A second list of what is missing, as JSON, while a colleague has not agreed to it."""

ANSWER_PERSON: Final = "answer_person"
APPEAL: Final = "appeal"
APPEAL_REASONS: Final = "appeal_reasons"
COMPLAINT: Final = "complaint"
COMPLAINT_ANSWER: Final = "complaint_answer"
COMPLAINT_CLAIM: Final = "complaint_claim"
"""The reference somebody named who may not see that request, if there is such a request."""

EXTENSION: Final = "extension"
"""Why more time is taken, in words for the person."""

DENIAL_FACTS: Final = "denial_facts"
DENIAL_LAW: Final = "denial_law"
"""The provision that forbids an answer: of staff alone, at no time for the person."""

PART_FACTS: Final = "part_facts"
"""Why a part of a request is to be left out, in words for the person."""

DENIAL_DISMISSED: Final = "denial_dismissed"
"""Between two members of staff; the person reads the facts once the denial is confirmed."""

RELEASE_BECAUSE: Final = "release_because"
"""Why a legal hold is to be released, for the colleague who decides; of a hold."""

NOT_REPORTABLE: Final = "not_reportable"
"""Why a security incident is reported to nobody; of an incident, like the next two."""

GRAVER: Final = "graver"
"""Why an incident is graver than it looked."""

LETTER: Final = "letter"
"""What a notice said that went out, but for codes and links; its id is the notice's."""

INCIDENT_LETTER: Final = "incident_letter"
"""What people whom a security incident hit are told: every element in every language."""


@dataclass(frozen=True, slots=True)
class Written:
    """One text, opened."""

    id: str
    purpose: str
    text: str = field(repr=False)
    at: datetime


def aad(about: str, purpose: str, writing_id: str) -> str:
    """Return what binds a sealed text to its place."""
    return f"writing|{about}|{purpose}|{writing_id}"


def keep(
    session: Session,
    vault: Vault,
    about: str,
    purpose: str,
    text: str,
    *,
    now: datetime,
    number: str = "",
) -> Written:
    """
    Seal a text.

    Args:
        about: The request, complaint, legal hold or security incident it belongs to.
        number: Its id, where something else gives it one.
    """
    number = number or new_id()
    sealed = vault.seal(text.encode(), aad=aad(about, purpose, number))
    row = Writing(id=number, request_id=about, purpose=purpose, sealed=sealed, created_at=now)
    session.add(row)
    return Written(number, purpose, text, now)


def read(session: Session, vault: Vault, about: str, purposes: Collection[str]) -> list[Written]:
    """Return the texts kept for any of *purposes*, oldest first."""
    query = (
        select(Writing)
        .where(Writing.request_id == about, col(Writing.purpose).in_(purposes))
        .order_by(col(Writing.created_at), col(Writing.id))
    )
    return [_opened(vault, row) for row in session.exec(query)]


def _opened(vault: Vault, row: Writing) -> Written:
    text = vault.open(row.sealed, aad=aad(row.request_id, row.purpose, row.id)).decode()
    return Written(row.id, row.purpose, text, row.created_at)


def numbered(
    session: Session, vault: Vault, about: str, purpose: str, number: str
) -> Written | None:
    """Return the text of that id, if it was kept about this and for *purpose*."""
    row = session.get(Writing, number)
    if row is None or (row.request_id, row.purpose) != (about, purpose):
        return None
    return _opened(vault, row)


def one(session: Session, vault: Vault, about: str, purpose: str) -> str:
    """Return the last text kept for *purpose*, or nothing."""
    found = read(session, vault, about, (purpose,))
    return found[-1].text if found else ""
