"""Remind people of a package that is about to be destroyed, once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlmodel import Session, col, select

from rights.services.context import Context
from rights.services.notices import ask_for
from rights.store.models import Notice, Package, Request

BEFORE: Final = timedelta(hours=24)
_EVENT: Final = "package_expiring"


def remind(session: Session, context: Context, now: datetime, *, limit: int = 500) -> int:
    """
    Queue a notice for every package that expires within a day; return how many.

    Several relays may call it: a package is locked before anybody looks whether its person was
    reminded.
    """
    if context.settings.package_days * timedelta(days=1) <= BEFORE:
        return 0  # the day before the end is the day it was made
    due = (
        select(Package.request_id)
        .where(
            Package.state == "ready",
            col(Package.purged_at).is_(None),
            col(Package.expires_at) > now,
            col(Package.expires_at) <= now + BEFORE,
            ~_reminded(),
        )
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = session.exec(due).all()
    # Looked at again now that they are locked: another relay may have been faster.
    already = select(Notice.request_id).where(
        Notice.event == _EVENT, col(Notice.request_id).in_(ids)
    )
    told = set(session.exec(already))
    waiting = [session.get(Request, each) for each in ids if each not in told]
    for request in filter(None, waiting):
        ask_for(session, request, _EVENT, now=now)
    return len(waiting)


def _reminded() -> Any:
    same = col(Notice.request_id) == col(Package.request_id)
    return select(Notice.id).where(same, Notice.event == _EVENT).exists()
