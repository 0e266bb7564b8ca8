"""
Documents that show that something was done by hand: sealed, opened by few, gone with the record.

They lie where documents of representatives do, sealed one by one in the same way, and nothing
decodes them. The entry of the act has the SHA-256 of each as it lies there: whoever holds the
object can show, without a key, that it is the one.

Source: PIPL 9, 51, 54; GDPR 5(2).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, Final

from sqlalchemy import Engine, exists, or_
from sqlmodel import Session, col, select

from rights.domain import duties
from rights.domain.errors import Conflict, NotFound, Unavailable
from rights.logs import get
from rights.services import audit, content_approvals, evidence, tasks
from rights.services.context import Context
from rights.store.blobs import Blobs
from rights.store.db import transaction
from rights.store.ids import new_id
from rights.store.models import HeldRows, Request, Staff, TaskDocument
from rights.store.sealing import (
    new_data_key,
    new_file_id,
    open_range,
    plain_size,
    seal_stream,
    sealed_size,
)
from rights.store.vault import Vault

MOST_FILES: Final = evidence.MOST_FILES
"""Of one step; each as large as a document of a representative may be."""

OPENED: Final = "task_document_opened"


@dataclass(frozen=True, slots=True)
class Taken:
    """
    A document that lies sealed in its place and belongs to no step yet.

    Args:
        digest: SHA-256, in hex, of the object as it lies there.
        size: Bytes in clear.
    """

    id: str
    file_id: str
    size: int
    digest: str


def aad(document_id: str) -> str:
    """Return what binds the key of an object to it."""
    return f"task_document|{document_id}"


def key_of(document_id: str) -> str:
    """Return under which name an object lies: an id and nothing else."""
    return f"task-documents/{document_id}"


@contextmanager
def sealed(
    engine: Engine,
    context: Context,
    place: Blobs,
    step_id: str,
    files: Sequence[Iterable[bytes]],
    staff: Staff,
    *,
    now: datetime,
) -> Iterator[list[Taken]]:
    """
    Seal documents while they are read; what the block did not keep cannot be opened any more.

    Raises:
        Invalid: one is empty or of no kind that is taken. TooLarge: more than 5 MiB.
        Conflict: too many of them, or nobody completes that step now.
        Forbidden, NotFound: as ``tasks.complete``.
    """
    if len(files) > MOST_FILES:
        message = f"{MOST_FILES} documents show one step at most"
        raise Conflict(message, code="enough_documents")
    taken: list[Taken] = []
    try:
        for pieces in files:
            one = _take(engine, context, place, step_id, pieces, staff, now)
            taken.append(one)
        yield taken
    except BaseException:
        for one in taken:
            _let_go(engine, one.id, now)
        raise


def _take(
    engine: Engine,
    context: Context,
    place: Blobs,
    step_id: str,
    pieces: Iterable[bytes],
    staff: Staff,
    now: datetime,
) -> Taken:
    head, rest = evidence.begun(pieces)
    found, data_key, file_id = evidence.media_type(head), new_data_key(), new_file_id()
    with transaction(engine) as session:
        request, _ = tasks.completable(session, step_id, staff)
        mine: dict[str, Any] = {
            "request_id": request.id,
            "step_id": step_id,
            "uploaded_by": f"staff:{staff.id}",
        }
        document_id = _reserve(session, context, data_key, found, mine, now)
    digest, whole = hashlib.sha256(), evidence.limited(chain([head], rest))
    stream = seal_stream(whole, data_key=data_key, package_id=document_id, file_id=file_id)
    try:
        size = place.put(key_of(document_id), _summed(stream, digest))
    except BaseException:
        _let_go(engine, document_id, now)
        raise
    return Taken(document_id, file_id.hex(), plain_size(size), digest.hexdigest())


def _reserve(
    session: Session,
    context: Context,
    data_key: bytes,
    found: str,
    mine: dict[str, Any],
    now: datetime,
) -> str:
    """Write down what is on its way, so that nothing lies in the place that nobody knows of."""
    document_id = new_id()
    row = TaskDocument(
        id=document_id,
        wrapped_key=context.vault.wrap(data_key, aad=aad(document_id)),
        media_type=found,
        uploaded_at=now,
        destroy_at=now + evidence.INCOMING,
        **mine,
    )
    session.add(row)
    return document_id


def _summed(pieces: Iterable[bytes], digest: Any) -> Iterator[bytes]:
    for piece in pieces:
        digest.update(piece)
        yield piece


def _let_go(engine: Engine, document_id: str, now: datetime) -> None:
    """
    Take the key away; the relay's next sweep takes the object.

    Who completes steps in the console has a credential that deletes nothing.
    """
    with transaction(engine) as session:
        row = session.get(TaskDocument, document_id, with_for_update=True)
        if row is not None:
            row.wrapped_key, row.destroy_at = b"", now
            session.add(row)


def complete(
    session: Session,
    step_id: str,
    staff: Staff,
    taken: Sequence[Taken],
    *,
    now: datetime,
    proof: str,
) -> None:
    """
    Say that a step was done by hand, and keep the documents that show it.

    Raises:
        Conflict: one was on its way for longer than an hour.
        Conflict, Forbidden, Invalid, NotFound: as ``tasks.complete``.
    """
    request, _ = tasks.completable(session, step_id, staff)
    lines = [_kept(session, step_id, one, staff, now) for one in taken]
    audit.append(session, request, lines, now=now)
    kept = [one.id for one in taken]
    tasks.complete(session, step_id, staff, now=now, proof=proof, documents=kept)


def _kept(session: Session, step_id: str, one: Taken, staff: Staff, now: datetime) -> audit.Line:
    row = session.get(TaskDocument, one.id, with_for_update=True)
    if row is None or row.step_id != step_id or not row.wrapped_key or row.destroyed_at:
        raise Conflict("a document was on its way for too long: attach it once more")
    row.file_id, row.size, row.sha256 = one.file_id, one.size, one.digest
    row.kept_at, row.destroy_at = now, None
    session.add(row)
    step = step_id.partition("-")[2]
    data = {"step": step, "document": row.id, "type": row.media_type, "sha256": one.digest}
    return audit.Line("task_document_kept", f"staff:{staff.id}", {**data, "size": one.size})


def of_request(session: Session, request_id: str) -> Sequence[TaskDocument]:
    """Return the documents of a request's steps that are still there, the first one first."""
    mine = select(TaskDocument).where(
        TaskDocument.request_id == request_id,
        col(TaskDocument.kept_at).is_not(None),
        col(TaskDocument.destroyed_at).is_(None),
    )
    return session.exec(mine.order_by(col(TaskDocument.kept_at), col(TaskDocument.id))).all()


