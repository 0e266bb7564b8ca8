"""One complaint: opened, which is an entry, and answered."""

from __future__ import annotations

from typing import Any, Final

from flask import request as call
from werkzeug import Response

from rights.domain.duties import Act
from rights.domain.errors import Conflict, Forbidden, Invalid
from rights.services import complaints, content_approvals
from rights.store.db import reading, transaction
from rights.store.models import Staff
from rights.web.console import door, drafting, noting, pages, showing, watermarks
from rights.web.parts import parts

area = door.private("letters", Act.ANSWER_COMPLAINT)
pages.errors(area)

_STATUS: Final = {Forbidden: 403, Conflict: 409}


@area.get("/complaints/<id:complaint_id>")
def complaint(complaint_id: str) -> Response:
    """Show where a complaint stands; what it says is opened apart."""
    return _shown(complaint_id)


def _shown(complaint_id: str, status: int = 200, **more: Any) -> Response:
    here, now = parts(), parts().now()
    with reading(here.engine) as session:
        found = complaints.find(session, complaint_id)
    answered = pages.moment(found.answered_at) if found.answered_at else ""
    values = {
        "id": complaint_id,
        "about": found.request_id,
        "received": pages.moment(found.received_at),
        "due": pages.day(found.promised_at),
        "left": "" if answered else showing.left(found.promised_at, now),
        "late": found.promised_at < now,
        "answered": answered,
        "language": found.locale,
        "drafts": drafting.of_complaint(found),
        "laws": showing.regimes(found.regimes),
        "done": pages.done("complaint") if answered else "",
    }
    told = {"texts": [], "who": [], "opened": False, "mark": {}, "wrong": [], **values, **more}
    return pages.page("complaint.html", status, given=call.form, **told)


@area.post("/complaints/<id:complaint_id>/open")
def look(complaint_id: str) -> Response:
    """Open what it says, and whose it is; that somebody did is an entry."""
    here = parts()
    try:
        with transaction(here.engine) as session:
            found = complaints.find(session, complaint_id, lock=True)
            texts, who = complaints.read_by(
                session, here.context, found, door.staff(), now=here.now()
            )
            about = complaints.concerned(session, here.context, found)
            minors = about is not None and content_approvals.needed(session, about)
            mark = watermarks.of(about.id if about else "", minors=minors)
    except Forbidden as error:
        return _refused(complaint_id, error)
    read = [{"at": pages.moment(one.at), "text": one.text} for one in texts]
    return _shown(complaint_id, opened=True, mark=mark, texts=read, who=sorted(who.items()))


@area.post("/complaints/<id:complaint_id>/answer")
def answer(complaint_id: str) -> Response:
    """Answer it; the person is written to."""
    here = parts()
    try:
        with transaction(here.engine) as session:
            found = complaints.find(session, complaint_id, lock=True)
            staff = session.get_one(Staff, door.staff().id)
            text = call.form.get("text", "")
            complaints.answer(session, here.context, found, text, staff, now=here.now())
    except (Conflict, Forbidden, Invalid) as error:
        return _refused(complaint_id, error)
    return pages.go("console-letters.complaint", complaint_id=complaint_id, done="answered")


def _refused(complaint_id: str, error: Conflict | Forbidden | Invalid) -> Response:
    noting.note(error)
    status = _STATUS.get(type(error), 422)
    return _shown(complaint_id, status, wrong=pages.refusal(error))
