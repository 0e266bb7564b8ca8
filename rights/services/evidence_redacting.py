"""
A document that shows more than is needed is replaced by a copy on which the rest is black.

The copy is sealed first, under a key of its own; one transaction then lets it take the place of
the original, whose key is gone with it. The original's object goes as after a decision.

Source: PIPL 6, 19; GB/T 35273-2020 8.5(c), (e); Minors Regulation 36.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import Session

from rights.domain import duties
from rights.domain.errors import NotFound
from rights.services import audit, content_approvals, evidence, requests
from rights.services.context import Context
from rights.store.blobs import Blobs
from rights.store.db import transaction
from rights.store.ids import new_id
from rights.store.models import Evidence, Request, Staff
from rights.store.sealing import SealedFile, SealedFiles, new_data_key


def original(
    session: Session, evidence_id: str, staff: Staff, *, now: datetime
) -> tuple[Evidence, Request, dict[str, str]]:
    """
    Return a document that may be replaced, its request, locked, and the approval if it takes one.

    Raises:
        Forbidden: they are no verifier, or it is a minor's and no approval lets them.
        NotFound: there is no such document, or none any more.
    """
    duties.check(staff.roles, duties.Act.REDACT_EVIDENCE)
    row = session.get(Evidence, evidence_id)
    if row is None:
        raise NotFound("there is no such document")
    request = requests.locked(session, row.request_id)
    session.refresh(row, with_for_update=True)
    if not row.file_id or not row.wrapped_key or row.destroyed_at is not None:
        raise NotFound("there is no such document, or it was destroyed with the decision")
    return row, request, content_approvals.check(session, request, staff, now=now)


def seal(
    engine: Engine, context: Context, place: Blobs, row: Evidence, redacted: bytes, *, now: datetime
) -> tuple[str, SealedFile]:
    """Seal the copy of a document; unless :func:`replace` follows, the sweep takes it away."""
    data_key, copy_id = new_data_key(), new_id()
    copy = Evidence(
        id=copy_id,
        request_id=row.request_id,
        wrapped_key=context.vault.wrap(data_key, aad=evidence.aad(copy_id)),
        media_type=row.media_type,
        uploaded_at=row.uploaded_at,
        destroy_at=now + evidence.INCOMING,
    )
    with transaction(engine) as session:
        session.add(copy)
    files = SealedFiles(place, copy_id, data_key)
    return copy_id, files.put(evidence.key_of(copy_id), [redacted])


def replace(
    session: Session,
    evidence_id: str,
    copy_id: str,
    sealed: SealedFile,
    staff: Staff,
    *,
    now: datetime,
) -> None:
    """
    Let the copy take the place of a document for as long as that had left.

    Raises:
        Forbidden, NotFound: as :func:`original`; what was decided meanwhile keeps no copy either.
    """
    row, request, allowed = original(session, evidence_id, staff, now=now)
    copy = session.get_one(Evidence, copy_id, with_for_update=True)
    if not copy.wrapped_key:
        raise NotFound("there is no such document, or it was destroyed with the decision")
    copy.file_id, copy.size, copy.destroy_at = sealed.file_id, sealed.size, row.destroy_at
    row.wrapped_key, row.destroy_at = b"", now
    session.add_all([copy, row])
    data = {"document": row.id, "copy": copy.id, **allowed}
    line = audit.Line("evidence_redacted", f"staff:{staff.id}", data)
    audit.append(session, request, [line], now=now)
