"""Complaints and reports."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session
from werkzeug import Response

from rights.services import complaints
from rights.services.complaints import NewComplaint
from rights.web.answers import Answer, commit, look
from rights.web.api import taking
from rights.web.area import Area
from rights.web.auth import Guard, speaker
from rights.web.parts import parts
from rights.web.schemas import correspondence as shapes

area = Area(
    "complaints",
    prefix="/v1/complaints",
    guard=Guard.KEY_OR_PORTAL,
    about="Complaints and reports, about a request or about none.",
)


@area.call(
    "POST",
    "",
    scope="requests:write",
    takes=shapes.NewComplaint,
    gives={201: shapes.Complaint},
    problems=(404,),
    once=True,
)
def make_complaint(new: dict[str, Any]) -> Response:
    """
    Complain, or report something: nobody has to prove anything for it.

    It is confirmed at once with a reference and the date of the answer, by mail too where there is
    an address. `subject` says where to reply to.
    """

    def work(session: Session, now: datetime) -> Answer:
        who, context = speaker(), parts().context
        about = who.find(session, new["request_id"], lock=True) if "request_id" in new else None
        by = taking.known(session, who, new, now=now)
        complaint = NewComplaint(
            text=new["text"],
            identifiers=by.identifiers,
            backend_id=who.backend.id,
            attested=by.attested,
            regimes=who.backend.regimes,
            locale=new["locale"],
            channel=who.channel,
            actor=who.actor,
        )
        made = complaints.make(session, context, complaint, about=about, now=now)
        session.flush()
        body = complaints.shown(session, context, made, told=False)
        return Answer(body, 201, {"Location": f"/v1/complaints/{made.id}"})

    if speaker().person is not None:
        limits = parts().limits
        limits.hit((limits.typed, f"complaint|{speaker().counted_as}"))
    return commit(work, once=True)


@area.call(
    "GET",
    "/<id:complaint_id>",
    scope="requests:read",
    gives={200: shapes.Complaint},
    problems=(404,),
)
def read_complaint(complaint_id: str) -> Response:
    """Read a complaint, and the answer once there is one."""

    def work(session: Session, _: datetime) -> Answer:
        who, context = speaker(), parts().context
        found = complaints.find(
            session, complaint_id, backend_id=who.backend.id, subject=who.subject
        )
        return Answer(complaints.shown(session, context, found, told=True))

    return look(work)
