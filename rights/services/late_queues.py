"""
Appeals and complaints whose own date has passed: told of once, beside the hourly line of the log.

Source: PIPL 50, 65; NDSR 20.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import exists
from sqlmodel import Session, col, select

from rights.domain import alerts
from rights.services import alarms, appeals, audit, complaints
from rights.store.models import Alert, Appeal, Complaint

BATCH: Final = 200
APPEAL: Final = "appeal_late"
COMPLAINT: Final = "complaint_late"

Found = tuple[str, str]
"""What is late, as ``Alert.what`` names it, and its id."""


def due(session: Session, now: datetime, *, limit: int = BATCH) -> list[Found]:
    """Return what is late and was not told of yet, of each sort the latest first."""
    found: list[Found] = []
    for what, model, done_at in (
        (alarms.APPEAL, Appeal, Appeal.decided_at),
        (alarms.COMPLAINT, Complaint, Complaint.answered_at),
    ):
        told = exists().where(col(Alert.about) == col(model.id), col(Alert.what) == what)
        told = told.where(alarms.told(now))
        query = (
            select(model.id)
            .where(col(done_at).is_(None), col(model.promised_at) < now, ~told)
            .order_by(col(model.promised_at), col(model.id))
            .limit(limit - len(found))
        )
        found += [(what, one) for one in session.exec(query)] if len(found) < limit else []
    return found


def tell(session: Session, found: Iterable[Found], now: datetime) -> None:
    """Write down that staff are told of these; once, whoever else looked at the same moment."""
    for what, one in found:
        if what == alarms.APPEAL:
            _appeal(session, one, now)
        else:
            _complaint(session, one, now)


def _appeal(session: Session, appeal_id: str, now: datetime) -> None:
    request, appeal = appeals.find(session, appeal_id)
    given: dict[str, Any] = {"request_id": request.id, "now": now}
    if appeal.outcome or not alarms.first(session, appeal.id, alarms.APPEAL, alerts.LATE, **given):
        return
    audit.append(session, request, [audit.Line(APPEAL, "system", {"appeal": appeal.id})], now=now)


def _complaint(session: Session, complaint_id: str, now: datetime) -> None:
    about = complaints.about_of(session, complaints.find(session, complaint_id))
    complaint = complaints.find(session, complaint_id, lock=True)
    given: dict[str, Any] = {"request_id": complaint.request_id, "now": now}
    late = alerts.LATE
    if complaint.answered_at or not alarms.first(
        session, complaint.id, alarms.COMPLAINT, late, **given
    ):
        return
    complaints.note(session, complaint, about, COMPLAINT, "system", now)
