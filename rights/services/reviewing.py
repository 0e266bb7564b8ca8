"""
What a member of staff decides who looks at documents, and what remains of it.

The documents are destroyed with the decision; the request keeps how it was looked at, what came of
it, when, by whom, and the hash of that record. Accepting lifts the request to the level it needs.

Source: GB/T 35273-2020 8.5(e), 8.7; PIPL 31, 49, 50; Civil Code 165.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select

from rights.domain import duties
from rights.domain.errors import Conflict, FieldError, Forbidden, Invalid
from rights.domain.kinds import Kind, Option
from rights.domain.lifecycle import TERMINAL, State, Wait
from rights.domain.representation import DOCUMENT_GAPS, EVIDENCE, GAPS, Role
from rights.services import (
    arrangements,
    assurance,
    audit,
    by_category,
    contacts,
    denials,
    evidence,
    guardians,
    intake,
    own_requests,
    places,
    points,
    reaching,
    reasons,
    representatives,
    subjects,
)
from rights.services.context import Context
from rights.services.places import Place
from rights.store.models import Evidence, Representation, Request, Staff

ASKED_FOR: Final = (*(name for name in DOCUMENT_GAPS if name != EVIDENCE), *GAPS)
"""Reasons with which documents are sent back: the person is asked for exactly that."""

OF_DOCUMENTS: Final = frozenset({by_category.UNVERIFIED, arrangements.REASON})
"""Reasons to deny that documents show, which are destroyed with the decision: one person's."""

MAY_RESTRICT: Final = frozenset({Role.CLOSE_RELATIVE})


def of_documents(role: Role) -> frozenset[str]:
    """Return the reasons of :data:`OF_DOCUMENTS` with which who asks as *role* can be denied."""
    return OF_DOCUMENTS if role is Role.CLOSE_RELATIVE else OF_DOCUMENTS - {arrangements.REASON}


def waiting(
    session: Session, *, limit: int = 200, after: Place | None = None
) -> list[tuple[Request, Representation]]:
    """Return what has documents to look at, the most urgent first."""
    query = (
        select(Request, Representation)
        .where(*_unread(), *places.later(col(Request.promised_at), col(Request.id), after))
        .order_by(col(Request.promised_at), col(Request.id))
        .limit(limit)
    )
    return [(request, row) for request, row in session.exec(query)]


def count_waiting(session: Session) -> int:
    """Return how many requests have documents to look at."""
    return session.exec(select(func.count(col(Request.id))).where(*_unread())).one()


def _unread() -> tuple[ColumnElement[bool], ...]:
    documents = select(Evidence.request_id).where(
        col(Evidence.destroyed_at).is_(None), Evidence.file_id != "", Evidence.wrapped_key != b""
    )
    return (
        col(Representation.request_id) == col(Request.id),
        col(Request.id).in_(documents),
        col(Request.state).not_in(TERMINAL),
    )


def accept(
    session: Session,
    context: Context,
    request: Request,
    staff: Staff,
    *,
    seen: Iterable[str] | None = None,
    now: datetime,
) -> str:
    """
    Say that the documents show what they have to; return what became of the request.

    Args:
        seen: Ids of the documents that were shown to *staff*; None where nobody knows which.

    Raises:
        Forbidden: *staff* are no verifier, or brought in what they would let through.
        Conflict: there is no document, or others than *seen*, or one that *staff* have not opened;
            something is missing from the authority, the representative's own address is not
            proved, or it was decided already.
    """
    duties.check(staff.roles, duties.Act.VERIFY)
    own_requests.check_documents(session, request.id, staff, accepts=True)
    row = _open(session, context, request, now)
    found = evidence.openable(session, request.id)
    if not found:
        raise Conflict("there is no document to decide on", code="no_document")
    as_seen(found, seen)
    if seen is not None:
        _opened(session, request, staff, found)
    _decided(session, request, row, staff, representatives.ACCEPTED, found, now)
    _proved(session, request, now)
    request.needs = [name for name in request.needs if name not in DOCUMENT_GAPS]
    session.flush()
    if _arranged_otherwise(session, context, request, row):
        reason = arrangements.REASON
        denials.deny_alone(session, context, request, staff, denials.Said(reason), now=now)
        return str(request.state)
    _go_on(session, context, request, row, staff, now)
    return str(request.state)


