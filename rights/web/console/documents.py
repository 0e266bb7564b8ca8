"""
Documents that show who acts for somebody, as the page of a request offers and sends them.

A document is whole and checked before its first byte is sent, is shown as a picture or saved, and
is kept by no browser. Nothing here decodes it.

Source: GB/T 35273-2020 8.5(e); PIPL 19, 31, 49, 51.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from sqlmodel import Session
from werkzeug import Response

from rights.domain.duties import Act
from rights.domain.errors import Conflict, Forbidden
from rights.domain.lifecycle import TERMINAL
from rights.services import (
    catalogue,
    evidence,
    evidence_desk,
    own_requests,
    points,
    reviewing,
)
from rights.services.console.dossier import Dossier
from rights.services.context import Context
from rights.services.denial_choices import Choices
from rights.store.models import Evidence, Request, TaskDocument
from rights.web.console import door, pages, showing, watermarks
from rights.web.parts import parts

_SHOWN: Final = "inline"
_SAVED: Final = "attachment"
_HOW: Final = {"image/png": _SHOWN, "image/jpeg": _SHOWN, "application/pdf": _SAVED}
"""A picture is looked at in the browser; a PDF can hold scripts, and is opened where none run."""

_MARKED: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
"""Of a page that has the picture in itself."""

_POLICY: Final = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""Of the page that a browser makes around a picture: it styles it, and loads nothing."""


def is_shown(media_type: str) -> bool:
    """Return whether a browser shows what is of this type, and does not save it."""
    return _HOW[media_type] == _SHOWN


def check(media_type: str, *, minors: bool) -> None:
    """Make sure that a document can be shown as it may be. Raises Conflict."""
    if minors and not is_shown(media_type):
        message = "a minor's document is not saved: open it with `rights evidence open`"
        raise Conflict(message, code="minor_unsaved")


def closed() -> Conflict:
    """Return what is said where the credential of the place only reads: it takes nothing."""
    return Conflict("the place takes no documents from here", code="place_only_read")


def sent(content: bytes, row: Evidence | TaskDocument, *, minors: bool) -> Response:
    """
    Return a document, whole and checked, as a browser may have it.

    Args:
        minors: It is a minor's: a picture within a page that marks it, and no file.
    """
    if minors:
        return _marked(content, row)
    response = Response(content, content_type=row.media_type)
    name = f"{row.id}.{evidence.ENDINGS[row.media_type]}"
    response.headers["Content-Disposition"] = f'{_HOW[row.media_type]}; filename="{name}"'
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Cache-Control"] = "no-store"
    return response


def _marked(content: bytes, row: Evidence | TaskDocument) -> Response:
    """Return a page that has the picture in it: an address of its own would show it unmarked."""
    check(row.media_type, minors=True)
    picture = f"data:{row.media_type};base64,{base64.b64encode(content).decode()}"
    mark = watermarks.of(row.request_id, minors=True)
    response = pages.page("document.html", id=row.request_id, picture=picture, mark=mark)
    response.headers["Content-Security-Policy"] = _MARKED
    response.headers["Cache-Control"] = "no-store"
    return response


def authority(session: Session, found: Request, now: datetime) -> list[dict[str, str]]:
    """Return whom a request is about and who acts, as they were typed; note who looks."""
    read = evidence_desk.authority(session, parts().context, found, door.staff(), now=now)
    return [{"who": who, "at": "", "text": text} for who, text in _told(read) if text]


def _told(read: dict[str, Any]) -> Iterator[tuple[str, str]]:
    w = pages.said()
    yield w.say("authority", "subject"), _identifiers(read["subject"])
    relation = w.find("relations", read["relation"]) or read["relation"]
    yield w.say("asker", read["role"]), relation
    yield w.say("authority", "name"), read["name"]
    yield w.say("authority", "contact"), _identifiers(read["representative"])
    yield w.say("authority", "matters"), w.listed([_kind(name) for name in read["matters"]])
    yield w.say("authority", "scope"), w.find("scopes", read["scope"])
    yield w.say("authority", "until"), w.day(read["until"]) if read["until"] else ""
    yield w.say("authority", "interest"), read["interest"]


def _kind(name: str) -> str:
    said = catalogue.words()["kinds"].get(name, {})
    return pages.said().either(said.get("title", {}), name)


def _identifiers(values: dict[str, str]) -> str:
    w = pages.said()
    return "\n".join(
        f"{w.find('identifiers', name) or name}{w.say('colon')}{value}"
        for name, value in values.items()
    )


# -- what the page of a request offers -----------------------------------------------------------


def offered(
    session: Session, context: Context, found: Dossier, choices: Choices, now: datetime
) -> dict[str, Any] | None:
    """
    Return what a verifier can look at, ask for and deny with; None where nothing is there.

    Args:
        choices: The reasons with which they can deny this request now.
    """
    request = found.request
    if not found.documents or request.state in TERMINAL or not door.may(Act.VERIFY):
        return None
    stops = reviewing.in_the_way(session, context, request, door.staff(), now=now)
    there = reviewing.of_documents(request.requester_role)
    return {
        "here": parts().evidence is not None,
        "listed": (listed := [_line(one) for one in found.documents]),
        "unsaved": found.minors and any(not one["shown"] for one in listed),
        "seen": " ".join(one.id for one in found.documents),
        "accept": stops is None,
        "own": (own := _put_in(session, request)),
        "not_yet": pages.refusal(stops) if stops else [],
        "again": points.asked_before(session, request.id),
        "missing": [(name, showing.need(name)) for name in reviewing.ASKED_FOR],
        "denials": [
            (code, showing.reason(code)) for code in choices.open if code in there and not own
        ],
    }


def _put_in(session: Session, request: Request) -> bool:
    """Return whether whoever looks put documents in, which a colleague decides on."""
    try:
        own_requests.check_documents(session, request.id, door.staff())
    except Forbidden:
        return True
    return False


def _line(one: Evidence) -> dict[str, Any]:
    w = pages.said()
    return {
        "id": one.id,
        "what": w.say("documents", evidence.ENDINGS[one.media_type]),
        "size": w.number(max(1, one.size // 1000)),
        "at": pages.moment(one.uploaded_at),
        "shown": is_shown(one.media_type),
    }
