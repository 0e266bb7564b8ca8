"""Whether data that is about to be imported is of somebody who was erased."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session
from werkzeug import Response

from rights.services import suppression
from rights.services.suppression import Asked
from rights.web.answers import Answer, look
from rights.web.area import Area
from rights.web.auth import Guard
from rights.web.parts import parts
from rights.web.schemas import people as shapes

area = Area(
    "suppression",
    prefix="/v1/suppression",
    guard=Guard.KEY,
    about="Whose older data must not come back.",
)


@area.call(
    "POST",
    "/check",
    scope="suppression:check",
    takes=shapes.SuppressionQuery,
    gives={200: shapes.SuppressionAnswers},
)
def check_suppression(given: dict[str, Any]) -> Response:
    """
    Ask, before importing, whether data is of somebody who was erased.

    Answers come in the order of the items. `allowed` is false where the data is older than the
    erasure, or where `recorded_at` was not said; data younger than `before` is of a new person.
    """
    asked = [Asked(item["type"], item["value"], item.get("recorded_at")) for item in given["items"]]

    def work(session: Session, now: datetime) -> Answer:
        context = parts().context
        found = suppression.check(session, context.vault, context.datamap, asked, now=now)
        return Answer({"items": [_shown(answer) for answer in found]})

    return look(work)


def _shown(answer: suppression.Answer) -> dict[str, Any]:
    return {
        "allowed": answer.allowed,
        "before": answer.before.isoformat() if answer.before else None,
        "kinds": list(answer.kinds),
    }