def _proved(session: Session, request: Request, now: datetime) -> None:
    """Take what a representative's request is about as proved by the review."""
    if request.requester_role is Role.SELF:
        return
    for identifier in subjects.identifier_rows(session, request.id):
        identifier.proof = identifier.proof or "review"
        identifier.proved_at = identifier.proved_at or now
        session.add(identifier)


def as_seen(found: Sequence[Evidence], seen: Iterable[str] | None) -> None:
    """Nothing is decided on, and destroyed, that nobody has looked at. Raises Conflict."""
    if seen is not None and {one.id for one in found} != {*seen}:
        message = "documents came or went since the page was shown: look at those that are there"
        raise Conflict(message, code="documents_changed")


def _opened(session: Session, request: Request, staff: Staff, found: Sequence[Evidence]) -> None:
    """Nobody vouches for what they have not looked at. Raises Conflict."""
    opened = evidence.opened_by(session, request.id, staff.id)
    if shut := [one.id for one in found if one.id not in opened]:
        message = f"open every document before you accept; not opened yet: {', '.join(shut)}"
        raise Conflict(message, code="documents_unopened")


def _undecided(session: Session, request: Request) -> Representation:
    row = representatives.find(session, request, lock=True)
    if request.state in TERMINAL:
        raise Conflict("this request is closed", code="closed")
    return row


def _open(session: Session, context: Context, request: Request, now: datetime) -> Representation:
    row = _undecided(session, request)
    _complete(session, context, request, row, now)
    return row


def _complete(
    session: Session, context: Context, request: Request, row: Representation, now: datetime
) -> None:
    """Make sure that nothing but the documents is left to look at. Raises Conflict."""
    if missing := representatives.gaps(context, request, row, now):
        message = f"the authority lacks {', '.join(missing)}: ask for it before it is accepted"
        raise Conflict(message, code="authority_lacks")
    if not any(contacts.proved(c) for c in reaching.representatives(session, request.id)):
        message = "the representative has not answered the code to their own address yet"
        raise Conflict(message, code="representative_unproved")


def in_the_way(
    session: Session, context: Context, request: Request, staff: Staff, *, now: datetime
) -> Conflict | Forbidden | None:
    """Return what keeps *staff* from accepting the documents that are there; None: nothing does."""
    found = evidence.openable(session, request.id)
    try:
        own_requests.check_documents(session, request.id, staff, accepts=True)
        _complete(session, context, request, representatives.find(session, request), now)
        _opened(session, request, staff, found)
    except (Conflict, Forbidden) as error:
        return error
    return None


def _decided(
    session: Session,
    request: Request,
    row: Representation,
    staff: Staff,
    result: str,
    found: Sequence[Evidence],
    now: datetime,
) -> None:
    """Write the decision down, and make what it rests on unreadable in the same transaction."""
    row.method, row.result = representatives.DOCUMENTS, result
    row.verifier, row.decided_at = f"staff:{staff.id}", now
    record = {
        "request": request.id,
        "role": str(row.role),
        "relation": row.relation,
        "method": row.method,
        "result": result,
        "verifier": row.verifier,
        "documents": [one.id for one in found],
        "at": now.isoformat(),
    }
    kept = orjson.dumps(record, option=orjson.OPT_SORT_KEYS)
    row.decision_hash = hashlib.sha256(kept).hexdigest()
    session.add(row)
    data: dict[str, Any] = {"result": result, "documents": len(found), "hash": row.decision_hash}
    line = audit.Line("evidence_decided", row.verifier, data)
    audit.append(session, request, [line], now=now)
    evidence.shred(session, request.id, now=now)


def _arranged_otherwise(
    session: Session, context: Context, request: Request, row: Representation
) -> bool:
    """Return whether the deceased arranged that this relative may not have this."""
    known = arrangements.REASON in reasons.for_denying(request.kind, request.regimes)
    if row.role is not Role.CLOSE_RELATIVE or not known:
        return False
    identifiers = subjects.opened(context.vault, subjects.identifier_rows(session, request.id))
    blinds = arrangements.blinds_of(context, identifiers)
    return arrangements.forbidden(session, blinds, request.kind, row.relation)


def _go_on(
    session: Session,
    context: Context,
    request: Request,
    row: Representation,
    staff: Staff,
    now: datetime,
) -> None:
    if request.requester_role is Role.SELF:
        guardians.go_on(session, request, row, actor=row.verifier, now=now)
        return
    if row.role in MAY_RESTRICT:
        _restrict(session, context, request, now)
    if request.state is State.VERIFYING:
        assurance.raise_level(session, context, request, cap=0, now=now)
        return
    actor = f"staff:{staff.id}"
    representatives.look_again(session, context, request, row, actor=actor, now=now)