def opened(
    session: Session, request: Request, document_id: str, staff: Staff, *, now: datetime
) -> TaskDocument:
    """
    Return the row of a document of one request, which the caller has locked; note who looks.

    Raises:
        Forbidden: their roles do not allow it, or it is a minor's and no approval lets them.
        NotFound: this request has no such document, or none any more.
    """
    duties.check(staff.roles, duties.Act.OPEN_TASK_DOCUMENT)
    row = session.get(TaskDocument, document_id)
    if row is None or row.request_id != request.id or row.kept_at is None or not row.wrapped_key:
        raise NotFound("there is no such document, or it went at the end of its time")
    allowed = content_approvals.check(session, request, staff, now=now)
    line = audit.Line(OPENED, f"staff:{staff.id}", {"document": row.id, **allowed})
    audit.append(session, request, [line], now=now)
    return row


def content(vault: Vault, place: Blobs, row: TaskDocument) -> Iterator[bytes]:
    """Return a document in clear. Raises NotFound, Tampered."""
    return open_range(
        lambda at, count: place.read(key_of(row.id), at, count),
        sealed_size(row.size),
        data_key=vault.unwrap(row.wrapped_key, aad=aad(row.id)),
        package_id=row.id,
    )


# -- the end of it -----------------------------------------------------------------------------


def destroy(
    engine: Engine,
    context: Context,
    place: Blobs | None,
    *,
    now: datetime,
    settled: datetime | None = None,
) -> int:
    """
    Take away what nobody kept, and what goes with the record of its request; return how many went.

    The record waits for it; an object that cannot be reached is tried again by the next call.

    Args:
        settled: What is believed of *now*, which their time goes by; all of it if not given.
    """
    at = settled or now
    over = _over(at - timedelta(days=context.settings.record_days), at)
    with transaction(engine) as session:
        due = []
        for row in session.exec(over).all():
            row.wrapped_key = b""
            session.add(row)
            due.append(row.id)
    return sum(_gone(engine, place, one, now) for one in due) if place is not None else 0


def _over(ended: datetime, settled: datetime) -> Any:
    held = exists().where(
        col(HeldRows.request_id) == col(Request.id), col(HeldRows.state) != "ended"
    )
    records = select(Request.id).where(col(Request.closed_at) <= ended, ~held)
    let_go = col(TaskDocument.wrapped_key) == b""  # whatever the clock said then
    over = col(TaskDocument.destroy_at) <= settled
    due = or_(over, let_go, col(TaskDocument.request_id).in_(records))
    return select(TaskDocument).where(col(TaskDocument.destroyed_at).is_(None), due)


def _gone(engine: Engine, place: Blobs, document_id: str, now: datetime) -> bool:
    """Delete an object in all its versions, then write down that it is gone."""
    try:
        place.delete(key_of(document_id))
    except Unavailable as error:
        get().error("task_document.not_destroyed", code=error.code)
        return False
    with transaction(engine) as session:
        row = session.get(TaskDocument, document_id, with_for_update=True)
        if row is not None and row.destroyed_at is None:
            row.destroyed_at = now
            session.add(row)
            _noted(session, row, now)
    return True


def _noted(session: Session, row: TaskDocument, now: datetime) -> None:
    request = session.get(Request, row.request_id, with_for_update=True)
    if request is not None and row.kept_at is not None:
        line = audit.Line("task_document_destroyed", "system", {"document": row.id})
        audit.append(session, request, [line], now=now)
