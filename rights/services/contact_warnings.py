"""
Telling every contact on file that somebody asked for data, or guessed at a code.

Whom there is to tell, a worker found in the stores; an address is kept here, sealed, only for as
long as its mail waits.

Source: NDSR 9, 25(1)(1); PIPL 51, 57 (an impostor's copy is a leak).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session, col, select

from rights.services import notices, subjects
from rights.services.contacts import Way, best, ways
from rights.services.context import Context
from rights.services.warnings_due import ASKED
from rights.store.models import ContactWarning, IdentifierRow, Notice, Request

MOST: Final = 20
"""Contacts that are told of one request: an account with more was made to flood somebody."""

LIFE: Final = timedelta(days=30)
"""How long the link in a warning works."""

Contact = tuple[str, str]
"""Type and value of an identifier, as the data map cleans it."""


def queue(
    session: Session,
    context: Context,
    request: Request,
    event: str,
    contacts: Iterable[Contact],
    *,
    now: datetime,
) -> int:
    """
    Queue one mail for each contact that any can reach; return how many.

    None for the address that gets the acknowledgement with the same link in it, and none for one
    that was told the same today: what it says to the first counts for this request too.
    """
    told = _told(session, context, request, event)
    queued = 0
    for name, value in _some(contacts):
        row = _row(context, request, event, name, value, now)
        if value in told or best(context, [_as_identifier(row)]) is None:
            continue
        told.add(value)
        before = _before(session, context, request, event, value, now)
        if request.id in before:
            continue
        row.sealed = b"" if before else row.sealed
        session.add(row)
        if not before:
            notices.ask_for(session, request, event, now=now, identifier_id=row.id)
            queued += 1
    session.flush()
    return queued


def _some(contacts: Iterable[Contact]) -> list[Contact]:
    return list(dict.fromkeys(contacts))[:MOST]


def _row(
    context: Context, request: Request, event: str, name: str, value: str, now: datetime
) -> ContactWarning:
    return ContactWarning(
        request_id=request.id,
        event=event,
        type=name,
        sealed=context.vault.seal(value.encode(), aad=subjects.aad(request.id, name)),
        mark=_marks(context, request, event, value, now)[0],
        created_at=now,
        expires_at=now + LIFE,
    )


def _marks(
    context: Context, request: Request, event: str, value: str, now: datetime
) -> tuple[str, ...]:
    said = f"{value}|{event}|{request.kind}|{now.date().isoformat()}"
    return context.vault.blinds(said, scope="contact_warning")


def _before(
    session: Session, context: Context, request: Request, event: str, value: str, now: datetime
) -> set[str]:
    """
    Return the requests of which this contact was told, or need not be told any more, today.

    A warning whose link was used covers nothing that is asked for afterwards: it works once.
    """
    marks = _marks(context, request, event, value, now)
    open_still = col(ContactWarning.noted_at).is_(None)
    query = select(ContactWarning.request_id).where(
        col(ContactWarning.mark).in_(marks),
        open_still | (col(ContactWarning.request_id) == request.id),
    )
    return set(session.exec(query))


def _told(session: Session, context: Context, request: Request, event: str) -> set[str]:
    """Return the addresses that the acknowledgement itself went to: a text has no room for it."""
    if event != ASKED:
        return set()
    query = select(Notice.identifier_id).where(
        Notice.request_id == request.id, Notice.event == "received"
    )
    sent = set(session.exec(query))
    mine, how = subjects.identifier_rows(session, request.id), ways(context)
    mailed = [row for row in mine if how.get(row.type) is Way.EMAIL]
    return {subjects.value(context.vault, row) for row in mailed if row.id in sent}


def _as_identifier(row: ContactWarning) -> IdentifierRow:
    return IdentifierRow(
        id=row.id, request_id=row.request_id, type=row.type, sealed=row.sealed, blind=""
    )


def recipients(session: Session, ids: Iterable[str]) -> dict[str, IdentifierRow]:
    """Return where warnings go, by their ids, in the form in which a request's contacts are."""
    query = select(ContactWarning).where(col(ContactWarning.id).in_(list(ids)))
    return {row.id: _as_identifier(row) for row in session.exec(query) if row.sealed}


def forget(session: Session, warning_id: str) -> None:
    """Forget an address once its mail is gone, or never will be."""
    row = session.get(ContactWarning, warning_id)
    if row is not None:
        row.sealed = b""
        session.add(row)