def _restrict(session: Session, context: Context, request: Request, now: datetime) -> None:
    """
    Put the deceased person's data out of use while the case lasts; the contact on file is told.

    Source: PIPL 49; the restriction comes after the proof, so that nobody stops an account by
    merely saying that its owner is dead.
    """
    rows = subjects.identifier_rows(session, request.id)
    identifiers = subjects.opened(context.vault, rows)
    restriction = intake.Submission(
        kind=Kind.RESTRICTION,
        option=Option.RESTRICT,
        identifiers=identifiers,
        backend_id=request.backend_id,
        regimes=tuple(request.regimes),
        regimes_because=request.regimes_because,
        locale=request.locale,
        channel="internal",
        operator=True,
        apart=request.id,
        stranger=True,
        follows=request.id,
    )
    made, _ = intake.submit(session, context, restriction, now=now)
    for row in subjects.identifier_rows(session, made.id):
        row.proof, row.proved_at = "review", now
        session.add(row)


def refuse(
    session: Session,
    context: Context,
    request: Request,
    staff: Staff,
    *,
    reasons: Sequence[str],
    facts: str = "",
    supervisor: Staff | None = None,
    seen: Iterable[str] | None = None,
    now: datetime,
) -> str:
    """
    Say that the documents do not show it: ask for what is missing, or deny.

    Args:
        reasons: All that is missing, of :data:`ASKED_FOR`; or one of the catalogue to deny with.
        supervisor: Who agrees that the person is asked once more.
        seen: As of :func:`accept`.

    Raises:
        Forbidden: *staff* are no verifier, put documents in, or may not deny so.
        Invalid: it is neither; the reasons that are, are named.
        Conflict: the request is closed, is to be denied and there is no document, there are
            others than *seen*, or the person was asked already (``points.check_once``).
    """
    duties.check(staff.roles, duties.Act.VERIFY)
    own_requests.check_documents(session, request.id, staff)
    row = _undecided(session, request)
    found = evidence.openable(session, request.id)
    as_seen(found, seen)
    if not set(reasons) <= {*ASKED_FOR}:
        _deny(session, context, request, staff, denials.Said(_alone(reasons), facts), found, now)
        _decided(session, request, row, staff, representatives.REFUSED, found, now)
        return str(request.state)
    agreed = points.check_once(session, request, staff, supervisor, answered=bool(found))
    _decided(session, request, row, staff, representatives.REFUSED, found, now)
    _ask(session, context, request, reasons, now)
    points.tell(session, request, request.needs, by=row.verifier, agreed_by=agreed, now=now)
    return str(request.state)


def _ask(
    session: Session, context: Context, request: Request, reasons: Sequence[str], now: datetime
) -> None:
    """Let the request wait for other documents, or for what the authority lacks."""
    asked = [name for one in reasons for name in (one, one if one in DOCUMENT_GAPS else EVIDENCE)]
    request.needs = [*dict.fromkeys((*asked, *request.needs))]
    if request.state is State.VERIFYING:
        request.wait = Wait.NEEDS_INFO
        request.next_at = now + timedelta(days=context.settings.verify_days)
    session.add(request)


def _alone(reasons: Sequence[str]) -> str:
    """Return the reason to deny. Raises Invalid: several were given, or what asks was mixed in."""
    if len(reasons) != 1:
        wrong = FieldError("reason", "is what to ask for, or one reason to deny", ASKED_FOR)
        raise Invalid("these reasons do not go together", [wrong])
    return reasons[0]


def _deny(
    session: Session,
    context: Context,
    request: Request,
    staff: Staff,
    said: denials.Said,
    found: Sequence[Evidence],
    now: datetime,
) -> None:
    """Deny with what the documents do not show; without any it takes two, as any other denial."""
    if not found:
        message = "there is no document to decide on: propose it with `rights tasks deny`"
        raise Conflict(message, code="no_document")
    if said.reason in reasons.catalogue() and said.reason not in OF_DOCUMENTS:
        message = f"{said.reason} does not come of documents: propose it with `rights tasks deny`"
        raise Conflict(message, code="takes_two")
    denials.deny_alone(session, context, request, staff, said, now=now)
