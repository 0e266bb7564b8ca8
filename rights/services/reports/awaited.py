"""
Make the reports that somebody waits for, and sign those that are to be signed.

The relay does it. One that dies half-way leaves a report waiting, and the next look makes it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select

from rights.domain.errors import Invalid
from rights.domain.period import Period
from rights.logs import get
from rights.services import audit
from rights.services.context import Context
from rights.services.reports import making
from rights.services.reports.as_json import document
from rights.services.reports.kept import shape
from rights.services.reports.making import Wanted
from rights.services.reports.report import Report
from rights.services.signing import Signer
from rights.store.db import reading, transaction
from rights.store.models import AskedReport

_FAILED: Final = {True: "evidence_failed", False: "report_failed"}
"""Why one is refused that an error of ours stopped, by whether it was to be signed."""


def make_due(
    register_: Engine, context: Context, signer: Signer, now: Callable[[], datetime]
) -> int:
    """Make whatever is waited for, the oldest first; return how many were made."""
    with reading(register_) as session:
        waiting = select(AskedReport.id).where(AskedReport.state == "waiting")
        found = session.exec(waiting.order_by(col(AskedReport.asked_at))).all()
    return sum(_make(register_, context, signer, one, now) for one in found)


def _make(
    register_: Engine,
    context: Context,
    signer: Signer,
    report_id: str,
    now: Callable[[], datetime],
) -> bool:
    with reading(register_) as session:
        asked = session.get(AskedReport, report_id)
    if asked is None or asked.state != "waiting":  # another relay was faster, or it is over
        return False
    report = _worked_out(register_, context, asked, now)
    with transaction(register_) as session:
        row = session.get(AskedReport, report_id, with_for_update=True)
        if row is None or row.state != "waiting":
            return False
        row.made_at = now()
        if isinstance(report, Invalid):
            _refuse(row, report)
            return False
        made = making.signed(report, signer if row.signed else None, now=row.made_at)
        row.state, row.body, row.shape = "made", document(made), shape(report)
        audit.append_day(session, making.line(report, "system"), now=row.made_at)
    return True


def _refuse(row: AskedReport, why: Invalid) -> None:
    row.state, row.code = "refused", why.code
    row.available = next((one for e in why.errors for one in e.allowed), "")


def _worked_out(
    register_: Engine, context: Context, asked: AskedReport, now: Callable[[], datetime]
) -> Report | Invalid:
    """Return the report, or why it is refused."""
    zone = making.zone(context, asked.report)
    period = Period(asked.first_day, asked.last_day, zone)
    items = tuple(number for number in asked.items.split(",") if number)
    wanted = Wanted(asked.report, period, public=asked.public, items=items)
    try:
        report = making.work_out(register_, context, wanted, now=now())
    except Invalid as error:  # records of it were purged since it was asked for
        return error
    except DBAPIError:  # the register is away, which says nothing of this report
        raise
    except Exception as error:  # noqa: BLE001 - what cannot be made keeps nothing else waiting
        get().error("report.not_made", code=asked.report, error=type(error).__name__)
        return Invalid("this report could not be made", code=_FAILED[asked.signed])
    assert report is not None, "only what has to be final may not be there yet"
    return report
