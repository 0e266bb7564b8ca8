"""What the page of a request says of documents that show what was done by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from rights.domain.duties import Act
from rights.services import evidence, task_documents
from rights.services.staff_access import accounts
from rights.store.models import TaskDocument
from rights.web.console import documents, door, pages
from rights.web.console.showing import who
from rights.web.parts import parts


def of(session: Session, request_id: str) -> dict[str, Any]:
    """Return what was attached to the steps of a request, and whether anything can be."""
    here, found = parts().evidence is not None, task_documents.of_request(session, request_id)
    names = accounts.names(session) if found else {}
    return {
        "takes": here,
        "most": task_documents.MOST_FILES,
        "listed": [_line(row, names) for row in found],
        "opens": here and door.may(Act.OPEN_TASK_DOCUMENT),
    }


def _line(row: TaskDocument, names: Mapping[str, str]) -> dict[str, Any]:
    w = pages.said()
    return {
        "id": row.id,
        "step": row.step_id.partition("-")[2],
        "what": w.say("documents", evidence.ENDINGS[row.media_type]),
        "size": w.number(max(1, row.size // 1000)),
        "at": pages.moment(row.kept_at or row.uploaded_at),
        "by": who(row.uploaded_by, names),
        "shown": documents.is_shown(row.media_type),
        "sha256": row.sha256,
    }
