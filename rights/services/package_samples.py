"""
A few masked rows of what is in a package, for staff to see whether it is what they expect.

The console reaches no package: a worker opens it, masks every value by its type, and answers into
a look-up of whoever asked. What is masked is not to be made out again; it is content all the same.

Source: PIPL 45, 51; Minors Regulation 36.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, or_, select

from rights.domain import duties
from rights.domain.duties import Act
from rights.domain.errors import NotFound
from rights.services import audit, content_approvals, lookups, staff_views
from rights.services.context import Context
from rights.services.packages import SHOWN_TO_STAFF
from rights.store.models import Lookup, Package, Request, Staff


@dataclass(frozen=True, slots=True)
class Sample:
    """
    One look of one member of staff.

    Args:
        code: Why it failed; empty where it did not.
        collections: Of each ``path``, ``rows`` (field to mask) and ``long``: that its first
            record is longer than is looked at. None while it waits, or where it failed.
        more: Whether the package has more collections than are shown.
    """

    id: str
    code: str
    collections: Sequence[Mapping[str, Any]] | None = field(repr=False)
    more: bool

    @property
    def waits(self) -> bool:
        """Whether a worker is still to answer."""
        return self.collections is None and not self.code


def ask(
    session: Session, context: Context, request: Request, staff: Staff, *, now: datetime
) -> Lookup:
    """
    Ask for a sample of the newest copy; that somebody looks is written down with the question.

    Args:
        request: The caller has locked its row.

    Raises:
        Forbidden: their roles do not allow it, or it is a minor's and no approval lets them.
        NotFound: the request has no copy, or none any more.
    """
    duties.check(staff.roles, Act.REVIEW)
    allowed = content_approvals.check(session, request, staff, now=now)
    package = newest(session, request.id, now)
    about = {"package": package.id}
    row = staff_views.ask(session, context, request, staff, lookups.SAMPLE, about, now=now)
    line = audit.Line("package_sampled", f"staff:{staff.id}", {**allowed, **about})
    audit.append(session, request, [line], now=now)
    return row


def newest(session: Session, request_id: str, now: datetime) -> Package:
    """Return the copy that a sample is of. Raises NotFound."""
    query = select(Package).where(
        Package.request_id == request_id,
        col(Package.state).in_(SHOWN_TO_STAFF),
        col(Package.purged_at).is_(None),
        or_(col(Package.expires_at).is_(None), col(Package.expires_at) > now),
    )
    found = session.exec(query.order_by(col(Package.created_at).desc()).limit(1)).first()
    if found is None:
        raise NotFound("this request has no copy, or none any more")
    return found


def read(
    session: Session,
    context: Context,
    request: Request,
    staff: Staff,
    lookup_id: str,
    *,
    now: datetime,
) -> Sample:
    """
    Return a sample of the member of staff who asked for it.

    Raises:
        Forbidden: their roles do not allow it any more, or an approval is over.
        NotFound: there is no such look of theirs of this request.
        Gone: its quarter of an hour is over.
    """
    duties.check(staff.roles, Act.REVIEW)
    asked = (session, context, request, staff, lookups.SAMPLE, lookup_id)
    row, answer = staff_views.read(*asked, now=now)
    found = answer or {"collections": None, "more": False}
    return Sample(row.id, row.code, found["collections"], found["more"])
