"""Receipts: the signed statement of outcome."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session
from werkzeug import Response

from rights.services import receipts
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
        row = receipts.read(session, request)
        return Answer(
            {
                "request_id": row.request_id,
                "body": row.body,
                "key_id": row.key_id,
                "signature": row.signature,
                "created_at": row.created_at.isoformat(),
                **receipts.opening(receipts.read_opening(session, request)),
            }
        )

    return look(work)
