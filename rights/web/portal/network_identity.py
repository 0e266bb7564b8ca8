"""
Going to the national network identity service and coming back, by a person's own choice.

It is shown beside the other ways and never in their place: what goes wrong there leads back to the
page that offers them all. Source: NDSR 43.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from flask import g
from flask import request as call
from sqlmodel import Session
from werkzeug import Response

from rights.domain.errors import LevelTooLow, RightsError, TooMany, Unavailable
from rights.domain.policy import NETWORK_IDENTITY
from rights.services import ways
from rights.services.network_identity import beginning, bridges, visits
from rights.services.network_identity.bridge import BACK, Bridge
from rights.services.ways.network_identity import STATE, TICKET
from rights.store.db import transaction
from rights.store.models import Request
from rights.web.parts import parts
from rights.web.portal import door, pages
from rights.web.portal.following import shown
from rights.web.portal.matching import too_often
from rights.web.portal.provable import knows, visit_of

area = door.private("network-identity")
pages.errors(area)

_FOLLOW: Final = "portal-following.follow"


@area.post("/requests/<id:request_id>/network-identity")
def begin(request_id: str) -> Response:
    """Send somebody there; a bridge that does not answer leaves them where all ways are."""
    door.alone()
    door.slowly(request_id)
    here, visit = parts(), door.visit()
    try:
        bridge = _bridge(request_id)
        begun = visits.begin(bridge, request_id, visit_of(visit), now=here.now())
        back = here.context.settings.base_url.rstrip("/") + BACK
        there = beginning.place(here.bridges, bridge, begun, back=back, language=g.language)
    except Unavailable as error:
        said = pages.said().say("problem", error.code, "about")
        return shown(request_id, wrong=[said], status=503)
    except TooMany as error:
        return too_often(request_id, error)
    with transaction(here.engine) as session:
        visits.note(session, here.context.vault, bridge, begun)
    return _going(there)


def _bridge(request_id: str) -> Bridge:
    """Return the bridge, once going there could lead anywhere. Raises why it could not."""
    here, visit, now = parts(), door.visit(), parts().now()
    refused: RightsError | None = None
    bridge: Bridge | None = None
    with transaction(here.engine) as session:
        found = visit.find(session, request_id, lock=True)
        if not knows(visit, found):
            raise LevelTooLow("answer the code first: what is held depends on who asks")
        refused = ways.not_open(
            session, here.context, found, NETWORK_IDENTITY, actor="subject", now=now
        )
        if refused is None:
            beginning.check(session, here.context, found, now=now)
            bridge = bridges.find(session, here.context, found.backend_id)
    if bridge is None:  # that it was tried is on record; only then is it refused
        raise refused or visits.over()
    return bridge


def _going(there: str) -> Response:
    """Return the page that leads on by itself, as on the way to a place to sign in."""
    host = urlsplit(there).hostname
    response = pages.page("network_identity_going.html", host=host, there=there)
    response.headers["Refresh"] = f"0; url={there}"
    return response


@area.get(BACK.removeprefix("/portal"))
def back() -> Response:
    """Take somebody back, in the browser in which they left, once."""
    door.alone()
    state, ticket = call.args.get(STATE, ""), call.args.get(TICKET, "")
    refused: RightsError | None = None
    with transaction(parts().engine) as session:
        request_id = visits.request_of(session, state, visit_of(door.visit()))
        found = door.visit().find(session, request_id, lock=True)
        try:
            if ticket:
                refused = _taken(session, found, {STATE: state, TICKET: ticket})
        except TooMany as error:
            refused = error
    if isinstance(refused, TooMany):
        return too_often(request_id, refused)
    if refused is not None:
        raise refused
    return pages.go(_FOLLOW, request_id=request_id, left=None if ticket else 1)


def _taken(session: Session, found: Request, values: dict[str, str]) -> RightsError | None:
    """Have the bridge asked; return the refusal where this way is not open any more."""
    context, now = parts().context, parts().now()
    closed = ways.not_open(session, context, found, NETWORK_IDENTITY, actor="subject", now=now)
    if closed is None:
        given = ways.Given(values, door.caller(), visit_of(door.visit()))
        ways.take(session, context, found, NETWORK_IDENTITY, given, now=now)
    return closed


@area.get("/requests/<id:request_id>/network-identity")
def again(request_id: str) -> Response:
    """Lead back from the address of the form."""
    return pages.go(_FOLLOW, request_id=request_id)
