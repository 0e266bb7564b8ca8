"""The written denial of a request, as a document."""

from __future__ import annotations

from typing import Any, Final

from werkzeug import Response

from rights.services import denial_letter
from rights.store.db import reading
from rights.web.area import Area
from rights.web.auth import Guard, speaker
from rights.web.parts import parts

area = Area(
    "denials",
    prefix="/v1/requests/<id:request_id>/denial",
    guard=Guard.KEY_OR_PORTAL,
    about="Why a request was denied, in writing.",
)

_LETTER: Final[dict[str, Any]] = {
    "description": "A page to keep, without anything that is fetched.",
    "content": {"text/html": {"schema": {"type": "string"}}},
}


@area.call("GET", "", scope="requests:read", gives={200: _LETTER}, problems=(404,))
def read_denial(request_id: str) -> Response:
    """Read the written denial: reason, facts, law and ways out, in the request's language."""
    with reading(parts().engine) as session:
        request = speaker().find(session, request_id)
        text = denial_letter.document(session, parts().context, request)
    response = Response(text.encode(), content_type="text/html; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{request_id[:8]}.html"'
    return response
