"""
Going on at once with what somebody chose to wait for: by a form, and never by a page that opens.

Source: NDSR 23; E-Commerce Law 24; GB/T 35273-2020 8.5.
"""

from __future__ import annotations

from flask import request as call
from sqlmodel import Session
from werkzeug import Response

from rights.domain.errors import RightsError, TooMany, Unauthenticated
from rights.services import cooling, proving, verification
from rights.services.reaching import PROCEED
from rights.store.db import transaction
from rights.store.models import Request
from rights.web.parts import parts
from rights.web.portal import door, pages, proofs
from rights.web.portal.proving import refused

area = door.private("pausing")
pages.errors(area)


@area.post("/requests/<id:request_id>/proceed/code")
def send(request_id: str) -> Response:
    """Send a code with which it goes on at once."""
    door.slowly(request_id)
    with transaction(parts().engine) as session:
        found = door.visit().acts(session, request_id)
        context, now, to = parts().context, parts().now(), call.form.get("to", "")
        proving.start(session, context, found, purpose=PROCEED, now=now, to=to)
    return pages.go("portal-following.follow", request_id=request_id, _anchor="pause", sent=1)


@area.post("/requests/<id:request_id>/proceed")
def proceed(request_id: str) -> Response:
    """Go on at once, with a proof as strong as that of the request."""
    door.slowly(request_id)
    wrong: RightsError | None = None
    with transaction(parts().engine) as session:
        found = door.visit().acts(session, request_id)
        cooling.waiting(found)
        try:
            if not _go_on(session, found):
                wrong = verification.refused()
        except (Unauthenticated, TooMany) as error:  # of a level that is too low, too
            wrong = error
    if wrong is not None:
        return refused(request_id, wrong)
    return pages.go("portal-following.follow", request_id=request_id)


def _go_on(session: Session, found: Request) -> bool:
    """Go on; return False when a code was wrong."""
    here, now = door.visit(), parts().now()
    given = call.form.get("code", "").strip()
    if given and not proofs.answered(session, found, given, PROCEED):
        return False
    level = proofs.fresh_level(session, here, found, PROCEED)
    cooling.proceed(session, found, level=level, actor="subject", now=now)
    return True
