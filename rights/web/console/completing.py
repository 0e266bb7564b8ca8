"""
Steps that staff do by hand, said to be done: with a reference, and with documents that show it.

How much a form may bring is decided before it is read: documents from whoever completes steps,
where there is a place for them, and from nobody else.

Source: PIPL 51, 54; NDSR 9.
"""

from __future__ import annotations

from typing import Any, Final

from flask import request as call
from sqlmodel import Session
from werkzeug import Response

from rights.domain.duties import Act
from rights.domain.errors import (
    ConfigError,
    Conflict,
    Forbidden,
    IllegalTransition,
    Invalid,
    NotFound,
)
from rights.services import evidence, task_documents
from rights.store.blobs import Blobs
from rights.store.db import transaction
from rights.store.models import Request, Staff, TaskDocument
from rights.web.console import acts, documents, door, one, pages
from rights.web.parts import parts
from rights.web.reading import pieces

_FORM: Final = task_documents.MOST_FILES * evidence.MOST_BYTES + 64 * 1024
_FIELD: Final = "document"
_REFUSED: Final = (Conflict, IllegalTransition, Forbidden, Invalid, evidence.TooLarge)


def _most() -> int:
    """Return how many bytes a form may have of whoever is here."""
    takes = parts().evidence is not None and (door.may(Act.COMPLETE) or door.may(Act.REVIEW))
    return _FORM if takes else 0


area = door.taking("completing", _most)
pages.errors(area)
looking = door.private("task-documents")
pages.errors(looking)


@area.post("/requests/<id:request_id>/complete")
def complete(request_id: str) -> Response:
    """Say that a step was done by hand; documents are sealed while they are read."""
    files = [file for file in call.files.getlist(_FIELD) if file.filename]
    if not files:
        return one.act(request_id, "complete")
    place = evidence.given(parts().evidence)
    try:
        _completed(request_id, place, [pieces(file.stream) for file in files])
    except _REFUSED as error:
        return one.refused(request_id, "complete", error)
    except ConfigError:
        return one.refused(request_id, "complete", documents.closed())
    return pages.go("console-one.one", request_id=request_id, done="complete")


def _completed(request_id: str, place: Blobs, files: list[Any]) -> None:
    here, now = parts(), parts().now()
    step = acts.step_of(request_id, call.form.get("step", "").strip())
    about = (here.engine, here.context, place, step, files, door.staff())
    with task_documents.sealed(*about, now=now) as taken, transaction(here.engine) as session:
        staff = session.get_one(Staff, door.staff().id)
        proof = call.form.get("proof", "").strip()
        task_documents.complete(session, step, staff, taken, now=now, proof=proof)


@looking.post("/requests/<id:request_id>/task-documents/<id:document_id>")
def document(request_id: str, document_id: str) -> Response:
    """Send one document; that somebody looked is an entry before a byte of it is sent."""
    here = parts()
    place = evidence.given(here.evidence)

    def open_it(session: Session, found: Request) -> TaskDocument:
        return task_documents.opened(session, found, document_id, door.staff(), now=here.now())

    try:
        row, minors = one.looked_at(request_id, open_it)
    except (Conflict, Forbidden, NotFound) as error:
        return one.refused(request_id, "task_documents", error)
    whole = b"".join(task_documents.content(here.context.vault, place, row))
    return documents.sent(whole, row, minors=minors)
