"""
Coming in and going out: with a product's word, without an account, and away again.

The token comes in the body of a form, never in an address: addresses are logged and remembered.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from flask import g, redirect, request, url_for
from werkzeug import Response

from rights.domain.errors import Forbidden, NotFound
from rights.services import portal, portal_sessions
from rights.store.db import transaction
from rights.store.ids import ID
from rights.store.models import Backend
from rights.web.auth import COOKIE
from rights.web.parts import parts
from rights.web.portal import door, pages, signalling

area = door.public("entering")
pages.errors(area)


_VIEWS: Final = MappingProxyType(
    {
        "": "portal-home.home",
        "home": "portal-home.home",
        "consents": "portal-consents.consents",
        "held": "portal-held.held",
        "complaint": "portal-complaint.ask",
        "keys": "portal-keys.keys",
        "tags": "portal-tags.tags",
        "conversations": "portal-conversations.conversations",
    }
)
"""Pages that a product may open at once, beside the form of each kind."""


@area.post("/enter")
def enter() -> Response:
    """Open the portal for whom a product vouches, if its own page asks for it."""
    here, origin = parts(), request.headers.get("Origin", "")
    g.framing = door.of_a_product(origin)
    now = here.now()
    who = portal.read(here.context, request.form.get("token", ""), now=now)
    known = here.keys.caller_of(who.backend_id).origins
    if origin and origin not in (*known, *door.own_origins()):
        g.framing = ()
        raise Forbidden("this page may not show the portal", code="foreign_origin")
    framed = origin if origin in known else ""
    with transaction(here.engine) as session:
        portal_sessions.end(session, request.cookies.get(COOKIE, ""))
        secret = portal_sessions.begin(
            session, here.context, who.backend_id, who, origin=framed, now=now
        )
        signalling.heard(session, who)
    response: Response = redirect(address(request.form.get("view", "")), 303)
    door.keep(response, secret, framed)
    return response


def address(asked: str) -> str:
    """Return the address of a page that may be opened at once; the first page for anything else."""
    if asked in parts().context.policy.kinds():
        return url_for("portal-asking.ask", kind=asked)
    return url_for(_VIEWS.get(asked, _VIEWS[""]))


def own_form() -> None:
    """Refuse a form of another page. Raises Forbidden."""
    if request.headers.get("Origin", "") not in ("", *door.own_origins()):
        raise Forbidden("the form did not come from this page", code="forged_form")


@area.post("/begin")
def begin() -> Response:
    """Open the portal without an account: nobody vouches for anybody."""
    here = parts()
    own_form()
    here.limits.hit((here.limits.begin, request.remote_addr or "unknown"))
    at = request.form.get("at", "")
    with transaction(here.engine) as session:
        backend = session.get(Backend, at) if ID.fullmatch(at) else None
        if backend is None or backend.closed_at is not None:
            raise NotFound("there is no such product")
        portal_sessions.end(session, request.cookies.get(COOKIE, ""))
        secret = portal_sessions.begin(session, here.context, backend.id, None, now=here.now())
    asked = request.form.get("view", "")
    response = pages.go("portal-complaint.ask" if asked == "complaint" else "portal-home.home")
    door.keep(response, secret, "")
    return response


@area.post("/leave")
def leave() -> Response:
    """Close the session of this browser."""
    own_form()
    response = pages.go("portal-home.home")
    door.leave(response)
    return response
