"""Writing to the privacy team about a request, and appealing against its outcome."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from flask import request as call
from sqlmodel import Session
from werkzeug import Response

from rights.domain.errors import Invalid, NotFound
from rights.services import appeals, messages, portal_sessions
from rights.services.portal_sessions import Known
from rights.services.writings import Written
from rights.store.db import transaction
from rights.store.models import Appeal
from rights.web.parts import parts
from rights.web.portal import door, pages
from rights.web.portal.following import shown
from rights.web.portal.once import once

area = door.private("writing")
pages.errors(area)


@area.get("/requests/<id:request_id>/<any(message,appeal):action>")
def again(request_id: str, action: str) -> Response:
    """Lead back from the address of a form that somebody loads anew."""
    del action
    return pages.go("portal-following.follow", request_id=request_id)


@area.post("/requests/<id:request_id>/message")
def write(request_id: str) -> Response:
    """Send a message to the privacy team."""
    wrong = _sent(request_id, "message", messages.from_person)
    if wrong:
        return shown(request_id, wrong=[pages.said().say("messages", "wrong")], status=422)
    return pages.go("portal-following.follow", request_id=request_id, written=1, _anchor="messages")


@area.post("/requests/<id:request_id>/appeal")
def appeal(request_id: str) -> Response:
    """Appeal against the outcome of a request."""
    wrong = _sent(request_id, "reasons", appeals.make)
    if wrong:
        return shown(request_id, wrong=[pages.said().say("appeal", "wrong")], status=422)
    return pages.go("portal-following.follow", request_id=request_id, _anchor="appeal")


def _sent(request_id: str, field: str, make: Callable[..., Written | Appeal]) -> bool:
    """Keep what was written into *field*, once; return whether it is no text that can be kept."""
    door.slowly(request_id)

    def work(session: Session, now: datetime) -> str:
        found, context = door.visit().acts(session, request_id), parts().context
        text = call.form.get(field, "")
        return make(session, context, found, text, actor="subject", now=now).id

    try:
        once(work)
    except Invalid:
        return True
    return False


@area.post("/requests/<id:request_id>/anew")
def anew(request_id: str) -> Response:
    """
    Go to the request that an appeal brought about.

    Somebody without a product's word may see it as far as the one that was appealed: it is about
    the same person, and asks for the same proof.
    """
    here = door.visit()
    with transaction(parts().engine) as session:
        found = here.find(session, request_id)
        made = appeals.of_request(session, found.id)
        if made is None or not made.led_to:
            raise NotFound("there is no such request")
        if here.person is None:
            known = here.requests.get(request_id, Known())
            portal_sessions.remember(session, here, made.led_to, level=known.level, made=known.made)
        led_to = made.led_to
    return pages.go("portal-following.follow", request_id=led_to)
