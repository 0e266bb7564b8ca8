"""Appeals inside the company against the outcome of a request."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session
from werkzeug import Response

from rights.domain.errors import NotFound
from rights.services import appeals
from rights.web.answers import Answer, commit, look
from rights.web.area import Area
from rights.web.auth import Guard, speaker
from rights.web.parts import parts
from rights.web.schemas import correspondence as shapes

area = Area(
    "appeals",
    prefix="/v1/requests/<id:request_id>/appeal",
    guard=Guard.KEY_OR_PORTAL,
    about="Appeals inside the company; nobody has to appeal before going elsewhere.",
)


@area.call(
    "POST",
    "",
    scope="requests:write",
    takes=shapes.NewAppeal,
    gives={201: shapes.Appeal},
    problems=(404, 409),
    once=True,
)
def make_appeal(new: dict[str, Any], request_id: str) -> Response:
    """
    Appeal against the outcome of a request, once.

    For what was denied or done in part only, and for what is open after its date. Somebody who had
    no part in the request decides. If it is upheld, `led_to` names the request that does it anew.
    """

    def work(session: Session, now: datetime) -> Answer:
        who, context = speaker(), parts().context
        request = who.find(session, request_id, lock=True)
        made = appeals.make(session, context, request, new["text"], actor=who.actor, now=now)
        session.flush()
        body = appeals.shown(session, context, request, made, told=who.knows(request))
        return Answer(body, 201, {"Location": f"/v1/requests/{request_id}/appeal"})

    return commit(work, once=True)


@area.call("GET", "", scope="requests:read", gives={200: shapes.Appeal}, problems=(404,))
def read_appeal(request_id: str) -> Response:
    """Read the appeal about a request, with the reasons once it is decided."""

    def work(session: Session, _: datetime) -> Answer:
        who, context = speaker(), parts().context
        request = who.find(session, request_id)
        found = appeals.of_request(session, request.id)
        if found is None:
            raise NotFound("there is no such request")
        return Answer(appeals.shown(session, context, request, found, told=who.knows(request)))

    return look(work)
