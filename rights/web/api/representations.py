"""Who acts for somebody: their authority, a principal's delegation, a guardian's word."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session
from werkzeug import Response

from rights.domain.errors import NotFound
from rights.domain.levels import Acr, level
from rights.domain.representation import Role
from rights.services import (
    assurance,
    fresh_proofs,
    guardians,
    reaching,
    representatives,
    verification,
)
from rights.store.models import Representation, Request
from rights.web.answers import Answer, commit, commit_try, look
from rights.web.api import representing, taking
from rights.web.api.verification import asserted, on_its_way
from rights.web.area import Area
from rights.web.auth import Guard, Speaker, speaker
from rights.web.parts import parts
from rights.web.schemas import representing as shapes
from rights.web.schemas import requests as documents

area = Area(
    "representations",
    prefix="/v1/requests/<id:request_id>",
    guard=Guard.KEY_OR_PORTAL,
    about="Who acts for somebody else in a request.",
)


@area.call(
    "GET",
    "/representation",
    scope="requests:read",
    gives={200: shapes.Representation},
    problems=(404,),
)
def read_representation(request_id: str) -> Response:
    """Read who acts in a request and what is missing; their name and words are not shown."""

    def work(session: Session, _: datetime) -> Answer:
        request = speaker().find(session, request_id)
        row = representatives.find(session, request)
        return Answer(_shown(request, row))

    return look(work)


@area.call(
    "POST",
    "/representation",
    scope="requests:write",
    takes=documents.Authority,
    gives={200: shapes.Representation},
    problems=(404, 409),
    once=True,
)
def supply_authority(given: dict[str, Any], request_id: str) -> Response:
    """Add what is missing from an authority; the request goes on when nothing is."""

    def work(session: Session, now: datetime) -> Answer:
        who, context = speaker(), parts().context
        request = who.find(session, request_id, lock=True)
        if who.person is not None and who.person.role is Role.SELF:
            raise NotFound("there is no such request")  # what somebody may do for me is not mine
        representatives.supply(session, context, request, given, actor=who.actor, now=now)
        session.flush()
        return Answer(_shown(request, representatives.find(session, request)))

    return commit(work, once=True)


@area.call(
    "POST",
    "/delegation",
    scope="requests:write",
    takes=shapes.Delegation,
    gives={200: documents.Acknowledgement},
    problems=(404, 409),
)
def delegate(given: dict[str, Any], request_id: str) -> Response:
    """Say as the principal, proved at the second level, that the agent acts for them."""

    def work(session: Session, now: datetime) -> Answer:
        who, context = speaker(), parts().context
        request = who.find(session, request_id, lock=True)
        proof = asserted(session, given, now)
        acr, vouched = _shown_here(who)
        if proof is not None:
            fresh_proofs.is_subject(session, context, request, proof)
            acr, vouched = proof.acr, proof.identifiers
        proved = level(acr, (), cap=who.backend.level_cap)
        representatives.delegate(session, context, request, proved=proved, vouched=vouched, now=now)
        session.flush()
        assurance.raise_level(session, context, request, cap=who.backend.level_cap, now=now)
        session.flush()
        return Answer(taking.shown(session, request), 200, taking.headers_of(request))

    return commit(work)


def _shown_here(who: Speaker) -> tuple[Acr | None, Mapping[str, str]]:
    """Return what a portal token shows of its own person: how surely, and as whom."""
    person = who.person
    if person is None or person.role is not Role.SELF:
        return None, {}
    return person.acr, {name: person.identifiers[name] for name in person.attested}


@area.call(
    "POST",
    "/guardian",
    scope="requests:write",
    takes=documents.Guardian,
    gives={200: documents.Acknowledgement},
    problems=(404, 409),
    once=True,
)
def name_guardian(given: dict[str, Any], request_id: str) -> Response:
    """Name the guardian of a child whose request named none; they are sent a code."""

    def work(session: Session, now: datetime) -> Answer:
        context = parts().context
        request = speaker().find(session, request_id, lock=True)
        guardian = representing.guardian(context, given, request.age_band)
        if guardian is not None:
            guardians.name(session, context, request, guardian, now=now)
        session.flush()
        return Answer(taking.shown(session, request), 200, taking.headers_of(request))

    return commit(work, once=True)


@area.call(
    "POST",
    "/guardian/code",
    scope="requests:write",
    gives={202: documents.Sent},
    problems=(404, 409),
)
def ask_guardian(request_id: str) -> Response:
    """Send the guardian a fresh code."""
    _count(request_id)

    def work(session: Session, now: datetime) -> Answer:
        context = parts().context
        request = speaker().find(session, request_id, lock=True)
        sent = guardians.ask_again(session, context, request, now=now)
        contact = reaching.contact(session, sent.identifier_id)
        return on_its_way(contact.type if contact else "", sent.expires_at, now)

    return commit(work)


@area.call(
    "POST",
    "/guardian/answer",
    scope="requests:write",
    takes=shapes.GuardianAnswer,
    gives={200: documents.Acknowledgement},
    problems=(404, 409),
)
def answer_as_guardian(given: dict[str, Any], request_id: str) -> Response:
    """Say yes or no, as a child's guardian, to what the child has asked."""
    _count(request_id)

    def work(session: Session, now: datetime) -> Answer | None:
        context = parts().context
        request = speaker().find(session, request_id, lock=True)
        right = guardians.answer(
            session,
            context,
            request,
            code=given.get("code"),
            token=given.get("token"),
            proof=asserted(session, given, now),
            yes=given["confirmed"],
            now=now,
        )
        if not right:
            return None
        session.flush()
        return Answer(taking.shown(session, request), 200, taking.headers_of(request))

    return commit_try(work, verification.refused)


def _count(request_id: str) -> None:
    limits = parts().limits
    limits.hit((limits.verification, f"{speaker().counted_as}|{request_id}"))


def _shown(request: Request, row: Representation) -> dict[str, Any]:
    return {
        "role": str(row.role),
        "relation": row.relation,
        "method": row.method,
        "result": row.result,
        "matters": list(row.matters),
        "scope": row.scope,
        "until": row.until.isoformat() if row.until else None,
        "missing": list(request.needs),
        "confirmed_at": row.confirmed_at.isoformat() if row.confirmed_at else None,
        "decided_at": row.decided_at.isoformat() if row.decided_at else None,
    }
