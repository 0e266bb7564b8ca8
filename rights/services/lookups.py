"""
Questions that only a worker can answer, across the wall between the web and the stores.

Question and answer are sealed; both are gone a quarter of an hour later. The level is checked
here and again by the worker.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

import orjson
from sqlmodel import Session

from rights.domain.errors import FieldError, Gone, Invalid, LevelTooLow, NotFound
from rights.domain.kinds import Kind, Option
from rights.domain.levels import minimum
from rights.services import outbox, subjects
from rights.services.context import Context
from rights.store.ids import new_id
from rights.store.models import Lookup, Request

LEVELS: Final[Mapping[str, int]] = MappingProxyType(
    {"counts": minimum(Kind.ACCESS, Option.SUMMARY)}
)
"""What can be asked, and the level it needs: that of the request it gives a glance of."""


def ask(
    session: Session, context: Context, request: Request, question: str, *, now: datetime
) -> Lookup:
    """
    Ask *question* about the person of a request, as far as that person was proved.

    Raises:
        Invalid: nobody answers such a question.
        LevelTooLow: too little was proved in this request so far.
    """
    if question not in LEVELS:
        wrong = FieldError("question", "is not known", tuple(LEVELS))
        raise Invalid("unknown question", [wrong])
    proved = [r for r in subjects.identifier_rows(session, request.id) if r.proof]
    if request.level < LEVELS[question] or not proved:
        raise LevelTooLow("this needs a stronger proof of who is asking")
    asked = {"identifiers": subjects.opened(context.vault, proved)}
    lookup_id = new_id()
    row = Lookup(
        id=lookup_id,
        request_id=request.id,
        backend_id=request.backend_id,
        question=question,
        level=request.level,
        sealed_input=context.vault.seal(orjson.dumps(asked), aad=f"lookup|{lookup_id}|input"),
        created_at=now,
        expires_at=now + timedelta(minutes=context.settings.lookup_minutes),
    )
    session.add(row)
    outbox.emit(session, "lookup", now=now, queue=outbox.URGENT, lookup_id=lookup_id)
    return row


def read(
    session: Session, context: Context, request: Request, lookup_id: str, *, now: datetime
) -> tuple[Lookup, Any]:
    """
    Return a look-up of a request and its answer: None while it waits, or when it failed.

    Raises:
        NotFound: the request has no such look-up.
        Gone: its quarter of an hour is over.
    """
    row = session.get(Lookup, lookup_id)
    if row is None or row.request_id != request.id:
        raise NotFound("there is no such look-up")
    if row.expires_at <= now:
        raise Gone("the answer has been forgotten: ask again", code="lookup_expired")
    if row.sealed_answer is None:
        return row, None
    return row, orjson.loads(context.vault.open(row.sealed_answer, aad=f"lookup|{row.id}|answer"))
