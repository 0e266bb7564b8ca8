"""
The records of minors' requests, for the audit that the law asks for each year.

References, codes, dates and counts, of one age band or of all; nobody's data. The auditor takes it,
and nobody else: who handles minors' requests does not choose what is looked at.

Source: Minors Regulation 37.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Engine, func, select
from sqlmodel import Session, col

from rights.domain import duties
from rights.domain.errors import FieldError, Invalid
from rights.domain.period import Period
from rights.domain.representation import MINORS
from rights.services import audit
from rights.services.security_incidents import touched
from rights.store.db import picture, streamed
from rights.store.models import ContentApproval, Request, Staff

BANDS: Final = tuple(sorted(str(band) for band in MINORS))
EVENT: Final = "minors_exported"


def begin(
    session: Session, staff: Staff, period: Period, band: str, *, now: datetime
) -> Mapping[str, Any]:
    """
    Make sure that somebody may take the records, and write down that they do.

    Args:
        band: One of :data:`BANDS`; empty for every minor, of whom nobody said how old, too.

    Raises:
        Forbidden: they are no auditor.
        Invalid: there is no such age band.
    """
    duties.check(staff.roles, duties.Act.AUDIT_MINORS)
    if band and band not in BANDS:
        raise Invalid("this is no age band", [FieldError("band", "is none of the list", BANDS)])
    said = {"from": period.first.isoformat(), "to": period.last.isoformat(), "age_band": band}
    audit.append_day(session, audit.Line(EVENT, f"staff:{staff.id}", said), now=now)
    return said


def records(engine: Engine, period: Period, band: str) -> Iterator[dict[str, Any]]:
    """Yield minors' requests that were received in a period, the oldest first."""
    opened = (
        select(func.count())
        .where(col(ContentApproval.request_id) == col(Request.id))
        .where(col(ContentApproval.approved_at).is_not(None))
        .correlate(Request)
        .scalar_subquery()
    )
    young = col(Request.age_band) == band if band else touched.minor()
    start, end = period.start, period.end
    query = (
        select(*_COLUMNS, opened.label("content_approvals"))
        .where(young, col(Request.received_at) >= start, col(Request.received_at) < end)
        .order_by(col(Request.received_at), col(Request.id))
    )
    with picture(engine) as connection:
        for row in streamed(connection, query).mappings():
            yield {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


_COLUMNS: Final[tuple[Any, ...]] = (
    col(Request.id).label("request"),
    col(Request.kind),
    col(Request.option),
    col(Request.age_band),
    col(Request.requester_role),
    col(Request.regimes),
    col(Request.channel),
    col(Request.state),
    col(Request.reason),
    col(Request.received_at),
    col(Request.promised_at),
    col(Request.closed_at),
)
