"""
What a request lacks, asked of the person once and whole: every point with why it is asked.

Asking in pieces is an obstacle. A second time takes a supervisor, and that what was asked before
was answered. No clock stands still for it.

Source: NDSR 23; PIPL 50.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session, col, select

from rights.domain import duties
from rights.domain.errors import Conflict, FieldError, Forbidden, Invalid
from rights.domain.parameters import SUBJECT, needed
from rights.domain.plain_text import plain
from rights.services import askable, audit, notices, writings
from rights.services.askable import Point
from rights.services.context import Context
from rights.services.writings import ANSWER_PERSON, QUESTION
from rights.store.models import AskedPoint, Notice, Request, Staff

_FAIR: Final = timedelta(days=3)
"""How long an answer is waited for before work may go on without it."""

_SYSTEM: Final = "system"
_ASKED: Final = "needs_info"


@dataclass(frozen=True, slots=True)
class Asked:
    """A point that waits for its answer, as the person reads it; no words where none were kept."""

    name: str
    question: str = field(repr=False)
    why: str = field(repr=False)


def tell(
    session: Session,
    request: Request,
    names: Iterable[str],
    *,
    by: str = _SYSTEM,
    agreed_by: str = "",
    said: Mapping[str, str] | None = None,
    now: datetime,
) -> None:
    """
    Write down that the person is asked for these, and tell them: every such letter begins here.

    Args:
        said: Id of the sealed words of a point, by its name.
    """
    words = said or {}
    for name in names:
        row = AskedPoint(
            request_id=request.id,
            name=name,
            said_id=words.get(name, ""),
            asked_by=by,
            agreed_by=agreed_by,
            asked_at=now,
        )
        session.add(row)
    notices.ask_for(session, request, _ASKED, now=now)


def check_once(
    session: Session,
    request: Request,
    staff: Staff,
    supervisor: Staff | None,
    *,
    answered: bool = True,
) -> str:
    """
    Make sure that staff may ask now; return who agreed to a second time.

    Args:
        answered: What was asked before has come.

    Raises:
        Conflict: the person was asked before, and nobody who may agrees to ask once more; or what
            was asked before is not answered yet.
        Forbidden: whoever agrees has not the role for it, or is who asks.
    """
    if not _rows(session, request.id):
        return ""
    if not answered:
        raise _unanswered()
    if supervisor is None:
        raise Conflict(
            "the person was asked already: only what an answer brings up is asked once more, and"
            " a supervisor agrees to it (--agreed-by)",
            code="asked_already",
        )
    duties.check(supervisor.roles, duties.Act.ASK_AGAIN)
    if supervisor.id == staff.id:
        raise Forbidden("who asks does not agree to it: a colleague has to", code="own_approval")
    return f"staff:{supervisor.id}"


def asked_before(session: Session, request_id: str) -> bool:
    """Return whether the person was asked for something already."""
    return bool(_rows(session, request_id))


def check_answered(session: Session, request: Request) -> None:
    """
    Make sure that a second list can be thought of: there was one, and nothing of it is waited for.

    Raises:
        Conflict: there was none, so it takes nobody else; or it is not answered yet.
    """
    if request.needs:
        raise _unanswered()
    if not asked_before(session, request.id):
        message = "nothing was asked before: no colleague has to agree to the first list"
        raise Conflict(message, code="not_asked_before")


def had_a_chance(session: Session, request: Request, *, now: datetime) -> bool:
    """
    Return whether the person was asked for what would tell them apart, and answered or had time.

    Whatever else they were asked is no chance to add that, nor is a letter that never went out.
    Who has no address reads the question where they read every answer. Source: GDPR 11(2), 12(2).
    """
    asked = _rows(session, request.id)
    rows = [row for row in asked if row.name == SUBJECT or row.name.startswith(askable.IDENTIFY)]
    told = _told(session, request)
    over = (
        row.over_at is not None or any(row.asked_at <= at <= now - _FAIR for at in told)
        for row in rows
    )
    return bool(rows) and all(over)


def _told(session: Session, request: Request) -> list[datetime]:
    """Return when letters that ask for something reached the person, or lay where they look."""
    letters = select(Notice).where(Notice.request_id == request.id, Notice.event == _ASKED)
    found = session.exec(letters).all()
    told = [one.sent_at for one in found if one.sent_at is not None]
    return told + [one.created_at for one in found if one.state == notices.NO_CONTACT]


def _unanswered() -> Conflict:
    message = "what was asked before is not answered yet: it is asked for once, and whole"
    return Conflict(message, code="asked_already")


def from_staff(
    session: Session,
    context: Context,
    request: Request,
    points: Sequence[Point],
    staff: Staff,
    *,
    supervisor: Staff | None = None,
    now: datetime,
) -> list[str]:
    """
    Ask the person for all of it; the caller has locked the request and makes it wait.

    Returns:
        The names of what was asked for.

    Raises:
        Forbidden: they have not the role. Conflict: like :func:`check_once`.
        Invalid: there is nothing to ask, too much, or something this request does not take.
    """
    duties.check(staff.roles, duties.Act.ASK_POINTS)
    if request.needs:
        raise _unanswered()
    agreed = check_once(session, request, staff, supervisor)
    cleaned = askable.check(context.datamap, request, points)
    names = askable.names(
        cleaned, sum(askable.is_question(r.name) for r in _rows(session, request.id))
    )
    said = {
        name: writings.keep(session, context.vault, request.id, QUESTION, _text(p), now=now).id
        for name, p in zip(names, cleaned, strict=True)
    }
    actor = f"staff:{staff.id}"
    tell(session, request, names, by=actor, agreed_by=agreed, said=said, now=now)
    request.needs = names
    data = {"needs": names, **({"agreed_by": agreed} if agreed else {})}
    audit.append(session, request, [audit.Line("asked", actor, data)], now=now)
    return names


def _text(point: Point) -> str:
    return f"{point.question}\n{point.why}" if point.question else point.why


def _rows(session: Session, request_id: str) -> Sequence[AskedPoint]:
    mine = select(AskedPoint).where(AskedPoint.request_id == request_id)
    return session.exec(mine.order_by(col(AskedPoint.asked_at), col(AskedPoint.id))).all()


def waiting(session: Session, context: Context, request: Request) -> list[Asked]:
    """Return what staff asked for in words and the person has not answered, in that order."""
    if not request.needs:
        return []
    rows = {r.name: r for r in _rows(session, request.id) if r.over_at is None and r.said_id}
    ids = [rows[name].said_id for name in request.needs if name in rows]
    texts = {
        one.id: one.text
        for one in writings.read(session, context.vault, request.id, (QUESTION,))
        if one.id in ids
    }
    return [
        _asked(name, texts.get(rows[name].said_id, "")) for name in request.needs if name in rows
    ]


def _asked(name: str, text: str) -> Asked:
    if not askable.is_question(name):
        return Asked(name, "", text)
    question, _, why = text.partition("\n")
    return Asked(name, question, why)


def answer(
    session: Session,
    context: Context,
    request: Request,
    answers: Mapping[str, str],
    *,
    now: datetime,
) -> None:
    """
    Keep what the person answers to questions.

    Raises:
        Invalid: it is no question of this request, or there is nothing in the answer.
    """
    for name, text in answers.items():
        if not askable.is_question(name) or name not in request.needs:
            allowed = tuple(n for n in request.needs if askable.is_question(n))
            wrong = FieldError(f"answers.{name}", "was not asked", allowed)
            raise Invalid("this was not asked", [wrong])
        said = plain(text, field=f"answers.{name}")
        writings.keep(session, context.vault, request.id, ANSWER_PERSON, said, now=now)


def over(session: Session, request: Request, names: Iterable[str], now: datetime) -> None:
    """Write down that these are not waited for any more."""
    gone = set(names)
    for row in _rows(session, request.id):
        if row.name in gone and row.over_at is None:
            row.over_at = now


def drop(session: Session, request: Request, staff: Staff, *, now: datetime) -> list[str]:
    """
    Go on without what staff asked for; return the names of it. The caller lets the request go on.

    Raises:
        Forbidden: they have not the role.
        Conflict: nothing is waited for, it was asked less than three days ago, or work cannot
            start without it; or the question has not gone out yet.
    """
    duties.check(staff.roles, duties.Act.ASK_POINTS)
    names = droppable(session, request, now=now)
    over(session, request, names, now)
    request.needs = []
    return names


def droppable(session: Session, request: Request, *, now: datetime) -> list[str]:
    """
    Return the names of what staff asked for and work can go on without by now.

    Raises:
        Conflict: like :func:`drop`.
    """
    asked = [r for r in _rows(session, request.id) if r.over_at is None and r.said_id]
    names = [name for name in request.needs if name in {r.name for r in asked}]
    must = [n for n in request.needs if n not in names or n in needed(request.kind, request.option)]
    if not names or must:
        lacks = ", ".join(must) or "nothing"
        message = f"{lacks} is waited for, and staff cannot go on without it"
        raise Conflict(message, code="answer_needed")
    if now < max(r.asked_at for r in asked) + _FAIR:
        message = "the person has three days to answer before work goes on without it"
        raise Conflict(message, code="answer_awaited")
    gone_out(session, request)
    return names


def gone_out(session: Session, request: Request) -> None:
    """
    Make sure that what the person was asked has been sent to them, where it can be.

    Raises:
        Conflict: it waits: nothing is decided without an answer to what nobody was asked.
    """
    waits = select(Notice.id).where(
        Notice.request_id == request.id,
        Notice.event == _ASKED,
        col(Notice.state).in_(notices.UNSENT),
        col(Notice.next_at).is_not(None),
    )
    if session.exec(waits).first() is not None:
        message = "the question to the person has not gone out yet: see to the mail first"
        raise Conflict(message, code="question_unsent")


def line(names: Sequence[str], staff: Staff) -> audit.Line:
    """Return the entry for work that goes on without these."""
    return audit.Line("went_on_without", f"staff:{staff.id}", {"needs": list(names)})
