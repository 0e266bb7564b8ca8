"""
How surely it is known who asks, by all that was proved for a request; enough starts the work.

Source: NDSR 25(1)(1); GB/T 35273-2020 8.7(a); GDPR 12(6).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from rights.domain.clock import tighten
from rights.domain.levels import KEY, Acr, level
from rights.domain.lifecycle import Event, State
from rights.domain.representation import Role, guardian_confirms
from rights.services import (
    audit,
    contacts,
    cooling,
    deadlines,
    disputes,
    lookups,
    person_keys,
    proofs,
    reaching,
    representatives,
    requests,
    standing_still,
    tags_said,
    verification,
    way_catalogue,
)
from rights.services.contacts import Contact
from rights.services.context import Context
from rights.services.notices import ask_for
from rights.store.models import Challenge, RepresentativeContact, Request

GUARDIAN_ASKED: Final = "guardian_asked"
"""The notice that asks a child's guardian, with a code."""


def coded(session: Session, request: Request) -> list[Contact]:
    """Return the subject's contacts whose code counts; none where somebody else asks for them."""
    return _coded(session, request) if request.requester_role is Role.SELF else []


def _coded(session: Session, request: Request) -> list[Contact]:
    """Return the contacts of who asks whose code was answered for a request and counts."""
    ids = answered_at(session, request)
    return [
        row
        for row in reaching.rows(session, request)
        if row.id in ids and row.proved_at is not None and counts(request, row)
    ]


def reached(session: Session, context: Context, request: Request, *, cap: int) -> int:
    """Return the level that the proofs given so far are worth."""
    if request.requester_role is not Role.SELF:
        second = representatives.find(session, request)
        if not second.attested:
            return representatives.level(session, request, second)
    codes = [contacts.place(context, row) for row in _coded(session, request)]
    if request.acr and person_keys.proved(session, request):
        codes.append(KEY)
    acr = Acr(request.acr) if request.acr else None
    found = proofs.matched(session, request.id)
    return level(acr, codes, cap=cap, matched=found)


def answered_at(session: Session, request: Request) -> set[str]:
    """Return the ids of the contacts at which a code for *request* was answered."""
    return _sent_to(session, request, col(Challenge.used_at).is_not(None))


def asked_at(session: Session, request: Request) -> set[str]:
    """Return the ids of the contacts to which a code was sent that nobody answered."""
    return _sent_to(session, request, col(Challenge.used_at).is_(None))


def _sent_to(session: Session, request: Request, how: ColumnElement[bool]) -> set[str]:
    query = select(Challenge.identifier_id).where(
        Challenge.request_id == request.id, Challenge.purpose == "request", how
    )
    return set(session.exec(query))


def counts(request: Request, contact: Contact) -> bool:
    """
    Return whether a code answered at *contact* adds anything for *request*.

    Beside an assertion it does only at an address that the backend vouches for too: whoever
    took over a session could otherwise prove an address of their own.
    """
    return not request.acr or contact.proof == "assertion"


def raise_level(
    session: Session, context: Context, request: Request, *, cap: int, now: datetime
) -> State:
    """Bring the request's level up to its proofs, and start the work once it suffices."""
    request.level = max(request.level, reached(session, context, request, cap=cap))
    if request.state is State.VERIFYING and request.level >= request.level_needed:
        request.verified_at = now
        deadlines.verified(context, request)
        if not _merged(session, context, request, now):
            requests.record(session, request, Event.VERIFIED, actor="subject", now=now)
            standing_still.count(session, context, request, now=now)
            disputes.mark_accepted(session, context, request, now=now)
            if request.option in tags_said.OPTIONS:
                tags_said.of_request(session, context, request, now=now)
            if waits_for_guardian(request):
                known = reaching.representatives(session, request.id)
                ask_guardian(session, context, request, known, now=now)
            elif not request.needs:
                cooling.hold(session, request, now=now)
    elif _wants_more(session, context, request):
        lookups.of_request(session, context, request, "provable", now=now)
    return request.state


def _wants_more(session: Session, context: Context, request: Request) -> bool:
    """Tell whether other ways may lead on, so that it is worth asking what is held for them."""
    waits = request.state is State.VERIFYING and 0 < request.level < request.level_needed
    marked = way_catalogue.marked(context.datamap)
    return waits and bool(marked) and bool(coded(session, request))


def waits_for_guardian(request: Request) -> bool:
    """Return whether a request is of those that a child's guardian has to say yes to."""
    return guardian_confirms(request.requester_role, request.age_band, request.kind, request.option)


def ask_guardian(
    session: Session,
    context: Context,
    request: Request,
    known: Sequence[RepresentativeContact],
    *,
    now: datetime,
) -> None:
    """Send the guardian a code and tell them what is being asked, if mail can go there."""
    contact = contacts.best(context, known)
    if contact is None:
        return
    sent = verification.challenge(
        session, context, request, contact, now=now, purpose=reaching.GUARDIAN
    )
    where = {"identifier_id": contact.id, "challenge_id": sent.id}
    ask_for(session, request, GUARDIAN_ASKED, now=now, **where)


def _merged(session: Session, context: Context, request: Request, now: datetime) -> bool:
    """
    Close a request that proves to be a repeat; the other one goes on, by the earlier date.

    Whoever asked first may have proved it last: what they were promised then still counts.

    Source: App-Violation Identification Method 6(3).
    """
    del context
    query = (
        select(Request)
        .where(
            Request.subject == request.subject,
            Request.fingerprint == request.fingerprint,
            Request.id != request.id,
            col(Request.state).in_((State.IN_PROGRESS, State.ON_HOLD)),
        )
        .order_by(col(Request.received_at))
        # As it is now, and until this is done: a worker may be about to change or to end it.
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    first = next((one for one in session.exec(query) if requests.alike(one, request)), None)
    if first is None:
        return False
    request.merged_into, request.reason = first.id, "merged"
    data = {"reason": "merged", "into": first.id}
    requests.record(session, request, Event.REVOKED, actor="system", now=now, data=data)
    _no_later(session, first, request, now)
    return True


def _no_later(session: Session, first: Request, repeat: Request, now: datetime) -> None:
    """Let *first* be answered by what was promised for *repeat*, where that is earlier."""
    was = first.promised_at
    first.due_at = tighten(first.due_at, repeat.due_at)
    first.promised_at = tighten(was, repeat.promised_at)
    if first.promised_at < was:
        first.due_provisional = repeat.due_provisional
        dates = {"from": was.isoformat(), "until": first.promised_at.isoformat()}
        line = audit.Line("repeat_merged", "system", {"repeat": repeat.id, **dates})
        audit.append(session, first, [line], now=now)
    session.add(first)
