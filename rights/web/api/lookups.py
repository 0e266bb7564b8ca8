"""Look-ups: what only a worker can see, asked for and then read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session
from werkzeug import Response

from rights.services import lookups
from rights.store.models import Lookup
from rights.web.answers import Answer, commit, look
from rights.web.area import Area
from rights.web.auth import Guard, speaker
from rights.web.parts import parts
from rights.web.schemas import requests as shapes

area = Area(
    "lookups",
    prefix="/v1/requests/<id:request_id>/lookups",
    guard=Guard.KEY_OR_PORTAL,
    about="Questions that a worker answers; answers are kept for a quarter of an hour.",
)


@area.call(
    "POST",
    "",
    scope="requests:read",
    takes=shapes.NewLookup,
    gives={202: shapes.Lookup},
    problems=(404,),
)
def ask_lookup(asked: dict[str, Any], request_id: str) -> Response:
    """Ask how much is held about the person of a request, by collection."""

    def work(session: Session, now: datetime) -> Answer:
        request = speaker().find(session, request_id)
        row = lookups.ask(session, parts().context, request, asked["question"], now=now)
        headers = {"Location": f"/v1/requests/{request.id}/lookups/{row.id}"}
        return Answer(_shown(row, None), 202, headers)

    return commit(work)


@area.call(
    "GET",
    "/<id:lookup_id>",
    scope="requests:read",
    gives={200: shapes.Lookup, 202: shapes.Lookup},
    problems=(404, 410),
)
def read_lookup(request_id: str, lookup_id: str) -> Response:
    """Read an answer: 202 while it is being worked on."""

    def work(session: Session, now: datetime) -> Answer:
        request = speaker().find(session, request_id)
        row, answer = lookups.read(session, parts().context, request, lookup_id, now=now)
        return Answer(_shown(row, answer), 202 if row.state == "waiting" else 200)

    return look(work)


def _shown(row: Lookup, answer: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "question": row.question,
        "state": row.state,
        "code": row.code or None,
        "answer": answer,
        "expires_at": row.expires_at.isoformat(),
    }
