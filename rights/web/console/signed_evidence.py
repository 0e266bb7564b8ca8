"""
Evidence for an audit that is signed: asked for here, made by the relay, which holds the key.

A page waits for it; then it is taken as a file, as often as somebody likes, always the same.
"""

from __future__ import annotations

from typing import Any

from werkzeug import Response

from rights.domain.duties import Act
from rights.domain.errors import ConfigError, Invalid
from rights.services.reports import asking, audit_evidence
from rights.services.reports.asking import Asked
from rights.services.reports.kept import reread
from rights.store.db import reading, transaction
from rights.store.models import AskedReport
from rights.web.console import door, noting, pages, renewing, reports
from rights.web.parts import parts

area = door.private("signed", Act.REPORT)
pages.errors(area)


@area.post("/reports/signed")
def ask() -> Response:
    """Ask for the evidence of some days, signed; that somebody did is an entry."""
    here = parts()
    try:
        days = reports.period(audit_evidence.NAME)
        asked = Asked(days, reports.items_asked(), signed=True)
        with transaction(here.engine) as session:
            row = asking.ask(session, asked, reports.actor(), now=here.now())
    except Invalid as error:
        noting.note(error)
        return reports.shown(422, wrong=pages.refusal(error), chosen=audit_evidence.NAME)
    return pages.go("console-signed.one", evidence_id=row.id)


@area.get("/reports/signed/<id:evidence_id>")
def one(evidence_id: str) -> Response:
    """Show whether it is made, and let it be taken."""
    return _one(evidence_id)


def _one(evidence_id: str, status: int = 200, *, wrong: list[str] | None = None) -> Response:
    here = parts()
    with reading(here.engine) as session:
        line = _line(asking.find(session, evidence_id, signed=True, now=here.now()))
    response = pages.page("signed_evidence.html", status, one=line, wrong=wrong or [])
    if line["state"] == "waiting":
        return renewing.renews(response)
    return response


@area.post("/reports/signed/<id:evidence_id>")
def take(evidence_id: str) -> Response:
    """Send it as a file; that somebody took it is an entry first."""
    here = parts()
    try:
        form = reports.one_of("form", reports.MEDIA)
        write = reports.writer(form)
    except Invalid as error:
        noting.note(error)
        return _one(evidence_id, 422, wrong=pages.refusal(error))
    except ConfigError:
        return _one(evidence_id, 503, wrong=[pages.said().say("reports", "no_font")])
    with transaction(here.engine) as session:
        row = asking.find(session, evidence_id, signed=True, now=here.now())
        asking.taken(session, row, reports.actor(), form, now=here.now())
    made = reread(row)
    return reports.file(made.report, form, write(made), mark="-signed")


def _line(row: AskedReport) -> dict[str, Any]:
    """Return what the page says of evidence that is signed, or waited for."""
    return {
        **reports.line(row),
        "until": pages.day(row.expires_at),
        "available": row.available,
        "sha256": row.body["sha256"] if row.body else "",
        "provisional": bool(row.body and row.body["content"]["provisional"]),
    }
