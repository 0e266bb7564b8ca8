"""
Documents as a verifier sees them: what waits, and one of them opened beside what was typed.

Of a minor's request the list says nothing that somebody wrote; that is opened with an approval.

Source: Minors Regulation 36; PIPL 51.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from rights.domain import duties
from rights.domain.errors import Conflict, NotFound
from rights.domain.lifecycle import TERMINAL
from rights.domain.minors import ContentClosed
from rights.services import (
    audit,
    contacts,
    content_approvals,
    evidence,
    reaching,
    representatives,
    requests,
    reviewing,
    subjects,
)
from rights.services.context import Context
from rights.store.models import Evidence, Representation, Request, Staff


def listed(session: Session, context: Context, staff: Staff) -> list[dict[str, Any]]:
    """Return what waits to be looked at, the most urgent first. Raises Forbidden."""
    duties.check(staff.roles, duties.Act.VERIFY)
    return [_line(session, context, *pair) for pair in reviewing.waiting(session)]


def _line(
    session: Session, context: Context, request: Request, row: Representation
) -> dict[str, Any]:
    """Return what a verifier has to know of one request."""
    return {
        "request": request.id,
        "kind": str(request.kind),
        "role": str(row.role),
        "relation": row.relation,
        **_written(session, context, request, row),
        "matters": list(row.matters),
        "until": row.until.isoformat() if row.until else "",
        "needs": list(request.needs),
        "due": request.promised_at.isoformat(),
        "documents": [
            {"id": one.id, "type": one.media_type, "size": one.size}
            for one in evidence.openable(session, request.id)
        ],
    }


def _written(
    session: Session, context: Context, request: Request, row: Representation
) -> dict[str, str]:
    """Return what the representative wrote, or why it is not shown here."""
    if content_approvals.needed(session, request):
        return {"name": "", "interest": "", "withheld": ContentClosed.code}
    said = representatives.told(context, row)
    return {"name": said.get("name", ""), "interest": said.get("interest", "")}


def opened(
    session: Session, context: Context, evidence_id: str, staff: Staff, *, now: datetime
) -> tuple[Evidence, dict[str, Any]]:
    """
    Return a document's row, and whom it is about and who acts, as they were typed; note who looks.

    Raises:
        Forbidden: they are no verifier, or it is a minor's and no approval lets them.
        NotFound: there is no such document, or none any more.
    """
    duties.check(staff.roles, duties.Act.OPEN_EVIDENCE)
    row = session.get(Evidence, evidence_id)
    if row is None:
        raise _gone()
    request = requests.locked(session, row.request_id)
    return document(session, request, evidence_id, staff, now=now), _people(
        session, context, request
    )


def document(
    session: Session, request: Request, evidence_id: str, staff: Staff, *, now: datetime
) -> Evidence:
    """
    Return the row of a document of one request, which the caller has locked; note who looks.

    Raises:
        Forbidden: they are no verifier, or it is a minor's and no approval lets them.
        NotFound: this request has no such document, or none any more; or it is closed.
    """
    duties.check(staff.roles, duties.Act.OPEN_EVIDENCE)
    row = session.get(Evidence, evidence_id)
    if row is None or row.request_id != request.id or not row.file_id or not row.wrapped_key:
        raise _gone()
    if request.state in TERMINAL:  # its documents go with the next sweep
        raise _gone()
    _noted(session, request, staff, evidence.OPENED, {"document": row.id}, now)
    return row


def authority(
    session: Session, context: Context, request: Request, staff: Staff, *, now: datetime
) -> dict[str, Any]:
    """
    Return whom a request is about and who acts, as they were typed, to hold documents against.

    What an authority is for, how far it goes and until when is said beside.

    Args:
        request: The caller has locked it.

    Raises:
        Forbidden: they are no verifier, or it is a minor's and no approval lets them.
        NotFound: nobody acts for somebody else in it.
        Conflict: there is no document to hold it against.
    """
    duties.check(staff.roles, duties.Act.OPEN_EVIDENCE)
    row = representatives.find(session, request)
    if request.state in TERMINAL or not evidence.openable(session, request.id):
        raise Conflict("there is no document to hold it against", code="no_document")
    found = _people(session, context, request)
    _noted(session, request, staff, "authority_opened", {}, now)
    return {**found, "matters": list(row.matters), "scope": row.scope, "until": row.until}


def _gone() -> NotFound:
    return NotFound("there is no such document, or it was destroyed with the decision")


def _noted(
    session: Session,
    request: Request,
    staff: Staff,
    event: str,
    data: Mapping[str, str],
    now: datetime,
) -> None:
    """Make sure that they may look, and write down that they do. Raises Forbidden."""
    allowed = content_approvals.check(session, request, staff, now=now)
    line = audit.Line(event, f"staff:{staff.id}", {**data, **allowed})
    audit.append(session, request, [line], now=now)


def _people(session: Session, context: Context, request: Request) -> dict[str, Any]:
    vault, row = context.vault, representatives.find(session, request)
    second, said = reaching.representatives(session, request.id), representatives.told(context, row)
    return {
        "role": str(row.role),
        "relation": row.relation,
        "subject": subjects.opened(vault, subjects.identifier_rows(session, request.id)),
        "representative": {one.type: contacts.value(vault, one) for one in second},
        "name": said.get("name", ""),
        "interest": said.get("interest", ""),
    }
