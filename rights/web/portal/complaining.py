"""Complaints and reports: anybody can make one, and is told at once by when it is answered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import g
from flask import request as call
from sqlmodel import Session
from werkzeug import Response

from rights.domain.errors import FieldError, Invalid, NotFound
from rights.services import backends, complaints, portal_sessions
from rights.services.complaints import NewComplaint
from rights.services.portal import Person
from rights.services.portal_sessions import Known, Visit
from rights.store.db import reading
from rights.store.ids import ID
from rights.store.models import Complaint, Request
from rights.web.parts import parts
from rights.web.portal import door, pages
from rights.web.portal.mistakes import Mistakes
from rights.web.portal.once import once
from rights.web.portal.who import visitor, ways

area = door.public("complaint")
pages.errors(area)
making = door.private("complaining")
pages.errors(making)


@area.get("/complaint")
def ask() -> Response:
    """Show the form; somebody without a session, how to come to it."""
    here = door.known()
    if here is None:
        return _begin()
    return _form(Mistakes())


def _begin() -> Response:
    with reading(parts().engine) as session:
        products = backends.open_ones(session)
    return pages.page("complaint_begin.html", products=products)


@making.post("/complaint")
def send() -> Response:
    """Take a complaint in; what is wrong with it is shown beside what was typed."""
    door.slowly("complaint")
    wrong = Mistakes()
    if not call.form.get("text", "").strip():
        wrong.said.append(pages.said().say("complaint", "wrong"))
        return _form(wrong, 422)
    try:
        who = _who()
        made = once(lambda session, now: _made(session, who, now), alike=True)
    except Invalid as error:
        if any(one.field == "text" for one in error.errors):
            wrong.said.append(pages.said().say("complaint", "wrong"))
        else:
            wrong.found(error)
        return _form(wrong, 422)
    return pages.go("portal-complaining.show", complaint_id=made)


def _who() -> Person:
    """
    Return who complains: for whom the product vouches, or an address to reply to.

    Raises:
        Invalid: no address was given. TooMany: too many were made about this address.
    """
    here = door.visit()
    if here.person is not None:
        limits = parts().limits
        limits.hit((limits.typed, f"complaint|{here.person.subjects[0][-32:]}"))
        return here.person
    offered = {name for name, *_ in _ways()}
    found = visitor()
    reply = {name: value for name, value in found.identifiers.items() if name in offered}
    if not reply:
        raise Invalid("there is no address to reply to", [FieldError("subject", "names nobody")])
    return portal_sessions.visitor(parts().context, here.backend_id, reply)


def _ways() -> list[tuple[str, str, str]]:
    """Return where we can reply to: what mail reaches, and all there is where nothing does."""
    known = parts().context.datamap.identifiers
    return [one for one in ways() if known[one[0]].normalise == "email"] or ways()


def _made(session: Session, who: Person, now: datetime) -> str:
    here, context = door.visit(), parts().context
    claimed = call.form.get("reference", "").strip().lower()[:64]
    about = _about(session, here, claimed)
    new = NewComplaint(
        text=call.form.get("text", ""),
        identifiers=who.identifiers,
        backend_id=here.backend_id,
        attested=who.attested,
        regimes=door.caller().regimes,
        locale=g.language,
        channel="portal",
        claimed="" if about else claimed,
    )
    made = complaints.make(session, context, new, about=about, now=now)
    session.flush()
    portal_sessions.remember(session, here, made.id, made=True)
    return made.id


def _about(session: Session, here: Visit, reference: str) -> Request | None:
    """Return the request that is meant, if this visit may see it; else nothing is said about it."""
    if not ID.fullmatch(reference):
        return None
    try:
        return here.find(session, reference, lock=True)
    except NotFound:
        return None


def _form(wrong: Mistakes, status: int = 200) -> Response:
    here = door.visit()
    with reading(parts().engine) as session:
        mine = complaints.of_person(
            session,
            here.backend_id,
            subject=here.person.subjects if here.person else (),
            ids=list(here.requests),
        )
    reference = call.values.get("reference", call.args.get("about", ""))[:64]
    return pages.page(
        "complaint.html",
        status,
        wrong=wrong.said,
        given=call.form,
        reference=reference,
        who=[] if here.person else _ways(),
        mine=[_line(one) for one in mine],
    )


def _line(one: Complaint) -> dict[str, Any]:
    return {
        "id": one.id,
        "answered": one.answered_at is not None,
        "received": _day(one, one.received_at),
        "due": _day(one, one.promised_at),
        "late": one.answered_at is None and one.promised_at < parts().now(),
    }


def _day(one: Complaint, at: datetime) -> str:
    zone = parts().context.regimes[one.regimes[0]].counting.zone
    return pages.said().day(at.astimezone(zone).date())


@making.get("/complaints/<id:complaint_id>")
def show(complaint_id: str) -> Response:
    """Show a complaint; the answer to whom the product vouches for, or who answered a code."""
    here, context = door.visit(), parts().context
    with reading(parts().engine) as session:
        found, told = _seen(session, here, complaint_id)
        body = complaints.shown(session, context, found, told=told)
        about = _visible(session, here, found.request_id)
    return pages.page(
        "complaint_shown.html",
        **_line(found),
        text=body["text"],
        answer=body["answer"],
        told=told,
        about=about,
    )


def _seen(session: Session, here: Visit, complaint_id: str) -> tuple[Complaint, bool]:
    """Return a complaint, and whether this visit may know the answer. Raises NotFound."""
    found = complaints.find(session, complaint_id, backend_id=here.backend_id)
    if here.person is not None and found.subject in here.person.subjects:
        return found, True
    known = here.requests.get(found.id, Known())
    if not known.made and known.level < 1:
        raise NotFound("there is no such complaint")
    return found, known.level > 0


def _visible(session: Session, here: Visit, request_id: str) -> str:
    if not request_id:
        return ""
    try:
        return here.find(session, request_id).id
    except NotFound:
        return ""
