"""
Who may download a package, how often, and until when.

A download is granted after a fresh proof at the request's level. A grant lasts half an hour and
any number of ranges; a package has a few grants, each of them an entry, until it expires.

Source: NDSR 9; PIPL 9, 51; GDPR 32.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import update
from sqlmodel import Session, col, select

from rights.domain.errors import Gone, LevelTooLow, NotFound
from rights.domain.representation import SUBJECT, Role
from rights.services import audit, not_me
from rights.services.context import Context
from rights.store.blobs import Blobs
from rights.store.models import Grant, Package, Request, StepRow, StepState
from rights.store.sealing import open_range

PREFIX: Final = "gr_"
READY: Final = "ready"
BUILDING: Final = "building"
IN_REVIEW: Final = "in_review"
"""Made, and nobody's yet: staff look at it first (``package_reviews``)."""
UNSENT: Final = "unsent"
"""Gone before anybody let it go: it was never the person's."""

HIDDEN: Final = (BUILDING, IN_REVIEW, UNSENT)
"""What the person, products and reports know nothing of."""

UNFINISHED: Final = (BUILDING, IN_REVIEW)
"""What goes with its request, unless something is still owed to that."""

SHOWN_TO_STAFF: Final = (READY, IN_REVIEW)
"""What staff can open: what the person has, or would have."""

REVIEW: Final = "package_review"
"""Code of the step in which staff look at a package before it goes out."""
_SPOOLS: Final = "spool"


@dataclass(frozen=True, slots=True)
class Granted:
    """A grant just made; the token is shown here and nowhere else."""

    token: str = field(repr=False)
    expires_at: datetime
    grants_left: int


def folder(package_id: str) -> str:
    """Return where every try of a package is written: of one that was cut off, too."""
    return f"packages/{package_id}"


def spools(package_id: str) -> str:
    """Return where what is read for a package lies until it is made."""
    return f"{_SPOOLS}/{package_id}"


def with_spools(blobs: Blobs) -> set[str]:
    """Return the packages for which something lies there, known or not."""
    return {key.split("/")[1] for key in blobs.list(_SPOOLS)}


def apart(package_id: str) -> str:
    """Return where lies what was taken out of a package: under its key, and gone with it."""
    return f"apart/{package_id}"


def of_request(session: Session, request: Request) -> list[Package]:
    """Return the packages of a request that were finished, the newest first."""
    query = (
        select(Package)
        .where(Package.request_id == request.id, col(Package.state).not_in(HIDDEN))
        .order_by(col(Package.created_at).desc())
    )
    return list(session.exec(query))


def look(session: Session, request_id: str) -> StepRow | None:
    """Return the step in which staff are yet to look at the first package of a request, if any."""
    query = select(StepRow).where(
        StepRow.request_id == request_id,
        StepRow.code == REVIEW,
        StepRow.state == StepState.MANUAL,
    )
    return session.exec(query).first()


def find(session: Session, request: Request, package_id: str) -> Package:
    """Return one package of a request. Raises NotFound, for another's too."""
    package = session.get(Package, package_id)
    if package is None or package.request_id != request.id or package.state in HIDDEN:
        raise NotFound("there is no such package")
    return package


def needed(context: Context, request: Request) -> int:
    """
    Return the level that a download asks for.

    What an agent asked for goes to the principal, who proves no more than for an own request.
    """
    if request.requester_role is not Role.SELF and request.delivers_to == SUBJECT:
        return context.policy.level(request.kind, request.option)
    return request.level_needed


def grant(
    session: Session,
    context: Context,
    request: Request,
    package: Package,
    *,
    level: int,
    actor: str,
    now: datetime,
    key: str = "",
) -> Granted:
    """
    Grant one download.

    Args:
        level: What was proved here and now; what the request itself reached does not count.
        key: The backend's, by its id: what a stolen one was used for can be told.

    Raises: LevelTooLow: that is not enough. Gone: expired, or its grants are used up.
        Forbidden: the request is stopped: somebody says that it was not them.
    """
    not_me.check(request)
    _alive(package, now)
    if level < (least := needed(context, request)):
        raise LevelTooLow(
            f"a download needs a fresh proof of level {least}: give a code, an assertion, or both"
        )
    left = _count(session, package)
    token = f"{PREFIX}{secrets.token_urlsafe(32)}"
    expires_at = now + timedelta(minutes=context.settings.grant_minutes)
    row = Grant(
        package_id=package.id,
        token_hash=_hash(token),
        level=level,
        created_at=now,
        expires_at=expires_at,
    )
    session.add(row)
    _note(session, request, row, actor, key)
    return Granted(token, expires_at, left)


def _note(session: Session, request: Request, row: Grant, actor: str, key: str) -> None:
    data = {"package": row.package_id, "grant": row.id, "level": row.level}
    said = data | ({"key": key} if key else {})
    line = audit.Line("download_granted", actor, said)
    audit.append(session, request, [line], now=row.created_at)


def _count(session: Session, package: Package) -> int:
    """Use one grant up, however many ask at once; return how many are left."""
    query = (
        update(Package)
        .where(
            col(Package.id) == package.id,
            col(Package.grants_used) < col(Package.grants_max),
            col(Package.state) == READY,
        )
        .values(grants_used=Package.grants_used + 1)
        .returning(col(Package.grants_max) - col(Package.grants_used))
        .execution_options(synchronize_session=False)
    )
    left = session.connection().execute(query).scalar()
    if left is None:
        raise Gone("this package has been downloaded often enough", code="grants_used_up")
    return int(left)


def redeem(session: Session, token: str, package_id: str, *, now: datetime) -> Package:
    """
    Return the package that *token* opens.

    Raises:
        NotFound: no such grant, or it is for another package: the two look the same.
        Gone: the grant or the package is over.
        Forbidden: the request was stopped meanwhile.
    """
    row = session.exec(select(Grant).where(Grant.token_hash == _hash(token))).first()
    if row is None or row.package_id != package_id:
        raise NotFound("there is no such package")
    if row.expires_at <= now:
        raise Gone("this grant is over: ask for another one", code="grant_expired")
    package = session.get(Package, package_id)
    if package is None:
        raise NotFound("there is no such package")
    request = session.get(Request, package.request_id)
    if request is not None:
        not_me.check(request)
    _alive(package, now)
    return package


def _alive(package: Package, now: datetime) -> None:
    over = package.expires_at is not None and package.expires_at <= now
    if package.purged_at is not None or not package.wrapped_key or over:
        raise Gone("this package has expired: submit a new request", code="package_expired")
    if package.state != READY:
        raise NotFound("there is no such package")


def content(
    context: Context, blobs: Blobs, package: Package, *, start: int = 0, length: int | None = None
) -> Iterator[bytes]:
    """
    Return the plain bytes of a range, decrypted as they are read.

    Raises:
        NotFound: the blob is gone; Tampered: it is not what was written. Both at once, not
            after the first bytes are out.
    """
    key = context.vault.unwrap(package.wrapped_key, aad=f"package|{package.id}")
    pieces = open_range(
        lambda at, count: blobs.read(package.blob, at, count),
        package.sealed_size,
        data_key=key,
        package_id=package.id,
        start=start,
        length=length,
    )
    first = next(pieces, b"")
    return _from(first, pieces)


def _from(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
