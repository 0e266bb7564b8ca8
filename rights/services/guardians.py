"""
A guardian's word about what a child asked for itself.

What protects the child has run by then. What gives its data out or cannot be undone waits here,
with the clock running, until the guardian says yes: with a code to their own address where a
product's signed word links the two, and with documents that staff looked at beside it where not.

Source: PIPL 28, 31; Minors Regulation 33-34; Minors Protection Law 72. Counsel should confirm the
split between what runs at once and what waits.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlmodel import Session

from rights.domain.errors import Conflict, NotFound, Unauthenticated
from rights.domain.lifecycle import TERMINAL, Event, State, Wait
from rights.domain.representation import Role
from rights.services import (
    assurance,
    audit,
    not_me,
    notices,
    reaching,
    representatives,
    requests,
    subjects,
    verification,
)
from rights.services.assertions import Proof
from rights.services.context import Context
from rights.services.reaching import GUARDIAN
from rights.services.representatives import Second
from rights.store.models import Challenge, Representation, Request

NAMED: Final = GUARDIAN
"""What a child's request needs that names no guardian."""


def ask_again(session: Session, context: Context, request: Request, *, now: datetime) -> Challenge:
    """
    Send the guardian a fresh code; older ones stop working.

    Raises:
        Conflict: the request waits for no guardian, or no mail can go to them.
        TooMany: the last code is younger than the cool-down.
    """
    waiting(session, request)
    sent, contact = verification.again(session, context, request, now=now, purpose=GUARDIAN)
    where = {"identifier_id": contact.id, "challenge_id": sent.id}
    notices.ask_for(session, request, assurance.GUARDIAN_ASKED, now=now, **where)
    return sent


def name(
    session: Session, context: Context, request: Request, guardian: Second, *, now: datetime
) -> None:
    """
    Name the guardian of a child whose request named none.

    Raises:
        Conflict: one is named already, or the request is closed or waits for none.
        Forbidden: it is stopped.
    """
    not_me.check(request)
    if request.state in TERMINAL:
        raise Conflict("this request is closed: submit a new one", code="closed")
    if NAMED not in request.needs:
        raise Conflict("this request needs no guardian's name", code="no_guardian_needed")
    contacts = representatives.write(session, context, request, guardian, now=now)
    request.needs = [one for one in request.needs if one != NAMED]
    line = audit.Line("guardian_named", "subject", {"attested": guardian.attested})
    assurance.ask_guardian(session, context, request, contacts, now=now)
    if request.wait is Wait.NEEDS_INFO and not request.needs:
        actor = "subject"
        requests.record(session, request, Event.RESUMED, actor=actor, now=now, before=[line])
        return
    audit.append(session, request, [line], now=now)


def answer(
    session: Session,
    context: Context,
    request: Request,
    *,
    code: str | None,
    token: str | None,
    proof: Proof | None,
    yes: bool,
    now: datetime,
) -> bool:
    """
    Take a guardian's word; return False when the code was wrong.

    Raises:
        NotFound: an assertion is not that of this child's named guardian.
        Unauthenticated: nothing was given to prove it with, or there is no live code.
        Conflict: the request waits for no guardian.
    """
    row = waiting(session, request)
    if proof is not None:
        _linked(session, context, request, row, proof, now)
    elif not _coded(session, context, request, code, token, now):
        return False
    said(session, request, row, yes=yes, now=now)
    return True


def _coded(
    session: Session,
    context: Context,
    request: Request,
    code: str | None,
    token: str | None,
    now: datetime,
) -> bool:
    given = code if token is None else token
    if given is None:
        raise Unauthenticated("give the code of the mail, its token, or an assertion")
    by_token = token is not None
    answered = verification.answer(
        session, context, request, given, now=now, purpose=GUARDIAN, by_token=by_token
    )
    return answered is not None


def _linked(
    session: Session,
    context: Context,
    request: Request,
    row: Representation,
    proof: Proof,
    now: datetime,
) -> None:
    """Accept a product's word that this child's guardian is logged in. Raises NotFound."""
    second = proof.second if proof.role is Role.GUARDIAN else None
    mine = second and representatives.is_meant(session, context, request, second.identifiers)
    about = {r.blind for r in subjects.identifier_rows(session, request.id)}
    theirs = (subjects.blinds(context.vault, *pair) for pair in proof.identifiers.items())
    if not second or not mine or not any(about & set(blinds) for blinds in theirs):
        raise NotFound("there is no such request")
    row.attested, row.method = True, representatives.ATTESTED
    for contact in reaching.representatives(session, request.id):
        if contact.type in second.identifiers:  # what was typed beside it may be anybody's
            contact.proof, contact.proved_at = "assertion", now
            session.add(contact)


def said(
    session: Session, request: Request, row: Representation, *, yes: bool, now: datetime
) -> None:
    """Write a guardian's word down: yes lets the request go on, no ends it."""
    if not yes:
        request.reason = "guardian_declined"
        data = {"reason": request.reason}
        requests.record(session, request, Event.REVOKED, actor="subject", now=now, data=data)
        return
    row.confirmed_at = row.confirmed_at or now
    session.add(row)
    audit.append(session, request, [audit.Line("guardian_confirmed", "subject", {})], now=now)
    go_on(session, request, row, actor="subject", now=now)


def confirmed(row: Representation) -> bool:
    """Return whether a guardian said yes, and it is shown that they are the guardian."""
    return row.confirmed_at is not None and (row.attested or representatives.suffices(row))


def go_on(
    session: Session, request: Request, row: Representation, *, actor: str, now: datetime
) -> None:
    """Let a request go on that waited for a guardian, if nothing more is wanted."""
    held = request.state is State.ON_HOLD and request.wait is Wait.GUARDIAN
    if held and confirmed(row):
        requests.record(session, request, Event.RESUMED, actor=actor, now=now)


def waiting(session: Session, request: Request) -> Representation:
    """
    Return whose word a request waits for.

    Raises:
        Conflict: it waits for none.
        Forbidden: it is stopped.
    """
    not_me.check(request)
    if request.state in TERMINAL:
        raise Conflict("this request is closed", code="closed")
    if not assurance.waits_for_guardian(request):
        raise Conflict("this request waits for no guardian", code="no_guardian_needed")
    row = representatives.find(session, request, lock=True)
    if row.confirmed_at is not None:
        raise Conflict("a guardian has said yes already", code="no_guardian_needed")
    return row
