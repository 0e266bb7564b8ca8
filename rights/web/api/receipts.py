"""Receipts: the signed statement of outcome."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session
from werkzeug import Response

from rights.services import not_me, quantities, receipts
from rights.web.answers import Answer, look
from rights.web.area import Area
from rights.web.auth import Guard, speaker
from rights.web.schemas import results as shapes

area = Area(
    "receipts",
    prefix="/v1/requests/<id:request_id>/receipt",
    guard=Guard.KEY_OR_PORTAL,
    about="What was done, signed.",
)


@area.call("GET", "", scope="requests:read", gives={200: shapes.Receipt}, problems=(404,))
def read_receipt(request_id: str) -> Response:
    """Read the receipt of an answered request; the signature is over `body` as it stands."""

    def work(session: Session, _: datetime) -> Answer:
        request = speaker().find(session, request_id)
        return Answer(receipts.shown(session, request))

    return look(work)


@area.call(
    "GET",
    "/quantities",
    scope="requests:read",
    gives={200: shapes.Quantities},
    problems=(403, 404),
)
def read_quantities(request_id: str) -> Response:
    """Read how much of each kind of data was found in each store, once the request is answered."""

    def work(session: Session, _: datetime) -> Answer:
        request = speaker().find(session, request_id)
        not_me.check(request)
        return Answer({"items": quantities.of(receipts.read(session, request))})

    return look(work)
