"""
Finding a request or complaint again by its reference and a code to the address it was made with.

What is said is the same whether there is such a reference or not. Source: NDSR 23; PIPL 50.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from flask import request as call
from sqlmodel import Session
from werkzeug import Response

from rights.domain.errors import Conflict, Invalid, NotFound, TooMany, Unauthenticated
from rights.services import (
    complaints,
    contacts,
    earlier,
    portal_sessions,
    proving,
    reaching,
    requests,
    verification,
)
from rights.store.db import transaction
from rights.store.ids import ID
from rights.store.models import Challenge, Complaint, Request
from rights.web.parts import parts
from rights.web.portal import door, pages

area = door.private("finding")
pages.errors(area)

CODE: Final = 1
"""The level that control of one address is worth."""


@area.get("/find")
def find() -> Response:
    """Ask for the reference."""
    return _page()


@area.post("/find")
def send() -> Response:
    """Send a code to a contact of the request, if there is one; say the same in any case."""
    reference = _reference()
    door.slowly(reference)
    with transaction(parts().engine) as session:
        try:
            _start(session, _found(session, reference))
        except (NotFound, Conflict, TooMany, Invalid):
            pass  # whoever has the address sees the message; whoever has not learns nothing
    return _page(reference, sent=True)


@area.post("/find/open")
def unlock() -> Response:
    """Check the code; what it was sent for is this browser's to see from then on."""
    reference = _reference()
    door.slowly(reference)
    right, found = False, None
    with transaction(parts().engine) as session:
        try:
            found = _found(session, reference)
            answered = _answered(session, found)
        except (NotFound, Unauthenticated, TooMany):
            answered = None
        if answered is not None and found is not None:
            right = True
            _remember(session, found, answered)
    if right and isinstance(found, Complaint):
        return pages.go("portal-complaining.show", complaint_id=reference)
    if right:
        return pages.go("portal-following.follow", request_id=reference)
    said = pages.said().say("problem", "wrong_code", "about")
    return _page(reference, sent=True, wrong=[said])


def _page(reference: str = "", *, sent: bool = False, wrong: Sequence[str] = ()) -> Response:
    """Return the page; it offers every way there is, whatever the request has."""
    every = dict.fromkeys(contacts.ways(parts().context).values())
    by = [(str(way), pages.said().say("proofs", "by", str(way))) for way in every]
    return pages.page(
        "find.html",
        401 if wrong else 200,
        reference=reference,
        sent=sent,
        wrong=wrong,
        sends=by if len(by) > 1 else [],
    )


def _remember(session: Session, found: Request | Complaint, answered: Challenge) -> None:
    """Let this visit see what was found; a code of each of two contacts is worth two levels."""
    here, context, now = door.visit(), parts().context, parts().now()
    earlier.note(session, context, here, answered, now=now)
    if isinstance(found, Complaint):
        portal_sessions.remember(session, here, found.id, level=CODE)
        return
    level = earlier.level_for(session, context, here, found, now=now)
    portal_sessions.remember(session, here, found.id, level=level)


def _reference() -> str:
    return call.form.get("reference", "").strip().lower()[:64]


def _found(session: Session, reference: str) -> Request | Complaint:
    if not ID.fullmatch(reference):
        raise NotFound("there is no such request")
    backend_id = door.visit().backend_id
    try:
        return requests.find(session, reference, backend_id=backend_id, lock=True)
    except NotFound:
        return complaints.find(session, reference, backend_id=backend_id, lock=True)


def _start(session: Session, found: Request | Complaint) -> None:
    context, now, to = parts().context, parts().now(), _way(session, found)
    if isinstance(found, Complaint):
        complaints.send_code(session, context, found, now=now, to=to)
    else:
        proving.start(session, context, found, purpose=verification.VISIT, now=now, to=to)


def _way(session: Session, found: Request | Complaint) -> str:
    """Return the type of the contact that is reached the way that was chosen."""
    chosen = call.form.get("to", "")
    how = contacts.ways(parts().context)
    rows = contacts.reachable(parts().context, reaching.rows(session, found, verification.VISIT))
    fits = [row.type for row in rows if chosen in (row.type, str(how[row.type]))]
    return fits[0] if fits else chosen


def _answered(session: Session, found: Request | Complaint) -> Challenge | None:
    given = call.form.get("code", "").strip()
    by_token = len(given) > verification.DIGITS
    context, now = parts().context, parts().now()
    return verification.answer(
        session, context, found, given, now=now, purpose=verification.VISIT, by_token=by_token
    )
