"""
Reports that somebody asks for where none is worked out: the relay makes them.

The web writes down which report of which days, and nothing else, so nothing that it made up is ever
read as a report, or signed. What was made is kept for a while as it is: taken again, it is the same
to the last byte. Asking, making and taking are entries.

Source: NDSR 44; audit measures (2025) 3-6; 11 CCR 7102.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import func
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from rights.domain.errors import FieldError, Invalid, NotFound, TooMany
from rights.domain.period import Period
from rights.services import audit
from rights.services.reports import audit_evidence, audit_items
from rights.services.reports.register import count
from rights.store.models import AskedReport

ASKED: Final[Mapping[bool, str]] = MappingProxyType({True: "evidence_asked", False: "report_asked"})
TAKEN: Final[Mapping[bool, str]] = MappingProxyType({True: "evidence_taken", False: "report_taken"})
"""Entries, by whether it is signed."""

KEPT: Final[Mapping[bool, timedelta]] = MappingProxyType(
    {True: timedelta(days=30), False: timedelta(days=1)}
)
"""For how long, by whether it is signed."""

FRESH: Final = timedelta(hours=1)
"""What may still change is made anew for whoever asks later than that."""

WAITING: Final = 20
"""So many wait at once, at most: of those to be signed, and of the others."""

MOST: Final = 500
"""So many are kept at once, at most."""

EACH: Final = 100
"""So many of them for one asker: nobody's wishes keep the others out."""

LISTED: Final = 20
SECONDS: Final = 5
"""How soon it is worth asking again."""


@dataclass(frozen=True, slots=True)
class Asked:
    """
    What is asked for.

    Args:
        items: Of the audit guide; none for all.
        report: One of :data:`rights.services.reports.making.BUILDS`.
        public: Of figures: as everybody may read them.
        signed: Evidence for an audit, signed.
    """

    period: Period
    items: tuple[str, ...] = ()
    report: str = audit_evidence.NAME
    public: bool = False
    signed: bool = False


def ask(session: Session, asked: Asked, actor: str, *, now: datetime) -> AskedReport:
    """
    Return a report if it is kept, or that it is waited for.

    Whether it can be made of this period the relay finds out: the web may not read by what.

    Raises:
        Invalid: an item is none, or the relay refused the period; says of which days it can be.
        TooMany: too much waits, or is kept, already.
    """
    chosen = audit_items.chosen(asked.items)
    items = ",".join(item.number for item in chosen) if asked.items else ""
    if found := _kept(session, asked, items, now):
        return found
    _room(session, actor, now, signed=asked.signed)
    row = AskedReport(
        report=asked.report,
        public=asked.public,
        signed=asked.signed,
        first_day=asked.period.first,
        last_day=asked.period.last,
        items=items,
        asked_by=actor,
        asked_at=now,
        expires_at=now + KEPT[asked.signed],
    )
    session.add(row)
    audit.append_day(session, audit.Line(ASKED[row.signed], actor, _said(row)), now=now)
    return row


def _said(row: AskedReport) -> dict[str, Any]:
    days = {"from": row.first_day.isoformat(), "to": row.last_day.isoformat()}
    other = {} if row.signed else {"report": row.report, "public": row.public}
    return {**other, **days, "items": row.items}


def _kept(session: Session, asked: Asked, items: str, now: datetime) -> AskedReport | None:
    """
    Return the newest of the same, unless what it says may have changed.

    Raises:
        Invalid: it was refused within the hour.
    """
    query = select(AskedReport).where(
        AskedReport.report == asked.report,
        AskedReport.public == asked.public,
        AskedReport.signed == asked.signed,
        AskedReport.first_day == asked.period.first,
        AskedReport.last_day == asked.period.last,
        AskedReport.items == items,
        col(AskedReport.expires_at) > now,
    )
    row = session.exec(query.order_by(col(AskedReport.asked_at).desc()).limit(1)).first()
    if row is None or row.made_at is None or not _may_differ(row) or row.made_at > now - FRESH:
        return _unless_refused(row)
    return None


def _may_differ(row: AskedReport) -> bool:
    return row.body is None or bool(row.body["content"]["provisional"])


def _unless_refused(row: AskedReport | None) -> AskedReport | None:
    if row is not None and row.state == "refused":
        raise refusal(row)
    return row


def refusal(row: AskedReport) -> Invalid:
    """Return why a report could not be made, with the days of which it can be."""
    message = "of this period it cannot be made"
    wrong = [FieldError("period", message, (row.available,))] if row.available else []
    return Invalid(message, wrong, code=row.code)


def _room(session: Session, actor: str, now: datetime, *, signed: bool) -> None:
    waits, mine = col(AskedReport.state) == "waiting", col(AskedReport.asked_by) == actor
    query = select(count(waits), count(mine), func.count()).where(
        AskedReport.signed == signed, col(AskedReport.expires_at) > now
    )
    waiting, own, kept = session.exec(query).one()
    if waiting >= WAITING or own >= EACH or kept >= MOST:
        raise TooMany("too many reports are waited for or kept", retry_after=timedelta(minutes=5))


def find(session: Session, report_id: str, *, signed: bool, now: datetime) -> AskedReport:
    """Return what was asked for, made or not. Raises NotFound."""
    row = session.get(AskedReport, report_id)
    if row is None or row.expires_at <= now or row.signed != signed:
        raise NotFound("there is no such report: it is kept for a while only")
    return row


def listed(session: Session, *, signed: bool, now: datetime) -> Sequence[AskedReport]:
    """Return what was asked for lately, the newest first; what it says is read when it is asked."""
    row = AskedReport
    query = select(row).where(row.signed == signed, col(row.expires_at) > now)
    newest = query.order_by(col(row.asked_at).desc()).limit(LISTED)
    late: Any = (row.body, row.shape)  # columns, which SQLModel types as what they hold
    return session.exec(newest.options(*map(defer, late))).all()


def taken(
    session: Session, row: AskedReport, actor: str, form: str, *, now: datetime
) -> Mapping[str, Any]:
    """
    Return what was made; that somebody took it is an entry first.

    Args:
        form: ``page``, ``json``, ``csv`` or ``pdf``.

    Raises:
        NotFound: it is not made yet, or could not be.
    """
    if row.body is None:
        raise NotFound("this report is not made", code="no_report")
    said = {"report": row.report, "sha256": row.body["sha256"], "form": form}
    audit.append_day(session, audit.Line(TAKEN[row.signed], actor, said), now=now)
    return row.body
