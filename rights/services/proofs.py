"""
What a request was proved by beside codes, and how often it was tried: no value is ever here.

Whoever guesses runs out of tries, for the request and for the person over all requests.

Source: GB/T 35273-2020 8.7(a); GDPR 12(6).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, select

from rights.domain.errors import TooMany
from rights.domain.levels import WORTH, Matched
from rights.services import subjects
from rights.services.context import Context
from rights.store.models import IdentifierRow, Lookup, ProofRow, ProofTry, Request

A_DAY: Final = 3
"""Tries of one request in a day."""

PERSON_A_DAY: Final = 5
"""Tries for one person in a day, over all requests that name one of their proved identifiers."""

FRESH: Final = timedelta(hours=1)
"""How long a match counts for a download: as long as a visit to the portal lasts."""

_DAY: Final = timedelta(days=1)


def matched(session: Session, request_id: str) -> tuple[Matched, ...]:
    """Return what a request was proved by beside codes."""
    query = select(ProofRow.way).where(ProofRow.request_id == request_id)
    return tuple(Matched(way) for way in session.exec(query) if way in WORTH)


def fresh(session: Session, request_id: str, *, visit: str, now: datetime) -> tuple[Matched, ...]:
    """
    Return what was matched within the hour, in the same browser or by a product's backend.

    What somebody proved elsewhere opens no copy here.
    """
    query = select(ProofTry.way).where(
        ProofTry.request_id == request_id,
        ProofTry.visit == visit,
        ProofTry.outcome == "enough",
        col(ProofTry.at) > now - FRESH,
    )
    return tuple(Matched(way) for way in dict.fromkeys(session.exec(query)) if way in WORTH)


def keep(
    session: Session,
    request: Request,
    way: Matched,
    *,
    rests_on: Mapping[str, Any],
    now: datetime,
) -> None:
    """Write down that a store agreed."""
    row = session.get(ProofRow, (request.id, str(way))) or ProofRow(
        request_id=request.id, way=str(way), level=WORTH[way], at=now, verifier="system"
    )
    row.at, row.rests_on = now, dict(rests_on)
    session.add(row)


def not_too_often(
    session: Session, context: Context, request: Request, *, now: datetime
) -> list[str]:
    """
    Make sure that there is a try left; return the keyed hashes of the person to count it under.

    Rows of the same person are locked, so that two requests do not both take the last one.

    Raises:
        TooMany: there is none. ``code`` says so apart from other limits: other ways stay open.
    """
    rows = [r for r in subjects.identifier_rows(session, request.id) if r.proof]
    given = subjects.opened(context.vault, rows)
    blinds = {n: subjects.blinds(context.vault, n, value) for n, value in given.items()}
    every = [blind for several in blinds.values() for blind in several]
    person = select(IdentifierRow.id).where(col(IdentifierRow.blind).in_(every))
    session.exec(person.order_by(IdentifierRow.id).with_for_update()).all()
    asked = now - timedelta(minutes=context.settings.lookup_minutes)
    mine, theirs = col(ProofTry.request_id) == request.id, col(ProofTry.blind).in_(every)
    _limit(_tries(session, mine, asked, now), A_DAY, now)
    _limit(_tries(session, theirs, asked, now), PERSON_A_DAY, now)
    return [several[0] for several in blinds.values()]


def _tries(
    session: Session, whose: ColumnElement[bool], asked: datetime, now: datetime
) -> Sequence[datetime]:
    """Return when it was tried; what no worker looked at in time was no try."""
    live = and_(col(ProofTry.outcome) == "waiting", col(ProofTry.at) > asked)
    decided = col(ProofTry.outcome).in_(("enough", "wrong"))
    query = (
        select(ProofTry.lookup_id, ProofTry.at)
        .where(whose, or_(live, decided), col(ProofTry.at) > now - _DAY)
        .distinct()
    )
    return sorted(at for _, at in session.exec(query))


def _limit(tries: Sequence[datetime], most: int, now: datetime) -> None:
    if len(tries) >= most:
        wait = tries[len(tries) - most] + _DAY - now
        raise TooMany(
            "these details were tried too often today: take another way of the plan",
            retry_after=wait,
            code="proof_too_often",
        )


def count(
    session: Session, lookup: Lookup, way: Matched, blinds: list[str], *, visit: str, now: datetime
) -> None:
    """Count a try under each proved identifier of the person."""
    for blind in blinds:
        session.add(
            ProofTry(
                request_id=lookup.request_id,
                lookup_id=lookup.id,
                way=str(way),
                blind=blind,
                visit=visit,
                at=now,
            )
        )


def tries_of(session: Session, lookup_id: str) -> Sequence[ProofTry]:
    """Return the rows of one try, locked: it is being decided."""
    query = select(ProofTry).where(ProofTry.lookup_id == lookup_id).with_for_update()
    return session.exec(query).all()


def way_of(session: Session, lookup_id: str) -> str:
    """Return which way a question was a try at; empty where it was none."""
    query = select(ProofTry.way).where(ProofTry.lookup_id == lookup_id)
    return session.exec(query).first() or ""


def last_try(
    session: Session, request_id: str, visit: str, ways: Collection[str]
) -> ProofTry | None:
    """Return what this browser tried last for a request by one of *ways*."""
    mine = (ProofTry.request_id == request_id, ProofTry.visit == visit)
    query = (
        select(ProofTry)
        .where(*mine, col(ProofTry.way).in_(ways))
        .order_by(col(ProofTry.at).desc())
        .limit(1)
    )
    return session.exec(query).first()
