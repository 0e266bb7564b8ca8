"""
Evidence: documents that show who somebody is to the person they act for. They go in and never out.

The body of a call is the document itself, read piece by piece; what it is, is told by its content.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from flask import request as call
from sqlmodel import Session
from werkzeug import Response

from rights.domain.errors import NotFound
from rights.domain.representation import Role
from rights.services import evidence, representatives
from rights.store.models import Evidence, Request
from rights.web.answers import Answer, look
from rights.web.area import Area
from rights.web.auth import Guard, speaker
from rights.web.parts import parts
from rights.web.problems import Problem
from rights.web.reading import pieces
from rights.web.schemas import representing as shapes

area = Area(
    "evidence",
    prefix="/v1/requests/<id:request_id>/evidence",
    guard=Guard.KEY_OR_PORTAL,
    about="Documents of whoever acts for somebody else: sealed, looked at, destroyed.",
)

_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}


@area.call(
    "POST",
    "",
    scope="requests:write",
    gives={201: shapes.Document},
    problems=(400, 404, 409, 413, 415, 422),
    content=dict.fromkeys(evidence.TYPES, _BINARY),
)
def upload_document(request_id: str) -> Response:
    """
    Add one document: a PDF, PNG or JPEG of 5 MiB at most, five of them for a request.

    It is destroyed with the decision, at the latest after thirty days. Its name is not kept.
    """
    here, who = parts(), speaker()
    place = evidence.given(here.evidence)
    if call.mimetype not in evidence.TYPES:
        raise Problem("unsupported_media_type")
    call.max_content_length = evidence.MOST_BYTES + 1
    if (call.content_length or 0) > evidence.MOST_BYTES:
        raise Problem("too_large")
    try:
        row = evidence.take(
            here.engine, here.context, place, _mine(request_id), pieces(call.stream),
            actor=who.actor, now=here.now(),
        )  # fmt: skip
    except evidence.TooLarge:
        raise Problem("too_large") from None
    return Answer(shown(row), 201).response()


def _mine(request_id: str) -> Any:
    who = speaker()

    def find(session: Session) -> Request:
        request = who.find(session, request_id, lock=True)
        if who.person is not None and who.person.role is Role.SELF:
            raise NotFound("there is no such request")  # what shows who acts is not the subject's
        return request

    return find


@area.call(
    "GET",
    "",
    scope="requests:read",
    gives={200: shapes.Documents},
    problems=(404,),
)
def list_documents(request_id: str) -> Response:
    """List the documents of a request: what there was and when it was destroyed, never content."""

    def work(session: Session, _: datetime) -> Answer:
        request = speaker().find(session, request_id)
        representatives.find(session, request)
        found = evidence.of_request(session, request.id)
        return Answer({"items": [shown(row) for row in found]})

    return look(work)


def shown(row: Evidence) -> dict[str, Any]:
    """Return a document as it is listed, JSON-native."""
    return {
        "id": row.id,
        "media_type": row.media_type,
        "size": row.size,
        "uploaded_at": row.uploaded_at.isoformat(),
        "destroy_at": row.destroy_at.isoformat(),
        "destroyed_at": row.destroyed_at.isoformat() if row.destroyed_at else None,
    }
