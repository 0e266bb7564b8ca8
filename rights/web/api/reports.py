"""Reports on how requests were handled: figures without small numbers, evidence for audits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session
from werkzeug import Response

from rights.domain import period as periods
from rights.services.reports import asking, making, published
from rights.services.reports.asking import Asked
from rights.web.answers import Answer, commit, look
from rights.web.area import Area
from rights.web.auth import Guard, speaker
from rights.web.parts import parts
from rights.web.schemas import reports as shapes

area = Area(
    "reports",
    prefix="/v1/reports",
    guard=Guard.KEY,
    about="How requests were handled: figures without small numbers, and evidence for an audit.",
)


@area.call(
    "GET",
    "",
    scope="reports:read",
    gives={200: shapes.KeptReports},
)
def list_reports() -> Response:
    """
    List the periods whose figures can be read.

    A period comes once nothing can change its figures any more, within hours of that.
    """

    def work(session: Session, _: datetime) -> Answer:
        context = parts().context
        items = published.listed(session, context)
        return Answer({"periods": context.settings.report_periods, "items": items})

    return look(work)


@area.call(
    "GET",
    "/figures",
    scope="reports:read",
    query=shapes.ReportAsked,
    gives={200: shapes.PublishedReport},
    problems=(404,),
)
def read_figures(asked: dict[str, Any]) -> Response:
    """
    Read the figures of a year, or of a quarter, as they were made and signed: the same each time.

    Every number under 10 is left out, and as many more that none of them can be worked out.
    `RIGHTS_REPORT_PERIODS` says whether years are given out or quarters; of the other sort 422.
    404 with `no_report` until the figures are final.
    """

    def work(session: Session, _: datetime) -> Answer:
        context = parts().context
        return Answer(published.read(session, context, asked["year"], asked.get("quarter")))

    return look(work)


@area.call(
    "GET",
    "/audit",
    scope="reports:audit",
    query=shapes.EvidenceAsked,
    gives={200: shapes.SignedEvidence, 202: shapes.EvidenceWaits},
)
def read_audit(asked: dict[str, Any]) -> Response:
    """
    Read the evidence of some days for a compliance audit, signed.

    By item of the audit guide: figures, a sample of requests with their hashes, what went wrong.
    The relay makes and signs it: 202 until it has, with `Retry-After`. For thirty days the same
    call gets the same bytes, unless what it says was provisional and is older than an hour. 422
    with `report_period` names the days that it can be made of; of an item that is none, those
    there are.
    """

    def work(session: Session, now: datetime) -> Answer:
        context, actor = parts().context, speaker().actor
        period = periods.between(asked["since"], asked["to"], making.zone_of(context))
        items = tuple(n for n in asked.get("items", "").replace(",", " ").split() if n)
        row = asking.ask(session, Asked(period, items, signed=True), actor, now=now)
        if row.body is None:
            waits = {"state": "waiting", "asked_at": row.asked_at.isoformat()}
            return Answer(waits, 202, {"Retry-After": str(asking.SECONDS)})
        return Answer(asking.taken(session, row, actor, "json", now=now))

    return commit(work)
