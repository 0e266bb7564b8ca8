"""Restrictions that the company wants to end: the person is told before."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session
from werkzeug import Response

from rights.services import acknowledgement, lifting
from rights.services.lifting import Decision
from rights.web.answers import Answer, commit
from rights.web.api import taking
from rights.web.area import Area
from rights.web.auth import Guard, speaker
from rights.web.parts import parts
from rights.web.schemas import people as shapes
from rights.web.schemas.requests import Acknowledgement

area = Area(
    "restrictions",
    prefix="/v1/restrictions",
    guard=Guard.KEY,
    about="Restrictions that the company wants to end.",
)


@area.call(
    "POST",
    "/<id:request_id>/lift",
    scope="restrictions:lift",
    takes=shapes.Lifting,
    gives={201: Acknowledgement},
    problems=(404, 409),
    once=True,
)
def lift_restriction(given: dict[str, Any], request_id: str) -> Response:
    """
    Announce that a restriction will be lifted, and why.

    It becomes a request of kind `restriction` with option `lift`, which waits until its day: the
    person is told at once, at least seven days before, and may cancel it. Without that time it is
    refused. A person who wants their own restriction lifted asks for it like for anything else, by
    `POST /v1/requests` with the option `lift`; nobody has to be told before.
    """

    def work(session: Session, now: datetime) -> Answer:
        who, context = speaker(), parts().context
        restriction = who.find(session, request_id, lock=True)
        decided = Decision(who.actor, given["because"], given["on"])
        request = lifting.announce(session, context, restriction, decided, now=now)
        session.flush()
        body = acknowledgement.of(context, request, reachable=True)
        headers = {**taking.headers_of(request), "Location": f"/v1/requests/{request.id}"}
        return Answer(body, 201, headers)

    return commit(work, once=True)
