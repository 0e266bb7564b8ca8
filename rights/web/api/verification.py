"""Verification: ask for a code, answer with it or with an assertion."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session
from werkzeug import Response

from rights.services import assertions, proving, verification
from rights.services.assertions import Proof
from rights.store.models import IdentifierRow
from rights.web.answers import Answer, commit
from rights.web.api import taking
from rights.web.area import Area
from rights.web.auth import Guard, speaker
from rights.web.parts import parts
from rights.web.schemas import requests as shapes

area = Area(
    "verification",
    prefix="/v1/requests/<id:request_id>/verification",
    guard=Guard.KEY_OR_PORTAL,
    about="Proving who asks.",
)


@area.call(
    "POST",
    "",
    scope="requests:write",
    takes=shapes.StartVerification,
    gives={202: shapes.Sent},
    problems=(404, 409),
)
def start_verification(asked: dict[str, Any], request_id: str) -> Response:
    """Send a fresh code to the address given in the request, whether we know it or not."""
    _count(request_id)

    def work(session: Session, now: datetime) -> Answer:
        context = parts().context
        request = speaker().find(session, request_id, lock=True)
        sent = proving.start(session, context, request, purpose=asked["purpose"], now=now)
        contact = session.get(IdentifierRow, sent.identifier_id)
        pause = timedelta(seconds=context.settings.code_cooldown_s)
        body = {
            "to": contact.type if contact else "",
            "expires_at": sent.expires_at.isoformat(),
            "again_at": (now + pause).isoformat(),
        }
        return Answer(body, 202)

    return commit(work)


@area.call(
    "POST",
    "/answer",
    scope="requests:write",
    takes=shapes.Proof,
    gives={200: shapes.Acknowledgement},
    problems=(404, 409),
)
def answer_verification(given: dict[str, Any], request_id: str) -> Response:
    """Prove who asks: with the code or its token, with a signed assertion, or with both."""
    _count(request_id)
    wrong: list[bool] = []

    def work(session: Session, now: datetime) -> Answer:
        who, context = speaker(), parts().context
        request = who.find(session, request_id, lock=True)
        proof = asserted(session, given, now)
        if not proving.answer(
            session,
            context,
            request,
            code=given.get("code"),
            token=given.get("token"),
            proof=proof,
            cap=who.backend.level_cap,
            now=now,
        ):
            wrong.append(True)
            return Answer(None)
        session.flush()
        return Answer(taking.shown(session, request), 200, taking.headers_of(request))

    response = commit(work)
    if wrong:  # the wrong try is counted, hence committed; only then is it refused
        raise verification.refused()
    return response


def asserted(session: Session, given: dict[str, Any], now: datetime) -> Proof | None:
    """Return what the assertion in a document vouches for, if there is one."""
    token = given.get("assertion")
    if token is None:
        return None
    return assertions.verify(session, parts().context, speaker().backend, token, now=now)


def _count(request_id: str) -> None:
    """Guessing is slowed down per request, beside the five tries that each code has."""
    limits = parts().limits
    limits.hit((limits.verification, f"{speaker().counted_as}|{request_id}"))
