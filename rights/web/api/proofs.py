"""Ways to prove who asks: which are open, and taking one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session
from werkzeug import Response

from rights.domain.errors import NotFound, RightsError
from rights.domain.policy import NETWORK_IDENTITY
from rights.services import lookups, proofs, verification, verification_plan, ways
from rights.services.network_identity import beginning, bridges, visits
from rights.services.network_identity.bridge import Bridge
from rights.services.verification_plan import Open
from rights.services.way_catalogue import CONTACT
from rights.store.models import Lookup, Request
from rights.web.answers import Answer, commit, look
from rights.web.area import Area
from rights.web.auth import Guard, speaker
from rights.web.coming_back import address
from rights.web.parts import parts
from rights.web.schemas import proofs as shapes

area = Area(
    "proofs",
    prefix="/v1/requests/<id:request_id>",
    guard=Guard.KEY_OR_PORTAL,
    about="Ways to prove who asks, none of which asks for more than is held.",
)


@area.call(
    "GET",
    "/verification-plan",
    scope="requests:read",
    gives={200: shapes.VerificationPlan},
    problems=(404,),
)
def read_verification_plan(request_id: str) -> Response:
    """List the ways that are open; before a code nothing here depends on the person."""

    def work(session: Session, now: datetime) -> Answer:
        request = speaker().find(session, request_id)
        return Answer(_plan(session, request, now))

    return look(work)


@area.call(
    "POST",
    "/verification-plan",
    scope="requests:read",
    gives={202: shapes.VerificationPlan},
    problems=(404, 409),
)
def look_verification_plan(request_id: str) -> Response:
    """Look again what is held of this person; the answer is kept for a quarter of an hour."""
    _count(request_id)

    def work(session: Session, now: datetime) -> Answer:
        request = speaker().find(session, request_id, lock=True)
        verification_plan.look(session, parts().context, request, now=now)
        session.flush()
        return Answer(_plan(session, request, now), 202)

    return commit(work)


@area.call(
    "POST",
    "/proofs",
    scope="requests:write",
    takes=shapes.NewProof,
    gives={200: shapes.ProofGiven, 202: shapes.ProofGiven},
    problems=(404, 409),
)
def give_proof(given: dict[str, Any], request_id: str) -> Response:
    """
    Take one way of the plan. What is compared with a store is answered later: 202, then read it.

    Typed details are compared three times a day for a request, and five times for a person.
    """
    _count(request_id)
    refused: list[RightsError] = []

    def work(session: Session, now: datetime) -> Answer:
        who, context, name = speaker(), parts().context, given["way"]
        request = who.find(session, request_id, lock=True)
        closed = ways.not_open(session, context, request, name, actor=who.actor, now=now)
        if closed is not None:
            refused.append(closed)
            return Answer(None)
        asked = ways.Given(given["values"], who.backend)
        taken = ways.take(session, context, request, name, asked, now=now)
        if not taken.right:
            refused.append(verification.refused())
            return Answer(None)
        session.flush()
        return _taken(request, name, taken.lookup)

    response = commit(work)
    if refused:  # that it was tried is committed; only then is it refused
        raise refused[0]
    return response


@area.call(
    "POST",
    "/network-identity",
    scope="requests:write",
    takes=shapes.NewNetworkVisit,
    gives={201: shapes.NetworkVisit},
    problems=(404, 409),
)
def begin_network_identity(given: dict[str, Any], request_id: str) -> Response:
    """
    Begin a visit to the national network identity service, because the person chose to.

    Send the browser to `go`. It comes back to `back` with `state` and `ticket`: make sure that it
    is the browser that left with this `state`, then give both as a proof `network_identity`.
    """
    _count(request_id)
    here, (bridge, language) = parts(), _bridge(request_id)
    back = address(speaker().backend, given["back"])
    begun = visits.begin(bridge, request_id, "", now=here.now())
    there = beginning.place(here.bridges, bridge, begun, back=back, language=language)

    def work(session: Session, now: datetime) -> Answer:
        del now
        visits.note(session, here.context.vault, bridge, begun)
        until = (begun.at + visits.LIFE).isoformat()
        return Answer({"go": there, "state": begun.state, "expires_at": until}, 201)

    return commit(work)


def _bridge(request_id: str) -> tuple[Bridge, str]:
    """Return the bridge of a request and its language. Raises why nobody may go there now."""
    refused: list[RightsError] = []
    found: list[tuple[Bridge, str]] = []

    def work(session: Session, now: datetime) -> Answer:
        who, context = speaker(), parts().context
        request = who.find(session, request_id, lock=True)
        closed = ways.not_open(
            session, context, request, NETWORK_IDENTITY, actor=who.actor, now=now
        )
        if closed is not None:
            refused.append(closed)
            return Answer(None)
        beginning.check(session, context, request, now=now)
        bridge = bridges.find(session, context, request.backend_id)
        found.extend([(bridge, request.locale)] if bridge is not None else [])
        return Answer(None)

    commit(work)
    if not found:  # that it was tried is committed; only then is it refused
        raise refused[0] if refused else visits.over()
    return found[0]


@area.call(
    "GET",
    "/proofs/<id:proof_id>",
    scope="requests:read",
    gives={200: shapes.ProofGiven, 202: shapes.ProofGiven},
    problems=(404, 410),
)
def read_proof(request_id: str, proof_id: str) -> Response:
    """Read what became of a comparison: 202 while a worker is at it."""

    def work(session: Session, now: datetime) -> Answer:
        request = speaker().find(session, request_id)
        row, answer = lookups.read(session, parts().context, request, proof_id, now=now)
        way = proofs.way_of(session, row.id)
        if not way:
            raise NotFound("there is no such proof")
        return _taken(request, way, row, answer)

    return look(work)


def _taken(request: Request, way: str, row: Lookup | None, answer: Any = None) -> Answer:
    state = row.state if row else "answered"
    body = {
        "id": row.id if row else None,
        "way": way,
        "state": state,
        "enough": bool(answer["enough"]) if answer else (None if row else True),
        "level": request.level,
        "level_needed": request.level_needed,
        "request_state": str(request.state),
        "expires_at": row.expires_at.isoformat() if row else None,
    }
    headers = {"Location": f"/v1/requests/{request.id}/proofs/{row.id}"} if row else {}
    return Answer(body, 202 if state == "waiting" else 200, headers)


def _plan(session: Session, request: Request, now: datetime) -> dict[str, Any]:
    found = verification_plan.plan(session, parts().context, request, now=now)
    return {
        "level": found.level,
        "level_needed": found.level_needed,
        "held": found.held,
        "ways": [_way(one) for one in found.ways],
    }


def _way(one: Open) -> dict[str, Any]:
    said, way = one.said, ways.WAYS.get(one.said.name)
    by_field = said.asks.keys() - {CONTACT} == {"fact"}
    named = way.asks(parts().context.datamap) if way else ()
    return {
        "way": said.name,
        "level": one.level,
        "beside": said.beside or None,
        "ready": one.ready,
        "staff": said.staff,
        "asked": one.asked,
        "gives": list(one.fields if by_field else named),
        "title": dict(said.title),
        "about": dict(said.about),
    }


def _count(request_id: str) -> None:
    """Guessing is slowed down per request, beside the tries that are counted by the day."""
    limits = parts().limits
    limits.hit((limits.verification, f"{speaker().counted_as}|{request_id}"))
