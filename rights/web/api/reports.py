"""Reports on how requests were handled: figures of periods that are over, without small numbers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session
from werkzeug import Response

from rights.services.reports import published
from rights.web.answers import Answer, look
from rights.web.area import Area
from rights.web.auth import Guard
from rights.web.parts import parts
from rights.web.schemas import reports as shapes

area = Area(
    "reports",
    prefix="/v1/reports",
    guard=Guard.KEY,
    about="Figures on how requests were handled: aggregates alone, without small numbers.",
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
