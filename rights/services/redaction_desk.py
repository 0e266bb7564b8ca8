"""
What was taken out of a copy, for staff to look at when the person asks.

It is sealed under the key of the package and goes with it. Looking is an entry with who did it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlmodel import Session, col, select

from rights.domain import duties
from rights.domain.actions import Action
from rights.domain.duties import Act
from rights.domain.errors import Invalid, NotFound
from rights.domain.foreign_values import Sort, form_of
from rights.domain.lines import BATCH_BYTES, whole_lines
from rights.services import (
    audit,
    content_approvals,
    own_requests,
    packages,
    redactions,
    requests,
)
from rights.services.context import Context
from rights.store.blobs import Blobs
from rights.store.models import Package, Staff, StepRow
from rights.store.sealing import SealedFile, SealedFiles


def seen(
    session: Session, context: Context, blobs: Blobs, request_id: str, staff: Staff, now: datetime
) -> Iterator[dict[str, Any]]:
    """
    Yield what was taken out, numbered from 1; the look is written down first.

    Raises:
        NotFound: there is no such request, nothing was taken out, or the package is gone.
        Forbidden: their roles do not allow it, or it is a minor's and no approval lets them.
    """
    duties.check(staff.roles, Act.REVIEW)
    request = requests.locked(session, request_id)
    allowed = content_approvals.check(session, request, staff, now=now)
    found = _read(session, context, blobs, request_id)
    line = audit.Line("redactions_seen", f"staff:{staff.id}", allowed)
    audit.append(session, request, [line], now=now)
    return found


def release(
    session: Session,
    context: Context,
    blobs: Blobs,
    request_id: str,
    numbers: Sequence[int],
    staff: Staff,
    now: datetime,
    *,
    because: str = redactions.OWN,
) -> None:
    """
    Say that some of it is the person's own: the copy is made anew, and leaves it in.

    Args:
        because: One of :data:`redactions.BECAUSE`.

    Raises:
        Invalid: a number that nothing has, or no reason of the list.
    """
    duties.check(staff.roles, Act.REVIEW)
    own_requests.check(session, request_id, staff)
    request = requests.locked(session, request_id)
    wanted = set(numbers)
    rows = (r for r in _read(session, context, blobs, request_id) if r["number"] in wanted)
    forms = {r["number"]: form_of(Sort(r["what"]), r["value"]) for r in rows}
    if missing := sorted(wanted - forms.keys()):
        raise Invalid(f"nothing has the number {', '.join(map(str, missing))}: list them first")
    redactions.release(
        session,
        context.vault,
        context.datamap,
        request,
        forms.values(),
        actor=f"staff:{staff.id}",
        because=because,
        now=now,
    )


def confirm(session: Session, request_id: str, staff: Staff, now: datetime) -> None:
    """Say that it was looked at and that all of it is somebody else's."""
    duties.check(staff.roles, Act.REVIEW)
    request = requests.locked(session, request_id)
    line = audit.Line("redactions_confirmed", f"staff:{staff.id}", {})
    audit.append(session, request, [line], now=now)
    redactions.settle(session, request.id)


def _read(
    session: Session, context: Context, blobs: Blobs, request_id: str
) -> Iterator[dict[str, Any]]:
    package, found = place(session, request_id)
    return lines(context, blobs, package, found)


def place(session: Session, request_id: str) -> tuple[Package, dict[str, str | int]]:
    """
    Return the package of a request, and where lies what was taken out of it.

    Raises:
        NotFound: nothing was taken out, or the package is gone.
    """
    there = select(Package).where(
        Package.request_id == request_id,
        col(Package.state).in_(packages.SHOWN_TO_STAFF),
        col(Package.purged_at).is_(None),
    )
    package = session.exec(there.order_by(col(Package.created_at).desc()).limit(1)).first()
    step = session.exec(
        select(StepRow).where(StepRow.request_id == request_id, StepRow.action == Action.PACKAGE)
    ).first()
    found = step.result.get("apart") if step else None
    if package is None or not found:
        raise NotFound("nothing was taken out of a copy of this request, or the copy is gone")
    return package, found


def lines(
    context: Context, blobs: Blobs, package: Package, place: dict[str, str | int]
) -> Iterator[dict[str, Any]]:
    """
    Yield what was taken out, numbered from 1.

    Raises:
        NotFound, Tampered: it is gone, or not what was written.
    """
    key = context.vault.unwrap(package.wrapped_key, aad=f"package|{package.id}")
    files = SealedFiles(blobs, package.id, key)
    return _numbered(files.read(SealedFile.from_json(place)))


def _numbered(pieces: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    number = 0
    for batch in whole_lines(pieces, BATCH_BYTES):
        for line in batch.data.splitlines():
            number += 1
            yield {"number": number, **orjson.loads(line)}
