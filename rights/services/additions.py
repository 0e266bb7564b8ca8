"""
A copy that is made anew, because staff let through what it had left out.

What is owed is a row of aftercare: the closed request stays as it is. However often something is
let through before the copy is made, one copy is made.

Source: PIPL 45; NDSR 25(1)(4).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, exists
from sqlmodel import Session, col, select

from rights.store.models import Aftercare, Notice, Package, Request

KIND: Final = "addition"
WAITING: Final = "waiting"
MAKING: Final = "making"
OPEN: Final = "open"
"""Made, and staff look at it before it goes out (``package_reviews``)."""
EVENT: Final = "package_added"
"""Of the entry, and of the letter."""

NEEDLESS: Final = "addition_needless"
"""Nothing was given out in the end, so nothing is added to it: the code of the row."""

FAILED: Final = "addition_failed"
"""It cannot be made without a person: the code of the row and of the incident."""

GATHER: Final = timedelta(minutes=5)
"""How long a copy waits for more that is let through."""


_OWED: Final = (WAITING, MAKING, OPEN)


class Stands(StrEnum):
    """How far an addition is."""

    DUE = "due"
    MAKING = "making"
    REVIEW = "review"
    FAILED = "failed"
    READY = "ready"
    TOLD = "told"


def owe(session: Session, request: Request, *, now: datetime) -> None:
    """
    Say that the copy of a request is to be made anew; one that is owed already takes this in.

    Args:
        request: The caller has locked its row.
    """
    query = select(Aftercare).where(
        Aftercare.request_id == request.id,
        Aftercare.kind == KIND,
        col(Aftercare.state).in_(_OWED),
    )
    row = session.exec(query.with_for_update()).first()
    if row is not None:
        row.round += 1  # what is being made now, or waits for a look, has not read this
        if row.state == OPEN:
            again(row, now + GATHER)
        return
    due = now + GATHER
    session.add(
        Aftercare(request_id=request.id, kind=KIND, created_at=now, due_at=due, next_at=due)
    )


def again(row: Aftercare, due: datetime) -> None:
    """Let a copy that waits for a look be made anew; it keeps its place."""
    row.state, row.due_at, row.next_at = WAITING, due, due


def being_made() -> ColumnElement[bool]:
    """Return the condition that an addition is owed to the request of a package."""
    return exists().where(
        col(Aftercare.request_id) == col(Package.request_id),
        col(Aftercare.kind) == KIND,
        col(Aftercare.state).in_(_OWED),
    )


def stands(session: Session, request_id: str) -> Stands | None:
    """Return how far the latest addition of a request is; None where none was owed."""
    rows = session.exec(select(Aftercare).where(Aftercare.request_id == request_id))
    letters = select(Notice).where(Notice.request_id == request_id, Notice.event == EVENT)
    return stands_by(rows, session.exec(letters))


def stands_by(rows: Iterable[Aftercare], letters: Iterable[Notice]) -> Stands | None:
    """
    Return how far the latest addition is.

    Args:
        rows: What goes on after the end of one request; ``letters``: its notices.
    """
    mine = [row for row in rows if row.kind == KIND]
    if not mine:
        return None
    row = max(mine, key=lambda one: one.created_at)
    if row.state == OPEN:
        return Stands.REVIEW
    if row.done_at is None:
        return Stands.MAKING if row.state == MAKING else Stands.DUE
    if row.code in (FAILED, NEEDLESS):
        return Stands.FAILED if row.code == FAILED else None
    sent = (n for n in letters if n.event == EVENT and n.sent_at is not None)
    told = any(n.created_at >= row.done_at for n in sent)
    return Stands.TOLD if told else Stands.READY
