"""
Reports that the relay made: a page waits for one, shows it, and lets it be taken as a file.

What is shown and what is sent is written from what is kept, so it is the same each time.
"""

from __future__ import annotations

import shlex

from flask import url_for
from werkzeug import Response

from rights.domain.duties import Act
from rights.domain.errors import ConfigError, Invalid
from rights.services.reports import asking, audit_evidence
from rights.services.reports.kept import reread
from rights.store.db import reading, transaction
from rights.store.models import AskedReport
from rights.web.console import door, noting, pages, renewing, report_pages, reports
from rights.web.parts import parts

area = door.private("made", Act.REPORT)
pages.errors(area)


@area.get("/reports/made/<id:report_id>")
def one(report_id: str) -> Response:
    """Show a report, which is an entry; while the relay makes it the page renews itself."""
    row = _found(report_id)
    if row.body is None:
        return _waits(row)
    _noted(row, "page")
    return _shown(row)


@area.post("/reports/made/<id:report_id>")
def take(report_id: str) -> Response:
    """Send it as a file; that somebody took it is an entry first."""
    row = _found(report_id)
    try:
        form = reports.one_of("form", reports.MEDIA)
        write = reports.writer(form)
    except Invalid as error:
        noting.note(error)
        return _again(row, 422, pages.refusal(error))
    except ConfigError:
        return _again(row, 503, [pages.said().say("reports", "no_font")])
    _noted(row, form)
    made = reread(row)
    return reports.file(made.report, form, write(made))


def _found(report_id: str) -> AskedReport:
    here = parts()
    with reading(here.engine) as session:
        return asking.find(session, report_id, signed=False, now=here.now())


def _noted(row: AskedReport, form: str) -> None:
    here = parts()
    with transaction(here.engine) as session:
        asking.taken(session, row, reports.actor(), form, now=here.now())


def _waits(row: AskedReport, status: int = 200, *, wrong: list[str] | None = None) -> Response:
    """Return the page of a report that is not there, or cannot be made."""
    refused = pages.refusal(asking.refusal(row)) if row.state == "refused" else []
    response = pages.page(
        "report_waits.html",
        status,
        one=reports.line(row),
        wrong=wrong or refused,
    )
    if row.state == "waiting":
        return renewing.renews(response)
    return response


def _again(row: AskedReport, status: int, wrong: list[str]) -> Response:
    if row.body is None:
        return _waits(row, status, wrong=wrong)
    return _shown(row, status, wrong=wrong)


def _shown(row: AskedReport, status: int = 200, *, wrong: list[str] | None = None) -> Response:
    sign = row.report == audit_evidence.NAME
    days = {"first": str(row.first_day), "last": str(row.last_day), "items": row.items}
    return report_pages.page(
        reread(row),
        action=url_for("console-made.take", report_id=row.id),
        until=pages.moment(row.expires_at),
        command=_signed(row) if sign else "",
        days=days if sign else {},
        wrong=wrong,
        status=status,
    )


def _signed(row: AskedReport) -> str:
    """Return the command that makes the same evidence signed: this process holds no key for it."""
    more = f" --items {row.items}" if row.items else ""
    days = f"--from {row.first_day} --to {row.last_day}"
    who = shlex.quote(door.staff().name)
    return f"rights reports audit {days}{more} --as {who} --format pdf --out audit.pdf"
