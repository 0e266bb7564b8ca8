"""Members of the privacy staff: who there is, and what they tried and may not do."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from rights.domain.errors import Forbidden, RightsError
from rights.domain.minors import ContentClosed
from rights.services import audit, requests
from rights.store.models import Staff


def staff_named(session: Session, name: str) -> Staff:
    """
    Return a member of staff.

    Raises:
        Forbidden: there is none of that name, or not any more.
    """
    query = select(Staff).where(Staff.name == name, col(Staff.closed_at).is_(None))
    found = session.exec(query).first()
    if found is None:
        raise Forbidden("no member of staff has that name: add one with `rights staff add`")
    return found


def refused(session: Session, staff: Staff, error: RightsError, *, now: datetime) -> None:
    """Note what a member of staff tried and may not do; with a minor's request, whose it was."""
    line = audit.Line("staff_refused", f"staff:{staff.id}", {"code": error.code})
    if isinstance(error, ContentClosed):
        request = requests.locked(session, error.request_id)
        audit.append(session, request, [line], now=now)
        return
    audit.append_day(session, line, now=now)
