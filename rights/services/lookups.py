"""
Questions that only a worker can answer, across the wall between the web and the stores.

Question and answer are sealed; both are gone a quarter of an hour later. The level is checked
here and again by the worker.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

import orjson
from sqlmodel import Session, col, select

from rights.domain.conversation import CONVERSATIONS
from rights.domain.errors import FieldError, Gone, Invalid, LevelTooLow, NotFound
from rights.domain.kinds import Kind, Option
from rights.domain.levels import level
from rights.services import not_me, outbox, subjects
from rights.services.context import Context
from rights.services.portal import Person
from rights.store.ids import new_id
from rights.store.models import Lookup, Request

_CONTROL: Final = 1
"""A code was answered: what somebody types is compared with the rows of nobody else."""

REDACTIONS: Final = "redactions"
"""What was taken out of a copy."""

SAMPLE: Final = "sample"
"""A few masked rows of what is in a copy."""

STAFF: Final = frozenset({REDACTIONS, SAMPLE})
"""What staff ask about a copy; nobody else reads the answer: :mod:`staff_views`."""

COMPARED: Final = frozenset({"provable", "match"})
"""Questions that give no glance of anything: they say what can be proved, or that it was."""

GLANCES: Final[Mapping[str, tuple[Kind, Option]]] = MappingProxyType(
    {
        CONVERSATIONS: (Kind.ACCESS, Option.RECORDS),
        "counts": (Kind.ACCESS, Option.SUMMARY),
        "foreseen": (Kind.ACCESS, Option.SUMMARY),
        "tags": (Kind.RECOMMENDATION_OPT_OUT, Option.TAGS_LIST),
        "values": (Kind.ACCESS, Option.RECORDS),
    }
)
"""What is asked for a glance, and of which request: its level is what the question needs."""


def level_of(context: Context, question: str) -> int:
    """Return the level that a question needs here."""
    return _CONTROL if question in COMPARED else context.policy.level(*GLANCES[question])


def ask(
    session: Session, context: Context, request: Request, question: str, *, now: datetime
) -> Lookup:
    """
    Ask *question* about the person of a request, as far as that person was proved.

    Raises:
        Invalid: nobody answers such a question.
        LevelTooLow: too little was proved in this request so far.
        Forbidden: it is stopped: somebody says that it was not them.
    """
    not_me.check(request)
    if question != "counts":  # the others are the portal's
        wrong = FieldError("question", "is not known", ("counts",))
        raise Invalid("unknown question", [wrong])
    return of_request(session, context, request, question, now=now)


def of_request(
    session: Session,
    context: Context,
    request: Request,
    question: str,
    *,
    now: datetime,
    about: Mapping[str, Any] | None = None,
) -> Lookup:
    """
    Ask about whom a request's proofs lead to.

    Args:
        about: Of a match: the way, and what was typed.

    Raises:
        LevelTooLow: too little was proved in this request so far.
    """
    proved = [r for r in subjects.identifier_rows(session, request.id) if r.proof]
    identifiers = subjects.opened(context.vault, proved)
    asker = Asker(request.backend_id, identifiers, request.level, request.id)
    return _asked(session, context, asker, question, now, about)


def latest(
    session: Session, context: Context, request: Request, question: str, *, now: datetime
) -> tuple[Lookup | None, Any]:
    """Return what was asked last about a request and can still be read, and its answer."""
    query = (
        select(Lookup)
        .where(
            Lookup.request_id == request.id,
            Lookup.question == question,
            col(Lookup.expires_at) > now,
        )
        .order_by(col(Lookup.created_at).desc())
    )
    row = session.exec(query).first()
    return (None, None) if row is None else _answered(context, row, now)


def ask_for(
    session: Session,
    context: Context,
    person: Person,
    question: str,
    *,
    cap: int,
    now: datetime,
    about: Mapping[str, Any] | None = None,
) -> Lookup:
    """
    Ask *question* about whom a product vouches for, before any request is made.

    Args:
        about: Of what is to be foreseen: kind, option and regimes; which conversation to open.

    Raises:
        LevelTooLow: nobody vouches for this person, or not surely enough.
    """
    vouched = {n: v for n, v in person.identifiers.items() if n in person.attested}
    asker = Asker(person.backend_id, vouched, level(person.acr, (), cap=cap))
    return _asked(session, context, asker, question, now, about)


def may(context: Context, person: Person | None, question: str, *, cap: int) -> bool:
    """Return whether :func:`ask_for` would take this question from *person*."""
    if person is None or not person.attested:
        return False
    return level(person.acr, (), cap=cap) >= level_of(context, question)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: under which identifiers, how surely proved, and in which request, if in one."""

    backend_id: str
    identifiers: Mapping[str, str] = field(repr=False)
    level: int
    request_id: str = ""


def _asked(
    session: Session,
    context: Context,
    asker: Asker,
    question: str,
    now: datetime,
    about: Mapping[str, Any] | None = None,
) -> Lookup:
    if asker.level < level_of(context, question) or not asker.identifiers:
        raise LevelTooLow("this needs a stronger proof of who is asking")
    asked = {"identifiers": dict(asker.identifiers), "about": dict(about or {})}
    lookup_id = new_id()
    row = Lookup(
        id=lookup_id,
        request_id=asker.request_id,
        backend_id=asker.backend_id,
        question=question,
        level=asker.level,
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
        Forbidden: the request is stopped: somebody says that it was not them.
    """
    not_me.check(request)
    row = session.get(Lookup, lookup_id)
    if row is None or row.request_id != request.id or row.question in STAFF:
        raise NotFound("there is no such look-up")
    return _answered(context, row, now)


def read_for(
    session: Session,
    context: Context,
    person: Person,
    lookup_id: str,
    question: str,
    *,
    now: datetime,
) -> tuple[Lookup, Any]:
    """Return a look-up that this very person asked for, like :func:`read`."""
    row = session.get(Lookup, lookup_id)
    other = row is None or row.question != question
    if row is None or other or row.request_id or row.backend_id != person.backend_id:
        raise NotFound("there is no such look-up")
    sealed = context.vault.open(row.sealed_input, aad=f"lookup|{row.id}|input")
    vouched = {n: v for n, v in person.identifiers.items() if n in person.attested}
    if orjson.loads(sealed)["identifiers"] != vouched:
        raise NotFound("there is no such look-up")
    return _answered(context, row, now)


def _answered(context: Context, row: Lookup, now: datetime) -> tuple[Lookup, Any]:
    if row.expires_at <= now:
        raise Gone("the answer has been forgotten: ask again", code="lookup_expired")
    if row.sealed_answer is None:
        return row, None
    return row, orjson.loads(context.vault.open(row.sealed_answer, aad=f"lookup|{row.id}|answer"))
