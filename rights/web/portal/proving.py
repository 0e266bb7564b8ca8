"""Making sure who asks: codes to the contacts that were given, for a request or for its copy."""

from __future__ import annotations

import math

from flask import request as call
from sqlmodel import Session
from werkzeug import Response

from rights.domain.errors import Invalid, RightsError, TooMany, Unauthenticated
from rights.services import earlier, proving, verification
from rights.services.proving import Answered
from rights.store.db import transaction
from rights.store.models import Request
from rights.web.parts import parts
from rights.web.portal import door, pages, proofs
from rights.web.portal.following import shown
from rights.web.portal.proofs import PROVING

area = door.private("proving")
pages.errors(area)


@area.post("/requests/<id:request_id>/code")
def send(request_id: str) -> Response:
    """Send a fresh code to the contact that was chosen; older ones to it stop working."""
    door.slowly(request_id)
    to, sent = call.form.get("to", ""), None
    try:
        with transaction(parts().engine) as session:
            found = door.visit().find(session, request_id, lock=True)
            if found.state in PROVING:  # else it needs no more proof: a second click, most likely
                context, now = parts().context, parts().now()
                proving.start(session, context, found, purpose="request", now=now, to=to)
                sent = 1
    except Invalid:  # no button of ours says that
        return shown(request_id, wrong=[pages.said().say("proofs", "nowhere")], status=422)
    return pages.go("portal-following.follow", request_id=request_id, _anchor="prove", sent=sent)


@area.post("/requests/<id:request_id>/proof")
def prove(request_id: str) -> Response:
    """Check the code. A wrong one is counted, then shown beside the field."""
    door.slowly(request_id)
    wrong: RightsError | None = None
    answered: Answered | None = None
    with transaction(parts().engine) as session:
        found = door.visit().find(session, request_id, lock=True)
        needless = found.state not in PROVING  # a second click, most likely: it proves nothing
        try:
            answered = None if needless else _answered(session, found)
        except (Unauthenticated, TooMany) as error:
            wrong = error
        if answered is not None and answered.challenge is not None:
            here, now = door.visit(), parts().now()
            earlier.note(session, parts().context, here, answered.challenge, now=now)
            proofs.remember(session, found)
    if answered or needless:
        # No anchor: a page at one is not renewed by browsers without scripts.
        return pages.go("portal-following.follow", request_id=request_id)
    return refused(request_id, wrong or verification.refused())


@area.post("/requests/<id:request_id>/earlier")
def go_on(request_id: str) -> Response:
    """Let what was proved earlier in this visit count for a request that waits for a proof."""
    door.slowly(request_id)
    with transaction(parts().engine) as session:
        proofs.carry(session, door.visit().find(session, request_id, lock=True))
    return pages.go("portal-following.follow", request_id=request_id, _anchor="prove")


def refused(request_id: str, wrong: RightsError) -> Response:
    """Show the page of a request, with what was wrong about a code beside it."""
    said = pages.said().say("problem", wrong.code, "about")
    if not isinstance(wrong, TooMany):
        return shown(request_id, wrong=[said], status=401)
    response = shown(request_id, wrong=[said], status=429)
    response.headers["Retry-After"] = str(math.ceil(wrong.retry_after.total_seconds()))
    return response


def _answered(session: Session, found: Request) -> Answered | None:
    given = call.form.get("code", "").strip()
    # The mail has a long token beside the six digits, for those who would rather paste.
    token = given if len(given) > verification.DIGITS else None
    return proving.answer(
        session,
        parts().context,
        found,
        code=None if token else given,
        token=token,
        proof=None,
        cap=door.caller().level_cap,
        now=parts().now(),
    )
