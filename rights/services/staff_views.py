"""
What staff ask a worker to open for them: a look-up of one of them, forgotten after a quarter of
an hour.

The console reaches no package. The question is sealed with who asked; nobody else of the staff, no
product and no portal is shown the answer. Of a minor it takes an approval, when it is asked and
each time that it is read.

Source: PIPL 51; Minors Regulation 36.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlmodel import Session

from rights.domain.errors import Gone, NotFound
from rights.services import content_approvals, outbox
from rights.services.context import Context
from rights.store.ids import new_id
from rights.store.models import Lookup, Request, Staff


def ask(
    session: Session,
    context: Context,
    request: Request,
    staff: Staff,
    question: str,
    about: Mapping[str, Any],
    *,
    now: datetime,
) -> Lookup:
    """
    Ask a worker; the caller has checked the role and the approval, and writes the entry beside it.

    Args:
        question: One of :data:`lookups.STAFF`.
        about: What is to be opened: references and numbers.
    """
    lookup_id = new_id()
    asked = orjson.dumps({"staff": staff.id, **about})
    row = Lookup(
        id=lookup_id,
        request_id=request.id,
        question=question,
        sealed_input=context.vault.seal(asked, aad=f"lookup|{lookup_id}|input"),
        created_at=now,
        expires_at=now + timedelta(minutes=context.settings.lookup_minutes),
    )
    session.add(row)
    outbox.emit(session, "lookup", now=now, queue=outbox.URGENT, lookup_id=lookup_id)
    return row


def about(context: Context, row: Lookup) -> dict[str, Any]:
    """Return what a look-up is about, as :func:`ask` sealed it."""
    opened = context.vault.open(row.sealed_input, aad=f"lookup|{row.id}|input")
    return dict(orjson.loads(opened))


def read(
    session: Session,
    context: Context,
    request: Request,
    staff: Staff,
    question: str,
    lookup_id: str,
    *,
    now: datetime,
) -> tuple[Lookup, Any]:
    """
    Return a look-up of who asked for it, and its answer: None while it waits, or where it failed.

    Raises:
        NotFound: there is no such look-up of theirs of this request.
        Gone: its quarter of an hour is over.
        Forbidden: it is a minor's, and the approval is over.
    """
    row = session.get(Lookup, lookup_id)
    if row is None or (row.question, row.request_id) != (question, request.id):
        raise NotFound("there is no such view")
    if about(context, row)["staff"] != staff.id:
        raise NotFound("there is no such view")
    if row.expires_at <= now:
        raise Gone("the answer has been forgotten: ask again", code="lookup_expired")
    content_approvals.check(session, request, staff, now=now)
    if row.sealed_answer is None:
        return row, None
    return row, orjson.loads(context.vault.open(row.sealed_answer, aad=f"lookup|{row.id}|answer"))
