"""Going on at once with what the person chose to wait for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session
from werkzeug import Response

from rights.services import cooling, fresh_proofs, verification
from rights.services.fresh_proofs import Asking
from rights.services.reaching import PROCEED
from rights.store.models import Request
from rights.web.answers import Answer, commit, unchanged
from rights.web.api import taking
from rights.web.api.verification import asserted
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
    wrong: list[bool] = []

    def work(session: Session, now: datetime) -> Answer:
        who = speaker()
        request = who.find(session, request_id, lock=True)
        unchanged(request.version)
        cooling.waiting(request)
        level = _level(session, request, given, now)
        if level is None:
            wrong.append(True)
            return Answer(None)
        cooling.proceed(session, request, level=level, actor=who.actor, now=now)
        session.flush()
        return Answer(taking.shown(session, request), 200, taking.headers_of(request))

    response = commit(work)
    if wrong:  # the wrong try is counted, hence committed; only then is it refused
        raise verification.refused()
    return response


def _level(session: Session, request: Request, given: dict[str, Any], now: datetime) -> int | None:
    who = speaker()
    person = who.person
    mine = person is not None and fresh_proofs.receives(request, person.role, PROCEED)
    acr = person.acr if person and mine else None
    return fresh_proofs.fresh_level(
        session,
        parts().context,
        request,
        Asking(acr, who.backend.level_cap, purpose=PROCEED),
        code=given.get("code"),
        token=given.get("token"),
        proof=asserted(session, given, now),
        now=now,
    )
