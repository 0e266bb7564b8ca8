"""What a correction disputes: for products that show the value to others."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session
from werkzeug import Response

from rights.services import disputes
from rights.web.answers import Answer, look
from rights.web.area import Area
from rights.web.auth import Guard, speaker
from rights.web.schemas import results as shapes

area = Area(
    "disputes",
    prefix="/v1/requests/<id:request_id>/disputes",
    guard=Guard.KEY_OR_PORTAL,
    about="Values that a person says are wrong.",
)


@area.call("GET", "", scope="requests:read", gives={200: shapes.Disputes}, problems=(404,))
def read_disputes(request_id: str) -> Response:
    """
    Read which values a request marked as disputed; who shows one to others shows the mark too.

    Under a law that asks for it they are marked as soon as a correction is accepted, else when work
    on it begins. The mark goes when the correction is made, and stays when it is not.
    """

    def work(session: Session, _: datetime) -> Answer:
        request = speaker().find(session, request_id)
        found = disputes.of_request(session, request)
        return Answer({"items": [_shown(one) for one in found]})

    return look(work)


def _shown(mark: disputes.Mark) -> dict[str, object]:
    return {
        "collection": mark.collection,
        "field": mark.field,
        "code": "pending" if mark.pending else "disputed",
        "since": mark.since.isoformat(),
    }
