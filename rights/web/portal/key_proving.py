"""
Proving a request, or a download, with a passkey or the code of an authenticator app.

Offered to whom a product vouches for and who has such a key; nobody else learns that there is one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from flask import g
from flask import request as call
from sqlmodel import Session
from werkzeug import Response

from rights.domain.errors import LevelTooLow
from rights.services import key_proofs, packages, passkeys, person_keys
from rights.services.person_keys import Used
from rights.services.portal import Person
from rights.store.db import transaction
from rights.store.models import Request
from rights.web.parts import parts
from rights.web.portal import door, downloading, key_offers, keys, pages
from rights.web.portal.following import shown
from rights.web.portal.proofs import PROVING

area = door.private("key-proving")
pages.errors(area)

_REQUEST: Final = "request"
_KEY_REFUSED: Final = "key_refused"
_YOUNG: Final = "key_young"


@area.get("/requests/<id:request_id>/key/<path:action>")
def again(request_id: str, action: str) -> Response:
    """Lead back from the address of a form that somebody loads anew."""
    del action
    return pages.go("portal-following.follow", request_id=request_id)


@area.post("/requests/<id:request_id>/key/options")
def options(request_id: str) -> Response:
    """Give a browser what it needs to prove a request with a passkey."""
    return _options(request_id, _REQUEST)


@area.post("/requests/<id:request_id>/key/packages/<id:package_id>/options")
def options_of_package(request_id: str, package_id: str) -> Response:
    """Give a browser what it needs to prove a download with a passkey."""
    return _options(request_id, package_id)


@area.post("/requests/<id:request_id>/key/proof")
def prove(request_id: str) -> Response:
    """Prove a request."""
    here = parts()

    def count(session: Session, who: Person, found: Request, used: Used) -> str:
        key_proofs.prove(
            session, here.context, who, found, used, cap=door.caller().level_cap, now=here.now()
        )
        return "" if used.trusted or found.state not in PROVING else _YOUNG

    code = _answered(request_id, _REQUEST, count)
    if code:
        return _refused(request_id, code)
    return pages.go("portal-following.follow", request_id=request_id)


@area.post("/requests/<id:request_id>/key/packages/<id:package_id>/open")
def unlock(request_id: str, package_id: str) -> Response:
    """Prove a download and begin it."""
    here, cap = parts(), door.caller().level_cap
    granted: list[packages.Granted] = []

    def count(session: Session, who: Person, found: Request, used: Used) -> str:
        package = packages.find(session, found, package_id)
        reached = key_proofs.fresh(session, who, found, used, cap=cap, now=here.now())
        if reached < found.level_needed:
            # Said after what was used up is committed.
            return LevelTooLow.code if used.trusted else _YOUNG
        new = packages.grant(
            session, here.context, found, package, level=reached, actor="subject", now=here.now()
        )
        granted.append(new)
        return ""

    code = _answered(request_id, package_id, count)
    if code or not granted:
        return _refused(request_id, code)
    return downloading.begin(request_id, package_id, granted[0])


Count = Callable[[Session, Person, Request, Used], str]


def _answered(request_id: str, about: str, count: Count) -> str:
    """
    Let a key that was proved count; return the code of what went wrong, if anything did.

    What was tried and is wrong is committed before it is refused.

    Raises:
        TooMany: there were too many wrong codes.
    """
    door.slowly(request_id)
    with transaction(parts().engine) as session:
        found = door.visit().find(session, request_id, lock=True)
        if about == _REQUEST and found.state not in PROVING:
            return ""  # a second click, most likely: it proves nothing
        used = _used(session, found, about)
        return _KEY_REFUSED if used is None else count(session, door.person(), found, used)


def _used(session: Session, found: Request, about: str) -> Used | None:
    here, who = parts(), door.person()
    answer = call.form.get("answer", "")
    if not answer:
        given = call.form.get("totp", "")
        return key_proofs.by_code(
            session, here.context, who, found, given, locale=g.language, now=here.now()
        )
    return key_proofs.by_passkey(
        session,
        here.context,
        who,
        found,
        answer,
        place=keys.place(),
        about=_about(found, about),
        locale=g.language,
        now=here.now(),
    )


def _options(request_id: str, about: str) -> Response:
    here = parts()
    door.slowly(request_id)
    with transaction(here.engine) as session:
        found = door.visit().find(session, request_id)
        who = door.person()
        mine = key_proofs.usable(session, here.context, who, found)
        old = [key for key in mine if person_keys.trusted(here.context, key, here.now())]
        if not key_offers.passkeys_among(old):
            raise key_proofs.refused()
        body = passkeys.to_prove(
            session, here.context, who, keys.place(), _about(found, about), now=here.now()
        )
    return Response(body, content_type="application/json")


def _about(found: Request, about: str) -> str:
    """Return what a challenge is for: one request, and proving it or one download of it."""
    return f"{found.id}|{about}"


def _refused(request_id: str, code: str) -> Response:
    said = pages.said().say("problem", code or _KEY_REFUSED, "about")
    return shown(request_id, wrong=[said], status=401)
