"""
Proving who asks: a code, an assertion, or both, for a request or for a download.

A wrong code is counted, so nothing here raises after it was: the caller commits, then refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session, col, select

from rights.domain.errors import Conflict, FieldError, Invalid, NotFound
from rights.domain.levels import Acr, level
from rights.domain.lifecycle import TERMINAL, State
from rights.services import audit, notices, subjects, verification
from rights.services.assertions import Proof
from rights.services.context import Context
from rights.store.ids import new_id
from rights.store.models import Challenge, IdentifierRow, Request

_ORDER = tuple(Acr)


def start(
    session: Session, context: Context, request: Request, *, purpose: str, now: datetime
) -> Challenge:
    """
    Send a fresh code to the address of the request, known to us or not.

    Raises:
        Conflict: the request is closed or has no address; TooMany: a code was just sent.
    """
    if purpose == "request" and request.state not in (State.OPEN, State.VERIFYING):
        raise Conflict("this request needs no further proof", code="closed")
    sent, contact = verification.again(session, context, request, now=now, purpose=purpose)
    notices.ask_for(
        session, request, "code", now=now, identifier_id=contact.id, challenge_id=sent.id
    )
    line = audit.Line("code_sent", "system", {"purpose": purpose, "to": contact.type})
    audit.append(session, request, [line], now=now)
    return sent


def answer(
    session: Session,
    context: Context,
    request: Request,
    *,
    code: str | None,
    proof: Proof | None,
    cap: int,
    now: datetime,
    token: str | None = None,
) -> bool:
    """
    Take what was proved; return False when the code was wrong.

    Args:
        token: From the mail of the code, in place of its digits.

    Raises:
        Conflict: the request is past proving.
        Invalid: nothing was given to prove anything with, or digits and token both.
        NotFound: the assertion is about somebody else.
        Unauthenticated: there is no live code.
    """
    if request.state not in (State.OPEN, State.VERIFYING):
        raise Conflict("this request needs no further proof", code="closed")
    said = _given(code, token)
    if said is None and proof is None:
        raise _nothing()
    if proof is not None:
        accept(session, context, request, proof, now=now)
    by_token = token is not None
    if said is not None and not verification.answer(
        session, context, request, said, now=now, by_token=by_token
    ):
        return False
    session.flush()
    verification.raise_level(session, context, request, cap=cap, now=now)
    if request.bundle_id:
        _share(session, context, request, proof, coded=said is not None, cap=cap, now=now)
    return True


def _given(code: str | None, token: str | None) -> str | None:
    """Return what answers the challenge: the digits of the mail or the token beside them."""
    if code is not None and token is not None:
        wrong = FieldError("token", "stands in place of the code: give one of the two")
        raise Invalid("code and token were given", [wrong])
    return code if token is None else token


def _nothing() -> Invalid:
    wrong = FieldError("code", "give a code or its token, an assertion, or both")
    return Invalid("nothing was proved", [wrong])


def accept(
    session: Session, context: Context, request: Request, proof: Proof, *, now: datetime
) -> None:
    """Note what an assertion vouches for. Raises NotFound if it is about somebody else."""
    rows = {row.type: row for row in subjects.identifier_rows(session, request.id)}
    if not same_person(context, rows, proof.identifiers):
        raise NotFound("there is no such request")
    for name in proof.identifiers:
        if name in rows:
            rows[name].proof, rows[name].proved_at = "assertion", now
            session.add(rows[name])
    new = {n: v for n, v in proof.identifiers.items() if n not in rows}
    proofs = dict.fromkeys(new, "assertion")
    session.add_all(subjects.rows_for(context.vault, request, new, proofs=proofs, now=now))
    if not request.acr or _ORDER.index(proof.acr) > _ORDER.index(Acr(request.acr)):
        request.acr = str(proof.acr)
    line = audit.Line("assertion_accepted", "system", {"acr": str(proof.acr)})
    audit.append(session, request, [line], now=now)


def same_person(
    context: Context, rows: Mapping[str, IdentifierRow], identifiers: Mapping[str, str]
) -> bool:
    """
    Tell whether *identifiers* are those of a request's person.

    At least one must be the same and none may differ; once any was proved, one of those must
    be among the same.
    """
    both = [name for name in identifiers if name in rows]
    if not both:
        return False
    for name in both:
        if rows[name].blind not in subjects.blinds(context.vault, name, identifiers[name]):
            return False
    proved = {name for name, row in rows.items() if row.proof}
    return not proved or any(name in proved for name in both)


def fresh_level(
    session: Session,
    context: Context,
    request: Request,
    *,
    code: str | None,
    proof: Proof | None,
    acr: Acr | None,
    cap: int,
    now: datetime,
    token: str | None = None,
) -> int | None:
    """
    Return the level of what is proved here and now, or None when the code was wrong.

    Args:
        acr: What the caller's own session is worth, when a portal token speaks.
        token: From the mail of the code, in place of its digits.

    Raises:
        Invalid: digits and token both.
        NotFound: the assertion is about somebody else.
        Unauthenticated: there is no live code for a download.
    """
    rows = {row.type: row for row in subjects.identifier_rows(session, request.id)}
    if proof is not None and not same_person(context, rows, proof.identifiers):
        raise NotFound("there is no such request")
    strongest = _strongest(acr, proof.acr if proof else None)
    said, by_token = _given(code, token), token is not None
    if said is None:
        return level(strongest, (), cap=cap)
    live = _live(session, request)
    if not verification.answer(
        session, context, request, said, now=now, purpose="grant", by_token=by_token
    ):
        return None
    contact = next((row for row in rows.values() if row.id == live), None)
    counts = contact is not None and (strongest is None or contact.proof == "assertion")
    return level(strongest, [contact.type] if contact and counts else (), cap=cap)


def _strongest(*given: Acr | None) -> Acr | None:
    return max((acr for acr in given if acr is not None), key=_ORDER.index, default=None)


def _live(session: Session, request: Request) -> str | None:
    query = (
        select(Challenge.identifier_id)
        .where(
            Challenge.request_id == request.id,
            Challenge.purpose == "grant",
            col(Challenge.used_at).is_(None),
        )
        .order_by(col(Challenge.created_at).desc())
    )
    return session.exec(query).first()


def _share(
    session: Session,
    context: Context,
    request: Request,
    proof: Proof | None,
    *,
    coded: bool,
    cap: int,
    now: datetime,
) -> None:
    """Let what was proved for one request of a bundle count for the others of that bundle."""
    answered = _answered(session, request) if coded else ""
    query = select(Request).where(
        Request.bundle_id == request.bundle_id,
        Request.id != request.id,
        Request.subject == request.subject,
        col(Request.state).not_in(TERMINAL),
    )
    for other in session.exec(query.with_for_update()).all():
        if other.state not in (State.OPEN, State.VERIFYING):
            continue
        if proof is not None:
            accept(session, context, other, proof, now=now)
        for row in subjects.identifier_rows(session, other.id):
            if row.blind == answered:
                _count_as_answered(session, other, row, now)
        session.flush()
        verification.raise_level(session, context, other, cap=cap, now=now)


def _answered(session: Session, request: Request) -> str:
    """Return the blind index of the address whose code was answered last."""
    query = (
        select(IdentifierRow.blind)
        .join(Challenge, col(Challenge.identifier_id) == col(IdentifierRow.id))
        .where(Challenge.request_id == request.id, col(Challenge.used_at).is_not(None))
        .order_by(col(Challenge.used_at).desc())
    )
    return session.exec(query).first() or ""


def _count_as_answered(
    session: Session, request: Request, contact: IdentifierRow, now: datetime
) -> None:
    contact.proof, contact.proved_at = contact.proof or "code", now
    session.add(contact)
    session.add(
        Challenge(
            id=new_id(),
            request_id=request.id,
            identifier_id=contact.id,
            sealed_code=b"",
            created_at=now,
            expires_at=now,
            used_at=now,
        )
    )
