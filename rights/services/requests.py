"""
What may happen to a request.

Each function takes an open session, changes rows, and returns; the caller commits. State,
audit entry and follow-up message are therefore saved together or not at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import String, bindparam
from sqlmodel import Session, col, select

from rights.domain.errors import Conflict, Forbidden, NotFound
from rights.domain.kinds import Kind, Option
from rights.domain.lifecycle import TERMINAL, Event, State, Wait, next_state
from rights.domain.parameters import PREVAILS, SIMPLIFIED
from rights.domain.tags import CHOSEN
from rights.services import audit, clock_pauses, outbox, webhooks
from rights.services.notices import ask_for
from rights.services.regimes import at_once
from rights.store.models import Request

URGENT_KINDS: Final = frozenset({Kind.RECOMMENDATION_OPT_OUT, Kind.CONSENT_WITHDRAWAL})
"""Kinds that the law wants done at once; they have workers of their own."""

_SWITCHES: Final = frozenset(
    {
        Option.PERSONALISED_OFF,
        Option.PUSH_OFF,
        Option.COMMERCIAL_MESSAGES_OFF,
        Option.OBJECT_MARKETING,
    }
)

STAFF: Final = "staff:"
"""With what an actor begins that is a person of the staff."""

RING_AGAIN: Final = timedelta(seconds=30)
"""A request that nobody began to work on by then is rung for again: its doorbell was lost."""

_NOTICE: Final[Mapping[State, str]] = {
    State.FULFILLED: "outcome",
    State.PARTIALLY_FULFILLED: "outcome",
    State.DENIED: "outcome",
    State.EXPIRED: "expired",
}


def queue_of(request: Request) -> str:
    """
    Return the queue that serves this kind of request.

    What a law of the request wants done at once goes before other work. It does not go among the
    switches: a row of erasures would be in the way of their minute.
    """
    simplified = SIMPLIFIED in request.parameters
    if simplified or request.kind in URGENT_KINDS or stands_at_once(request):
        return outbox.URGENT
    first = at_once(request.kind, request.option, request.regimes)
    return outbox.FIRST if first else outbox.WORK


def record(
    session: Session,
    request: Request,
    event: Event,
    *,
    actor: str,
    now: datetime,
    data: Mapping[str, Any] | None = None,
    before: Iterable[audit.Line] = (),
) -> State:
    """
    Let *event* happen to *request*: the only place in the product that sets ``state``.

    Args:
        actor: ``subject``, ``system``, ``backend:<id>`` or ``staff:<id>``. Never a name.
        data: Codes and ids for the entry; no personal data.
        before: Entries of the same transaction that come first.

    Raises:
        IllegalTransition: *event* cannot happen now.
        Forbidden: it would be denied by no person. No date, job or product denies anything
            (NDSR 23; PIPL 50).
        sqlalchemy.orm.exc.StaleDataError: at flush, when someone else was faster.
    """
    state = next_state(request.state, event)
    if event is Event.DENIED and not actor.startswith(STAFF):
        raise Forbidden("only a person of the staff denies a request: propose it to one")
    request.state = state
    if request.state is not State.ON_HOLD:
        request.wait = Wait.NONE
    if request.state in TERMINAL:
        request.closed_at = now
    line = audit.Line(str(event), actor, {"state": str(request.state), **(data or {})})
    audit.append(session, request, [*before, line], now=now)
    if request.pause_cause:
        clock_pauses.end_if_over(session, request, now)
    _follow_up(session, request, now)
    return request.state


def _follow_up(session: Session, request: Request, now: datetime) -> None:
    if request.state is State.IN_PROGRESS:
        request.next_at = now + RING_AGAIN
        outbox.emit(session, "advance", now=now, queue=queue_of(request), request_id=request.id)
    if request.state in TERMINAL:
        request.next_at = now + RING_AGAIN  # until it was tidied up: this job may be lost too
        outbox.emit(session, "close_out", now=now, request_id=request.id)
    if notice := _NOTICE.get(request.state):
        ask_for(session, request, notice, now=now)
    webhooks.publish(session, request, f"request.{request.state}", now=now)


def find(
    session: Session,
    request_id: str,
    *,
    backend_id: str | None = None,
    subject: Collection[str] | None = None,
    lock: bool = False,
) -> Request:
    """
    Return a request; with *backend_id* or *subject*, only if it is that backend's or person's.

    Args:
        subject: "The same person" under every live key.
        lock: Keep the row for this transaction: it is going to be changed.

    Raises:
        NotFound: it does not exist, or is somebody else's: the two look the same.
    """
    request = session.get(Request, request_id, with_for_update=lock or None)
    foreign = request is None or (
        (backend_id is not None and request.backend_id != backend_id)
        or (subject is not None and request.subject not in subject)
    )
    if request is None or foreign:
        raise NotFound("there is no such request")
    return request


_LOCKED: Final = (
    select(Request).where(Request.id == bindparam("id", type_=String)).with_for_update()
)


def locked(session: Session, request_id: str) -> Request:
    """Return a request with its row locked until the transaction ends (PostgreSQL)."""
    request = session.exec(_LOCKED, params={"id": request_id}).first()
    if request is None:
        raise NotFound("there is no such request")
    return request


def alike(first: Request, again: Request) -> bool:
    """
    Return whether a repeat is still the same: the first may have been narrowed or completed since.

    Which of two contradicting requests counts is said of both, and makes neither another one.
    """
    one, other = ({k: v for k, v in r.parameters.items() if k != PREVAILS} for r in (first, again))
    return one == other


def stands_at_once(request: Request) -> bool:
    """
    Return whether what was asked holds from the moment it was asked: it is written down already.

    Cancelling the request would only keep the stores from following. A choice of tags holds once
    it is proved who chooses, and what; another choice undoes it.
    """
    if request.option is Option.TAGS_EDIT:
        proved = request.state not in (State.OPEN, State.VERIFYING)
        return proved and CHOSEN not in request.needs
    return request.kind is Kind.CONSENT_WITHDRAWAL or request.option in _SWITCHES


def revoke(session: Session, request: Request, *, actor: str, now: datetime) -> None:
    """
    Let the person take the request back.

    Raises:
        Conflict: something was already done that cannot be undone, or holds already.
        IllegalTransition: it is closed.
    """
    if request.state not in TERMINAL:
        _not_too_late(request)
    record(session, request, Event.REVOKED, actor=actor, now=now)


def _not_too_late(request: Request) -> None:
    why = ""
    if request.irreversible_at is not None:
        why = "work that cannot be undone has begun, so this request can no longer be cancelled"
    elif stands_at_once(request):
        why = "what was asked for counts already: say otherwise instead of cancelling the request"
    if why:
        raise Conflict(why, code="too_late_to_cancel")


def listed(
    session: Session,
    backend_id: str,
    *,
    after: tuple[datetime, str] | None,
    limit: int,
    state: State | None = None,
    kind: Kind | None = None,
    subject: Collection[str] | None = None,
) -> list[Request]:
    """
    Return a page of a backend's requests, newest first.

    Args:
        after: ``(received_at, id)`` of the last one already seen.
        subject: "The same person" under every live key; None for everybody's.
    """
    query = select(Request).where(Request.backend_id == backend_id)
    if state:
        query = query.where(Request.state == state)
    if kind:
        query = query.where(Request.kind == kind)
    if subject is not None:
        query = query.where(col(Request.subject).in_(subject))
    if after:
        at, last = after
        older = col(Request.received_at) < at
        same = (col(Request.received_at) == at) & (col(Request.id) < last)
        query = query.where(older | same)
    query = query.order_by(col(Request.received_at).desc(), col(Request.id).desc())
    return list(session.exec(query.limit(limit)))
