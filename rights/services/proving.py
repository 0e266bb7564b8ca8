"""
Proving who asks: a code, an assertion, or both, for a request or for a download.

A wrong code is counted, so nothing here raises after it was: the caller commits, then refuses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from rights.domain.errors import Conflict, FieldError, Invalid, NotFound
from rights.domain.levels import Acr
from rights.domain.lifecycle import TERMINAL, Event, State, Wait
from rights.domain.representation import EVIDENCE, AgeBand, Role, receiver
from rights.services import (
    assurance,
    audit,
    cooling,
    earlier,
    law_levels,
    not_me,
    notices,
    reaching,
    representatives,
    requests,
    subjects,
    verification,
)
from rights.services.assertions import Proof
from rights.services.contacts import Contact
from rights.services.context import Context
from rights.services.earlier import Earlier
from rights.store.ids import new_id
from rights.store.models import Challenge, IdentifierRow, Request

_ORDER = tuple(Acr)


@dataclass(frozen=True, slots=True)
class Answered:
    """
    What was proved and was right.

    Args:
        challenge: The code that was answered; None where an assertion alone was given.
    """

    challenge: Challenge | None = None


def start(
    session: Session,
    context: Context,
    request: Request,
    *,
    purpose: str,
    now: datetime,
    to: str = "",
) -> Challenge:
    """
    Send a fresh code to an address of the request, known to us or not.

    Args:
        to: The type of the identifier it goes to; empty for the best contact.

    Raises:
        Conflict: the request is closed or has no address; TooMany: a code was just sent.
        Invalid: *to* is no contact of the request that a code can go to.
        Forbidden: it is stopped, and the code is not one that only shows its page.
    """
    if purpose == reaching.PROCEED:
        cooling.waiting(request)
    if purpose != verification.VISIT:
        not_me.check(request)
    if purpose == "request" and request.state not in (State.OPEN, State.VERIFYING):
        raise Conflict("this request needs no further proof", code="closed")
    sent, contact = verification.again(session, context, request, now=now, purpose=purpose, to=to)
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
) -> Answered | None:
    """
    Take what was proved; return None when the code was wrong.

    Args:
        token: From the mail of the code, in place of its digits.

    Raises:
        Conflict: the request is past proving.
        Invalid: nothing was given to prove anything with, or digits and token both.
        NotFound: the assertion is about somebody else.
        Unauthenticated: no code is live. TooMany: it was guessed at. Forbidden: it is stopped.
    """
    not_me.check(request)
    if not _may_prove(request, proof):
        raise Conflict("this request needs no further proof", code="closed")
    said, coded, by_token = given(code, token), None, token is not None
    if said is None and proof is None:
        raise _nothing()
    if proof is not None:
        accept(session, context, request, proof, now=now)
    if said is not None and not (
        coded := verification.answer(session, context, request, said, now=now, by_token=by_token)
    ):
        return None
    session.flush()
    _raise(session, context, request, cap=cap, now=now)
    if request.bundle_id:
        _share(session, context, request, proof, coded, cap=cap, now=now)
    return Answered(coded)


def carry(
    session: Session,
    context: Context,
    request: Request,
    proofs: Sequence[Earlier],
    *,
    cap: int,
    now: datetime,
) -> list[Earlier]:
    """
    Let codes that were answered earlier in the same visit count; return those that do.

    Args:
        request: Its row is locked, or it was made in this transaction.
    """
    if request.state not in (State.OPEN, State.VERIFYING) or not_me.stopped(request):
        return []
    done = assurance.answered_at(session, request)
    every = reaching.rows(session, request)
    rows = [r for r in every if assurance.counts(request, r) and r.id not in done]
    found = earlier.at(context, rows, proofs)
    lines = []
    for row in rows:
        if row.id in found:
            _count_as_answered(session, request, row, now)
            data = {"challenge": found[row.id].challenge_id, "to": row.type}
            lines.append(audit.Line("proof_carried", "subject", data))
    if not lines:
        return []
    audit.append(session, request, lines, now=now)
    session.flush()
    assurance.raise_level(session, context, request, cap=cap, now=now)
    return [*found.values()]


def _raise(
    session: Session, context: Context, request: Request, *, cap: int, now: datetime
) -> None:
    """Bring the level up; what waited for a stronger proof goes on."""
    before, waited = request.level, request.state is State.ON_HOLD
    assurance.raise_level(session, context, request, cap=cap, now=now)
    if waited and request.state is State.ON_HOLD and request.level > before:
        requests.record(session, request, Event.RESUMED, actor="subject", now=now)


def _may_prove(request: Request, proof: Proof | None) -> bool:
    """Return whether more proof is taken: also where a contact changed lately was not enough."""
    waits = request.state is State.ON_HOLD and request.wait is Wait.TASK
    return request.state in (State.OPEN, State.VERIFYING) or (waits and proof is not None)


def given(code: str | None, token: str | None) -> str | None:
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
    if proof.role is not request.requester_role:
        raise NotFound("there is no such request")  # who is logged in is not who asks here
    if proof.role is not Role.SELF:
        _link(session, context, request, proof, now)
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
    _aged(session, context, request, proof, now)


def _aged(
    session: Session, context: Context, request: Request, proof: Proof, now: datetime
) -> None:
    """Take over how old a product says the person is, and what follows from that for a child."""
    if request.age_band is not AgeBand.UNKNOWN or proof.age_band is AgeBand.UNKNOWN:
        return
    request.age_band = proof.age_band
    if request.requester_role is not Role.SELF:
        return
    request.delivers_to = receiver(Role.SELF, None, request.age_band)
    if not assurance.waits_for_guardian(request):
        return
    if proof.second is not None:
        representatives.write(session, context, request, proof.second, now=now)
    elif reaching.GUARDIAN not in request.needs:
        request.needs = [*request.needs, reaching.GUARDIAN]


def _link(
    session: Session, context: Context, request: Request, proof: Proof, now: datetime
) -> None:
    """Note that a product links two accounts. Raises NotFound if it links others than these."""
    second = proof.second
    if second is None or not representatives.is_meant(
        session, context, request, second.identifiers
    ):
        raise NotFound("there is no such request")
    row = representatives.find(session, request, lock=True)
    row.attested, row.method, row.relation = True, representatives.ATTESTED, second.relation
    session.add(row)
    for contact in reaching.representatives(session, request.id):
        if contact.type in second.identifiers:
            contact.proof, contact.proved_at = "assertion", now
            session.add(contact)
    about = (request.kind, request.option, request.regimes, request.received_at)
    request.level_needed = law_levels.needed(context, *about)
    request.needs = [name for name in request.needs if name != EVIDENCE]
    if not request.needs:
        request.wait = Wait.NONE


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


def _share(
    session: Session,
    context: Context,
    request: Request,
    proof: Proof | None,
    coded: Challenge | None,
    *,
    cap: int,
    now: datetime,
) -> None:
    """Let what was proved for one request of a bundle count for the others of that bundle."""
    contact = reaching.contact(session, coded.identifier_id) if coded else None
    answered = contact.blind if contact else ""
    query = select(Request).where(
        Request.bundle_id == request.bundle_id,
        Request.id != request.id,
        Request.subject == request.subject,
        col(Request.state).not_in(TERMINAL),
    )
    for other in session.exec(query.with_for_update()).all():
        if other.state not in (State.OPEN, State.VERIFYING) or not_me.stopped(other):
            continue
        if proof is not None:
            accept(session, context, other, proof, now=now)
        for row in reaching.rows(session, other):
            if row.blind == answered:
                _count_as_answered(session, other, row, now)
        session.flush()
        assurance.raise_level(session, context, other, cap=cap, now=now)


def _count_as_answered(session: Session, request: Request, contact: Contact, now: datetime) -> None:
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
