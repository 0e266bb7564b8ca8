"""
The door of the portal: whose session, which language, whether a form is ours, who may frame it.

Source: NDSR 9, 23; PIPL 51.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from flask import Blueprint, g, request
from sqlmodel import col, select
from werkzeug import Response

from rights.domain.errors import Forbidden, NotFound, Unauthenticated
from rights.services import portal_sessions
from rights.services.backends import Caller
from rights.services.portal import Person
from rights.services.portal_sessions import Visit
from rights.services.words import LANGUAGES
from rights.store.db import reading, transaction
from rights.store.models import Backend
from rights.web import auth, language
from rights.web.auth import COOKIE, Guard, Speaker, enter
from rights.web.parts import parts

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_FRAME: Final = "rights_frame"
_FRAMES: Final = frozenset({"iframe", "frame", "embed", "object"})
_PERMISSIONS: Final = "publickey-credentials-get=(self), publickey-credentials-create=(self)"
"""Passkeys are asked for by our own pages, and by nothing that stands in them."""
_FORM_BYTES: Final = 2**20
_DAY_S: Final = 86_400
_YEAR_S: Final = 31_536_000


def public(name: str) -> Blueprint:
    """Return a blueprint of pages that need no session."""
    return _blueprint(name, Guard.PUBLIC)


def private(
    name: str, *, most: int = _FORM_BYTES, first: Callable[[], None] | None = None
) -> Blueprint:
    """
    Return a blueprint of pages for whoever opened the portal; their forms are checked.

    Args:
        most: Bytes of a form.
        first: Refuses a call before anything of its form is read.
    """
    return _blueprint(name, Guard.SESSION, most, first)


def _blueprint(
    name: str,
    guard: Guard,
    most: int = _FORM_BYTES,
    first: Callable[[], None] | None = None,
) -> Blueprint:
    made = Blueprint(f"portal-{name}", __name__, url_prefix="/portal")
    made.guard = guard  # type: ignore[attr-defined]  # for the test of guards
    made.before_request(lambda: _come_in(guard, most, first))
    made.after_request(_dress)
    return made


def _come_in(guard: Guard, most: int, first: Callable[[], None] | None) -> None:
    # Texts of the longest kind, in Chinese, in every field of a form.
    request.max_content_length = request.max_form_memory_size = _FORM_BYTES
    if first is not None:
        enter(guard, "")
        first()
        request.max_content_length = most
        g.language = language.chosen()
    else:
        g.language = language.chosen()
        enter(guard, "")
    if guard is Guard.SESSION and request.method == "POST":
        _ours(visit())


def _ours(here: Visit) -> None:
    """Refuse a form that another page made. Raises Forbidden."""
    origin = request.headers.get("Origin")
    given = request.form.get("key", "")
    if (origin and origin not in own_origins()) or not hmac.compare_digest(
        here.proof.encode(), given.encode()
    ):
        raise Forbidden("the form did not come from this page", code="forged_form")


def own_origins() -> tuple[str, ...]:
    """Return under which origins people reach this service."""
    base = urlsplit(parts().context.settings.base_url)
    return f"{base.scheme}://{base.netloc}", request.host_url.rstrip("/")


def visit() -> Visit:
    """Return the session of this call; the guard has read it."""
    found: Visit = g.visit
    return found


def caller() -> Caller:
    """Return the product whose portal this is."""
    return parts().keys.caller_of(visit().backend_id)


def person() -> Person:
    """Return whom a product vouched for. Raises NotFound where nobody did."""
    found = visit().person
    if found is None:
        raise NotFound("this page is for people their product vouches for")
    return found


def speaker(who: Person) -> Speaker:
    """Return the speaker that services know for *who*."""
    return Speaker(caller(), who)


def slowly(about: str) -> None:
    """Count what costs others something, for this browser. Raises TooMany."""
    limits = parts().limits
    # Hashed: it may be what somebody typed, and Redis keeps nothing about people.
    name = hashlib.sha256(f"{visit().id}|{about}".encode()).hexdigest()[:32]
    limits.hit((limits.verification, name))


def known() -> Visit | None:
    """Return the session of this call on a page that needs none."""
    try:
        g.visit = auth.visit_of(request.cookies.get(COOKIE, ""))
    except Unauthenticated:
        return None
    return visit()


def keep(response: Response, secret: str, origin: str) -> None:
    """
    Give the browser its session; inside a frame of another site it is that frame's alone.

    Args:
        origin: Whose page shows the frame: kept beside it, so that the frame can still say that
            the session is over when it is.
    """
    _cookie(response, COOKIE, secret, parts().context.settings.portal_minutes * 60)
    _cookie(response, _FRAME, origin, _DAY_S if origin else 0)


def grant(response: Response, name: str, value: str, path: str, seconds: int) -> None:
    """Give the browser something for one path of the portal only."""
    _cookie(response, name, value, seconds, path)


def in_frame() -> bool:
    """Return whether this is a page inside a frame, as far as the browser tells."""
    told = request.headers.get("Sec-Fetch-Dest")
    return told in _FRAMES if told else bool(request.cookies.get(_FRAME))


def alone() -> None:
    """Refuse to go on inside a frame. Raises Forbidden."""
    if in_frame():
        raise Forbidden("this is not for a frame of another page", code="foreign_origin")


def leave(response: Response) -> None:
    """End the session in the register and in the browser."""
    with transaction(parts().engine) as session:
        portal_sessions.end(session, request.cookies.get(COOKIE, ""))
    _cookie(response, COOKIE, "", 0)


def _cookie(response: Response, name: str, value: str, seconds: int, path: str = "/portal") -> None:
    base = urlsplit(parts().context.settings.base_url)
    # A browser counts a page of this very machine as secure, and a frame's cookie has to be.
    secure = base.scheme == "https" or base.hostname in _LOOPBACK
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path=path,
        secure=secure,
        httponly=True,
        samesite="None" if secure else "Lax",
        partitioned=secure,
    )


def _dress(response: Response) -> Response:
    """Say who may show the page in a frame, and keep the language that was asked for."""
    framing = " ".join(_framing()) or "'none'"
    response.headers.setdefault(
        "Content-Security-Policy",
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; "
        f"frame-ancestors {framing}",
    )
    # A browser that is to send no referrer does not say either where a form comes from.
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("Permissions-Policy", _PERMISSIONS)
    asked = language.asked()
    if asked in LANGUAGES and request.cookies.get(language.COOKIE) != asked:
        _cookie(response, language.COOKIE, asked, _YEAR_S)
    return response


def _framing() -> tuple[str, ...]:
    if "framing" in g:
        found: tuple[str, ...] = g.framing
        return found
    here: Visit | None = g.get("visit")
    if here is None:
        return of_a_product(request.cookies.get(_FRAME, ""))
    return caller().origins if here.origin else ()


def of_a_product(origin: str) -> tuple[str, ...]:
    """Return *origin* if pages of a product of ours have it: they may show what went wrong."""
    if not origin:
        return ()
    with reading(parts().engine) as session:
        live = session.exec(select(Backend).where(col(Backend.closed_at).is_(None)))
        return (origin,) if any(origin in one.origins for one in live) else ()
