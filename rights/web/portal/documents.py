"""
Documents that show who acts for somebody, uploaded; what happens to them is said before.

Source: GB/T 35273-2020 8.5(e); PIPL 17, 19, 28.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from flask import request as call
from sqlmodel import Session
from werkzeug import Response

from rights.domain.errors import Conflict, Invalid, NotFound
from rights.services import evidence
from rights.store.db import reading
from rights.store.models import Request
from rights.web.parts import parts
from rights.web.portal import door, pages, standing
from rights.web.portal.following import shown
from rights.web.reading import pieces

_FORM: Final = evidence.MOST_FILES * evidence.MOST_BYTES + 64 * 1024
_NAME: Final = "document"


def _before() -> None:
    """Refuse what nobody may upload here before a byte of it is read."""
    if call.method == "POST":
        with reading(parts().engine) as session:
            found = _mine(session, str((call.view_args or {}).get("request_id", "")))
            evidence.taking(session, found)
        evidence.given(parts().evidence)


area = door.private("documents", most=_FORM, first=_before)
pages.errors(area)


@area.post("/requests/<id:request_id>/evidence")
def upload(request_id: str) -> Response:
    """Take documents in; each is sealed while it is read."""
    said, place = pages.said(), evidence.given(parts().evidence)
    files = [one for one in call.files.getlist(_NAME) if one.filename]
    found = [_taken(request_id, place, one) for one in files] or ["nothing"]
    wrong = [said.say("documents", code) for code in dict.fromkeys(found) if code]
    if wrong:
        return shown(request_id, wrong=wrong, status=422)
    return pages.go("portal-following.follow", request_id=request_id, _anchor="documents")


def _taken(request_id: str, place: Any, file: Any) -> str:
    """Take one document in; return the word for what is wrong with it, empty when nothing is."""
    here, find = parts(), _finding(request_id)
    try:
        evidence.take(
            here.engine, here.context, place, find, pieces(file.stream),
            actor="subject", now=here.now(),
        )  # fmt: skip
    except evidence.TooLarge:
        return "too_large"
    except Invalid:
        return "wrong_kind"
    except Conflict as error:
        if error.code != "enough_documents":
            raise
        return "enough"
    return ""


def _finding(request_id: str) -> Callable[[Session], Request]:
    return lambda session: _mine(session, request_id, lock=True)


def _mine(session: Session, request_id: str, *, lock: bool = False) -> Request:
    """Return a request whose representative, or guardian, this visit is. Raises NotFound."""
    here = door.visit()
    found = here.find(session, request_id, lock=lock)
    if not standing.shows(here, found):
        raise NotFound("there is no such request")
    return found
