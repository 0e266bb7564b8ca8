"""
What a backend is for: said when it is added, and changed by an operator.

From the moment it sets prices or decides who may have a service, nothing is told to it: its
webhooks are closed with what waits for them, and its keys open nothing that tells of people.

Source: NDSR 46(3); PIPL 16, 24(1).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session, select

from rights.domain import uses as domain
from rights.domain.errors import FieldError, Invalid, NotFound
from rights.domain.uses import Use
from rights.services import audit, webhooks
from rights.store.models import Backend


def checked(uses: Iterable[str]) -> list[str]:
    """Return *uses* in the order of the vocabulary. Raises Invalid: none, or not one of them."""
    given = set(uses)
    if not given or not given <= set(Use):
        allowed = tuple(str(use) for use in Use)
        raise Invalid("the uses are wrong", [FieldError("uses", "is not a use", allowed)])
    return [str(use) for use in Use if use in given]


def change(session: Session, name: str, uses: Iterable[str], *, now: datetime) -> Backend:
    """
    Say what the backend *name* is for, in place of what was said before.

    Raises:
        Invalid: one of them is no use.
        NotFound: there is no such backend.
    """
    wanted = checked(uses)
    backend = named(session, name)
    closed = _closed(session, backend.id, now) if domain.decides(wanted) else []
    said = {"backend_id": backend.id, "before": backend.uses, "uses": wanted, "webhooks": closed}
    backend.uses = wanted
    session.add(backend)
    audit.append_day(session, audit.Line("uses_changed", "staff:cli", said), now=now)
    return backend


def named(session: Session, name: str) -> Backend:
    """Return the backend of that name. Raises NotFound."""
    backend = session.exec(select(Backend).where(Backend.name == name)).first()
    if backend is None:
        raise NotFound("there is no such backend")
    return backend


def _closed(session: Session, backend_id: str, now: datetime) -> list[str]:
    """Close every webhook of a backend: what is still on its way there is not sent."""
    rows = webhooks.live(session, backend_id)
    for row in rows:
        row.closed_at = now
        session.add(row)
    return [row.id for row in rows]
