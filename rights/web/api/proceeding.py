"""Going on at once with what the person chose to wait for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session
from werkzeug import Response

from rights.services import cooling, verification
from rights.services.reaching import PROCEED
from rights.web.answers import Answer, commit_try, unchanged
from rights.web.api import taking
from rights.web.api.verification import proved_now
from rights.web.area import Area
from rights.web.auth import Guard, speaker
from rights.web.parts import parts
from rights.web.schemas import proofs
from rights.web.schemas import requests as shapes

area = Area(
    "proceeding",
    prefix="/v1/requests/<id:request_id>/proceed",
    guard=Guard.KEY_OR_PORTAL,
    about="Going on at once with what the person chose to wait for.",
)


@area.call(
    "POST",
    "",
    scope="requests:write",
    takes=proofs.FreshProof,
    gives={200: shapes.Acknowledgement},
    problems=(404, 409),
    versioned=True,
)
def proceed_request(given: dict[str, Any], request_id: str) -> Response:
    """
    Go on at once with a cancellation that waits because the person chose so.

    It cannot be undone, so it takes a fresh proof of the level of the request: an assertion, a
    code that is asked for with the purpose `proceed`, or a portal token that is worth as much.
    """
    limits = parts().limits
    limits.hit((limits.verification, f"{speaker().counted_as}|{request_id}"))

    def work(session: Session, now: datetime) -> Answer | None:
        who = speaker()
        request = who.find(session, request_id, lock=True)
        unchanged(request.version)
        cooling.waiting(request)
        level = proved_now(session, request, given, now, PROCEED)
        if level is None:
            return None
        cooling.proceed(session, request, level=level, actor=who.actor, now=now)
        session.flush()
        return Answer(taking.shown(session, request), 200, taking.headers_of(request))

    return commit_try(work, verification.refused)
