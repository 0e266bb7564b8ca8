"""
Answers that a law wants in writing: none of its requests is closed without one.

What the steps did is told in writing anyway; what was not done needs words of whoever decided it.

Source: Regulation on Credit Reporting 25(2).
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlmodel import Session, select

from rights.domain.errors import Conflict
from rights.domain.plain_text import plain
from rights.services import deadlines, notes
from rights.services.context import Context
from rights.store.models import Request, SealedNote

CODE: Final = "written_answer_needed"


def check(context: Context, request: Request, text: str, *, aloud: bool = False) -> None:
    """
    Make sure that what a law wants answered in writing is.

    Args:
        text: What the person is told.
        aloud: Staff tell it by telephone.

    Raises:
        Conflict: there are no words, or they are told aloud.
    """
    if not deadlines.counted(context, request).duties.written_answer:
        return
    if aloud or not text.strip():
        message = "a law of this request wants a written answer: say in words what was found"
        raise Conflict(message, code=CODE)


def keep(session: Session, context: Context, request: Request, text: str, *, now: datetime) -> None:
    """
    Seal what staff tell the person beside the outcome; nothing is fine where no law wants it.

    Raises:
        Conflict: a law does, and nothing was said, now or before.
        Invalid: the text is too long, or holds control characters.
    """
    if not _said_before(session, request):
        check(context, request, text)
    if text.strip():
        told = plain(text, field="answer")
        notes.keep(session, context.vault, request.id, notes.ANSWER, told, now=now)


def _said_before(session: Session, request: Request) -> bool:
    mine = select(SealedNote.id).where(
        SealedNote.request_id == request.id, SealedNote.purpose == notes.ANSWER
    )
    return session.exec(mine).first() is not None
