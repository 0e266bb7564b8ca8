"""
Whose turn it is when one person has asked for several things.

Erasing cannot be taken back, so it comes last: a copy that was asked for first, or in the same
breath, would otherwise find nothing, and say so. And what reads or corrects never runs while
the same person's data is being erased: half of it would be a lie.

Within a bundle the order is whole: what stops a use, what corrects, what reads, what erases. Clocks
run on meanwhile; a request that waits until its own date comes near is an alarm.

Who "the same person" is, is known once the identifiers were followed to their end: one request
names an account and the other its e-mail address. Both then share a row of ``subject_lock``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import ColumnElement, String, and_, bindparam, or_, text
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from connectors.sdk import KeySet, Standing
from rights.domain.actions import IRREVERSIBLE
from rights.domain.kinds import Kind
from rights.domain.lifecycle import State, Wait
from rights.logs import get
from rights.services import audit, outbox, requests, subjects
from rights.services.context import Context
from rights.store import rows as direct
from rights.store.columns import UtcDateTime
from rights.store.models import AskedPoint, Entry, IdentifierRow, Request, StepRow, SubjectLock

ERASING: Final = frozenset({Kind.DELETION, Kind.ACCOUNT_CANCELLATION})
"""Kinds after which there is nothing left to read or to correct."""

NEEDING: Final = (Kind.ACCESS, Kind.COPY, Kind.PORTABILITY, Kind.CORRECTION, Kind.EXPLANATION)
"""Kinds that need the data to be there still."""

_RANKS: Final[Mapping[Kind, int]] = MappingProxyType(
    {
        Kind.CONSENT_WITHDRAWAL: 0,
        Kind.RECOMMENDATION_OPT_OUT: 0,
        Kind.RESTRICTION: 0,
        Kind.CORRECTION: 1,
        Kind.ACCESS: 2,
        Kind.COPY: 2,
        Kind.PORTABILITY: 2,
        Kind.EXPLANATION: 2,
        Kind.DELETION: 3,
        Kind.ACCOUNT_CANCELLATION: 3,
    }
)
"""In a bundle, whoever has a lower number goes first."""

ENDANGERED: Final = "order_endangers_due"
_LAST_PART: Final = 4
"""An alarm is raised when less than one part in so many of its time is left."""

_IDENTIFIER: Final = "identifier:"

_LOCK: Final = text(
    "SELECT count(pg_advisory_xact_lock(key)) FROM"
    " (SELECT CAST(CAST('x' || right(subject, 16) AS bit(64)) AS bigint) AS key"
    " FROM subject_lock WHERE request_id = :request ORDER BY 1) AS subjects"
)
"""In order of their keys, so that two transactions cannot hold each other up for ever."""

_REQUEST, _SUBJECT, _BUNDLE = (
    bindparam(name, type_=String) for name in ("request", "subject", "bundle")
)

SOONEST: Final = timedelta(seconds=2)
LATEST: Final = timedelta(minutes=10)


def must_wait(session: Session, request: Request) -> bool:
    """
    Tell whether *request* has to wait for another one of the same person before it begins.

    It does when it would erase what an open request still needs, and in a bundle for what comes
    before it there. One that waits for the person is not waited for: that may have no end. In a
    bundle one that is yet to be proved is, since it lapses if it never is.
    """
    if request.irreversible_at is not None:
        return False
    if _first_in_bundle(session, request):
        return True
    if request.kind not in ERASING:
        return False
    asked = {**_who(request), "received": request.received_at}
    query = _needing(bundled=bool(request.bundle_id))
    return session.connection().execute(query, asked).first() is not None


def put_off(session: Session, request: Request, now: datetime) -> bool:
    """Look at *request* again later if others go first; return whether they do."""
    waits = must_wait(session, request)
    if waits:
        later(session, request, now)
    return waits


def _who(request: Request) -> dict[str, str]:
    return {"request": request.id, "subject": request.subject, "bundle": request.bundle_id}


@cache
def _needing(*, bundled: bool) -> Any:
    """Return what finds one that needs what ``:request`` would erase; made once, asked often."""
    working = col(Request.state).in_((State.IN_PROGRESS, State.ON_HOLD))
    received = bindparam("received", type_=UtcDateTime)
    first = [and_(working, col(Request.received_at) <= received)]
    if bundled:
        unproved = col(Request.state).in_((State.OPEN, State.VERIFYING))
        first.append(and_(col(Request.bundle_id) == _BUNDLE, or_(working, unproved)))
    return (
        select(Request.id)
        .where(col(Request.kind).in_(NEEDING), ~_stands_still())
        .where(or_(*first), _same_person())
        .limit(1)
    )


def _stands_still() -> ColumnElement[bool]:
    """
    Say "it waits for its person, for as long as that takes".

    Not what waits for an answer that staff asked for: they let it go on without one, and by asking
    nobody lets an erasure overtake a copy.
    """
    asked = select(AskedPoint.id).where(
        col(AskedPoint.request_id) == col(Request.id),
        col(AskedPoint.over_at).is_(None),
        col(AskedPoint.said_id) != "",
    )
    return and_(col(Request.wait) == Wait.NEEDS_INFO, ~asked.exists())


def _same_person() -> ColumnElement[bool]:
    return or_(col(Request.subject) == _SUBJECT, col(Request.id).in_(_proved_same()))


def _first_in_bundle(session: Session, request: Request) -> bool:
    """Tell whether something of the same bundle that goes first is being worked on."""
    before = [kind for kind, rank in _RANKS.items() if rank < _RANKS[request.kind]]
    if not request.bundle_id or not before:
        return False
    query = select(Request.id).where(
        Request.bundle_id == request.bundle_id,
        col(Request.kind).in_(before),
        col(Request.state) == State.IN_PROGRESS,
    )
    return session.exec(query.limit(1)).first() is not None


def remember(
    session: Session, context: Context, request: Request, keys: KeySet | None, now: datetime
) -> None:
    """
    Note whom a request turned out to be about: every identifier that is solely theirs.

    Not a number that passes from one person to the next: who has it now would wait for who had it.
    """
    if keys is None or request.kind not in {*ERASING, *NEEDING}:
        return
    known = context.datamap.identifiers
    names = (a.removeprefix(_IDENTIFIER) for a in keys.anchors if a.startswith(_IDENTIFIER))
    lasting = [name for name in names if name in known and not known[name].recycled]
    found = {
        subjects.blind(context.vault, name, str(key[0]))
        for name in lasting
        for key in keys.keys(_IDENTIFIER + name, Standing.SOLE)
    }
    rows = [{"subject": s, "request_id": request.id, "at": now} for s in sorted(found)]
    direct.insert(session, SubjectLock, rows)


def held_up(session: Session, request: Request, row: StepRow) -> bool:
    """
    Tell whether *row* has to wait for another request of the same person.

    The first irreversible step waits for whatever reads or corrects and was begun; anything
    waits for an erasure that has begun, until that ends or waits for staff. Who asks first holds
    the other up: both ask under one lock per subject.
    """
    erases = request.kind in ERASING
    if row.phase == 0 or row.attempts or request.kind not in {*ERASING, *NEEDING}:
        return False
    if erases and (request.irreversible_at is not None or row.action not in IRREVERSIBLE):
        return False
    # What this transaction has changed so far is about the request itself, not about others.
    asked, connection = {"request": request.id}, session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK, asked)
    return connection.execute(_in_the_way(erases=erases), asked).first() is not None


@cache
def _in_the_way(*, erases: bool) -> Any:
    """Return what finds one that stands in the way of ``:request``; made once, asked often."""
    working = col(Request.state) == State.IN_PROGRESS
    way: ColumnElement[bool] = and_(
        col(Request.kind).in_(ERASING), working, col(Request.irreversible_at).is_not(None)
    )
    if erases:
        held = and_(col(Request.state) == State.ON_HOLD, ~_stands_still())
        way = or_(way, and_(col(Request.kind).in_(NEEDING), or_(working, held)))
    return _sharing().where(way).limit(1)


def _sharing() -> Any:
    mine = select(SubjectLock.subject).where(col(SubjectLock.request_id) == _REQUEST)
    return (
        select(Request.id)
        .join(SubjectLock, col(SubjectLock.request_id) == col(Request.id))
        .where(col(SubjectLock.subject).in_(mine), col(Request.id) != _REQUEST)
        .distinct()
    )


def let_go(session: Session, request: Request, now: datetime) -> None:
    """Ring for those that *request*, which has ended, held up."""
    needing, erasing = request.kind in NEEDING, request.kind in ERASING
    if not (needing or erasing or request.bundle_id):
        return
    query = _held_up_by(needing=needing, erasing=erasing, bundled=bool(request.bundle_id))
    ids = session.connection().execute(query, _who(request)).scalars().all()
    for other in _read(session, ids):
        queue = requests.queue_of(other)
        outbox.emit(session, "advance", now=now, queue=queue, request_id=other.id)


def _read(session: Session, ids: Sequence[str]) -> Sequence[Request]:
    """Return these requests as they are; what this transaction has changed is not written yet."""
    if not ids:
        return ()
    with session.no_autoflush:
        return session.exec(select(Request).where(col(Request.id).in_(ids))).all()


@cache
def _held_up_by(*, needing: bool, erasing: bool, bundled: bool) -> Any:
    """Return what finds those that may have waited for ``:request``; made once, asked often."""
    ways: list[ColumnElement[bool]] = []
    if needing:
        same = or_(_same_person(), col(Request.id).in_(_sharing()))
        ways.append(
            and_(col(Request.kind).in_(ERASING), col(Request.irreversible_at).is_(None), same)
        )
    if erasing:
        ways.append(col(Request.id).in_(_sharing()))
    if bundled:
        ways.append(col(Request.bundle_id) == _BUNDLE)
    return select(Request.id).where(
        col(Request.state) == State.IN_PROGRESS,
        col(Request.wait) == Wait.STORE,
        col(Request.id) != _REQUEST,
        or_(*ways),
    )


def later(session: Session, request: Request, now: datetime) -> None:
    """Look again soon at first, then more and more seldom; say so once its own date comes near."""
    whole = request.due_at - request.received_at
    if request.due_at - now < whole / _LAST_PART:
        _endangered(session, request, now)
    waited = now - (request.verified_at or request.received_at)
    request.wait = Wait.STORE
    request.next_at = now + min(max(SOONEST, waited), LATEST)


def _endangered(session: Session, request: Request, now: datetime) -> None:
    said = select(Entry.seq).where(Entry.chain == request.id, Entry.event == ENDANGERED)
    if session.exec(said.limit(1)).first() is not None:
        return
    audit.append(session, request, [audit.Line(ENDANGERED, "system", {})], now=now)
    get().error("request.order_endangers_due", request_id=request.id)


def _proved_same() -> Any:
    """Return the requests in which an identifier was proved that was proved in this one too."""
    mine, other = aliased(IdentifierRow), aliased(IdentifierRow)
    return (
        select(other.request_id)
        .join(mine, col(mine.blind) == col(other.blind))
        .where(col(mine.request_id) == _REQUEST, col(mine.proof) != "", col(other.proof) != "")
    )
