"""Messages between a person and the privacy team about one request."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session
from werkzeug import Response

from rights.services import messages
from rights.services.writings import Written
from rights.web.answers import Answer, commit, look
from rights.web.area import Area
from rights.web.auth import Guard, speaker
from rights.web.parts import parts
from rights.web.schemas import correspondence as shapes

area = Area(
    "messages",
    prefix="/v1/requests/<id:request_id>/messages",
    guard=Guard.KEY_OR_PORTAL,
    about="What a person and the privacy team write to each other about a request.",
)


@area.call("GET", "", scope="requests:read", gives={200: shapes.Messages}, problems=(404,))
def read_messages(request_id: str) -> Response:
    """Read the messages about a request, oldest first; a member of staff has no name here."""

    def work(session: Session, _: datetime) -> Answer:
        who = speaker()
        request = who.find(session, request_id)
        if not who.knows(request):
            return Answer({"messages": [], "withheld": True})
        found = messages.of_request(session, parts().context, request)
        return Answer({"messages": [_message(one) for one in found], "withheld": False})

    return look(work)


@area.call(
    "POST",
    "",
    scope="requests:write",
    takes=shapes.NewMessage,
    gives={201: shapes.Message},
    problems=(404, 409),
    once=True,
)
def write_message(new: dict[str, Any], request_id: str) -> Response:
    """
    Write to the privacy team for the person.

    It stops no clock and is not taken for what a request waits for: that is
    `POST /v1/requests/{request_id}/information`.
    """

    def work(session: Session, now: datetime) -> Answer:
        who = speaker()
        request = who.find(session, request_id, lock=True)
        made = messages.from_person(
            session, parts().context, request, new["text"], actor=who.actor, now=now
        )
        return Answer(_message(made), 201)

    return commit(work, once=True)


def _message(written: Written) -> dict[str, str]:
    return {
        "id": written.id,
        "by": "person" if written.purpose in messages.OF_PERSON else "staff",
        "at": written.at.isoformat(),
        "text": written.text,
    }
