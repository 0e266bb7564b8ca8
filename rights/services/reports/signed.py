"""
Evidence for an audit, asked for where no signing key is held: the relay makes it and signs it.

The web writes down a period and items of the audit guide, and nothing else, so nothing that it made
up is ever signed. What was signed is kept for some weeks as it is: taken again, it is the same to
the last byte. Asking, making and taking are entries.

Source: audit measures (2025) 3-6.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, func
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, select

from rights.domain.errors import FieldError, Invalid, NotFound, TooMany
from rights.domain.period import Period
from rights.logs import get
from rights.services import audit
from rights.services.context import Context
from rights.services.reports import audit_evidence, audit_items, making
from rights.services.reports.as_json import document
from rights.services.reports.making import Wanted
from rights.services.reports.register import count
from rights.services.reports.report import Made, Missing, Report, Row, Table
from rights.services.signing import Signer
from rights.store.db import reading, transaction
from rights.store.models import SignedEvidence

ASKED: Final = "evidence_asked"
TAKEN: Final = "evidence_taken"
KEPT: Final = timedelta(days=30)
FRESH: Final = timedelta(hours=1)
"""What may still change is made anew for whoever asks later than that."""

WAITING: Final = 20
"""So many wait at once, at most."""

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
    """

    period: Period
    items: tuple[str, ...] = ()


def ask(session: Session, asked: Asked, actor: str, *, now: datetime) -> SignedEvidence:
    """
    Return the evidence of a period if it is kept, or that it is waited for.

    Whether it can be made of this period the relay finds out: the web may not read by what.

    Raises:
        Invalid: an item is none, or the relay refused the period; says of which days it can be.
        TooMany: too much waits, or is kept, already.
    """
    chosen = audit_items.chosen(asked.items)
    items = ",".join(item.number for item in chosen) if asked.items else ""
    if found := _kept(session, asked.period, items, now):
        return found
    _room(session, actor, now)
    row = SignedEvidence(
        first_day=asked.period.first,
        last_day=asked.period.last,
        items=items,
        asked_by=actor,
        asked_at=now,
        expires_at=now + KEPT,
    )
    session.add(row)
    said = {"from": row.first_day.isoformat(), "to": row.last_day.isoformat(), "items": items}
    audit.append_day(session, audit.Line(ASKED, actor, said), now=now)
    return row


def _kept(session: Session, period: Period, items: str, now: datetime) -> SignedEvidence | None:
    """
    Return the newest of the same, unless what it says may have changed.

    Raises:
        Invalid: it was refused within the hour.
    """
    query = select(SignedEvidence).where(
        SignedEvidence.first_day == period.first,
        SignedEvidence.last_day == period.last,
        SignedEvidence.items == items,
        col(SignedEvidence.expires_at) > now,
    )
    row = session.exec(query.order_by(col(SignedEvidence.asked_at).desc()).limit(1)).first()
    if row is None or row.made_at is None or not _may_differ(row) or row.made_at > now - FRESH:
        return _unless_refused(row)
    return None


def _may_differ(row: SignedEvidence) -> bool:
    return row.body is None or bool(row.body["content"]["provisional"])


def _unless_refused(row: SignedEvidence | None) -> SignedEvidence | None:
    if row is None or row.state != "refused":
        return row
    message = "of this period no evidence can be made"
    wrong = FieldError("period", message, (row.available,) if row.available else ())
    raise Invalid(message, [wrong] if row.available else [], code=row.code)


def _room(session: Session, actor: str, now: datetime) -> None:
    waits, mine = col(SignedEvidence.state) == "waiting", col(SignedEvidence.asked_by) == actor
    query = select(count(waits), count(mine), func.count())
    waiting, own, kept = session.exec(query.where(col(SignedEvidence.expires_at) > now)).one()
    if waiting >= WAITING or own >= EACH or kept >= MOST:
        raise TooMany("too much evidence is waited for or kept", retry_after=timedelta(minutes=5))


def find(session: Session, evidence_id: str, *, now: datetime) -> SignedEvidence:
    """Return what was asked for, made or not. Raises NotFound."""
    row = session.get(SignedEvidence, evidence_id)
    if row is None or row.expires_at <= now:
        raise NotFound("there is no such evidence: it is kept for thirty days")
    return row


