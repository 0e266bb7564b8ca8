"""
A guardian answers what a child has asked: with the reference and the code of the letter, yes or no.

What is said is the same whether there is such a request or not. Source: PIPL 31; Minors
Regulation 33-34.
"""

from __future__ import annotations

from typing import Final

from flask import request as call
from sqlmodel import Session
from werkzeug import Response

from rights.domain.errors import FieldError, Invalid, NotFound, TooMany, Unauthenticated
from rights.services import guardians, portal_sessions, reaching, requests, verification
from rights.store.db import transaction
from rights.store.ids import ID
from rights.store.models import Request
from rights.web.parts import parts
from rights.web.portal import door, pages, standing
from rights.web.portal.finding import CODE

_ANSWERS: Final = ("yes", "no")

area = door.private("guarding")
pages.errors(area)


@area.get("/guardian")
def guardian() -> Response:
    """Ask for reference and code."""
    return pages.page("guardian.html", reference="", wrong=[])


@area.post("/guardian")
def unlock() -> Response:
    """Check the code; the request is this browser's to answer from then on."""
    reference = call.form.get("reference", "").strip().lower()[:64]
    door.slowly(reference)
    right = False
    with transaction(parts().engine) as session:
        try:
            found = _found(session, reference)
            right = _answered(session, found)
        except (NotFound, Unauthenticated, TooMany):
            pass
        if right:
            here = door.visit()
            portal_sessions.remember(session, here, found.id, level=CODE, guardian=True)
    if right:
        return pages.go("portal-following.follow", request_id=reference)
    said = pages.said().say("problem", "wrong_code", "about")
    return pages.page("guardian.html", 401, reference=reference, wrong=[said])


def _found(session: Session, reference: str) -> Request:
    if not ID.fullmatch(reference):
        raise NotFound("there is no such request")
    return requests.find(session, reference, backend_id=door.visit().backend_id, lock=True)


def _answered(session: Session, found: Request) -> bool:
    given = call.form.get("code", "").strip()
    answered = verification.answer(
        session,
        parts().context,
        found,
        given,
        now=parts().now(),
        purpose=reaching.GUARDIAN,
        by_token=len(given) > verification.DIGITS,
    )
    return answered is not None


@area.post("/requests/<id:request_id>/guardian/answer")
def answer(request_id: str) -> Response:
    """Say yes or no, as the guardian who answered the code here."""
    with transaction(parts().engine) as session:
        found = door.visit().find(session, request_id, lock=True)
        if not standing.is_guardian(door.visit(), found):
            raise NotFound("there is no such request")
        row = guardians.waiting(session, found)
        said = call.form.get("answer", "")
        if said not in _ANSWERS:  # nothing said is no "no": that would end the child's request
            wrong = FieldError("answer", "says neither yes nor no", _ANSWERS)
            raise Invalid("the guardian said nothing", [wrong])
        guardians.said(session, found, row, yes=said == "yes", now=parts().now())
    return pages.go("portal-following.follow", request_id=request_id)