def listed(session: Session, *, now: datetime) -> Sequence[SignedEvidence]:
    """Return what was asked for lately, the newest first."""
    row = SignedEvidence
    query = select(row).where(col(row.expires_at) > now).order_by(col(row.asked_at).desc())
    return session.exec(query.limit(LISTED)).all()


def taken(
    session: Session, row: SignedEvidence, actor: str, form: str, *, now: datetime
) -> Mapping[str, Any]:
    """
    Return what was signed; that somebody took it is an entry first.

    Args:
        form: ``json``, ``csv`` or ``pdf``.

    Raises:
        NotFound: it is not made yet, or could not be.
    """
    if row.body is None:
        raise NotFound("this evidence is not made", code="no_report")
    said = {"report": audit_evidence.NAME, "sha256": row.body["sha256"], "form": form}
    audit.append_day(session, audit.Line(TAKEN, actor, said), now=now)
    return row.body


# -- making ------------------------------------------------------------------------------------


def make_due(
    register_: Engine, context: Context, signer: Signer, now: Callable[[], datetime]
) -> int:
    """Make and sign whatever is waited for, the oldest first; return how many were made."""
    with reading(register_) as session:
        waiting = select(SignedEvidence).where(SignedEvidence.state == "waiting")
        rows = session.exec(waiting.order_by(col(SignedEvidence.asked_at))).all()
    return sum(_make(register_, context, signer, row, now) for row in rows)


def _make(
    register_: Engine,
    context: Context,
    signer: Signer,
    asked: SignedEvidence,
    now: Callable[[], datetime],
) -> bool:
    report = _worked_out(register_, context, asked, now)
    with transaction(register_) as session:
        row = session.get(SignedEvidence, asked.id, with_for_update=True)
        if row is None or row.state != "waiting":  # another relay was faster
            return False
        if isinstance(report, Invalid):
            row.state, row.code, row.made_at = "refused", report.code, now()
            row.available = next((one for e in report.errors for one in e.allowed), "")
            return False
        row.state, row.made_at = "made", now()
        row.body = document(making.signed(report, signer, now=row.made_at))
        audit.append_day(session, making.line(report, "system"), now=row.made_at)
    return True


def _worked_out(
    register_: Engine, context: Context, asked: SignedEvidence, now: Callable[[], datetime]
) -> Report | Invalid:
    """Return the report, or why it is refused."""
    period = Period(asked.first_day, asked.last_day, making.zone_of(context))
    items = tuple(number for number in asked.items.split(",") if number)
    wanted = Wanted(audit_evidence.NAME, period, items=items)
    try:
        report = making.work_out(register_, context, wanted, now=now())
    except Invalid as error:  # records of it were purged since it was asked for
        return error
    except DBAPIError:  # the register is away, which says nothing of this evidence
        raise
    except Exception as error:  # noqa: BLE001 - what cannot be made keeps nothing else waiting
        get().error("evidence.not_made", code=audit_evidence.NAME, error=type(error).__name__)
        return Invalid("this evidence could not be made", code="evidence_failed")
    assert report is not None, "only what has to be final may not be there yet"
    return report


# -- reading again -----------------------------------------------------------------------------


def reread(body: Mapping[str, Any]) -> Made:
    """Return the report that was signed, as it was made, to be written in another form."""
    content = body["content"]
    days = content["period"]
    first, last = (datetime.fromisoformat(days[name]).date() for name in ("from", "to"))
    report = Report(
        content["report"],
        Period(first, last, ZoneInfo(days["zone"])),
        tuple(_table(name, rows) for name, rows in content["tables"].items()),
        tuple(Missing(one["figure"], one["why"]) for one in content["missing"]),
        tuple(content["flags"]),
    )
    assert report.sha256() == body["sha256"], "what is kept is what was signed"
    at = datetime.fromisoformat(body["made_at"])
    return Made(report, at, body["key_id"], body["signature"], body["public_key"])


def _table(name: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    keys, columns = audit_evidence.TABLES[name]
    if rows:  # what was signed before an upgrade has the columns of then
        columns = tuple(one for one in rows[0] if one not in keys)
    return Table(name, keys, columns, tuple(_row(row, keys, columns) for row in rows))


def _row(row: Mapping[str, Any], keys: Sequence[str], columns: Sequence[str]) -> Row:
    return Row(tuple(row[key] for key in keys), {name: row[name] for name in columns})
