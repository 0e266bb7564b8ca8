"""
The door of the console: who is signed in, what they may look at, whether a form is ours.

Nobody frames it, and no other site's link acts in it: the cookie is sent with its own pages only.

Source: NDSR 9; PIPL 51.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from flask import Blueprint, g, redirect, request, url_for
from werkzeug import Response

from rights.domain import duties
from rights.domain.duties import Act
from rights.domain.errors import Forbidden, Unauthenticated
from rights.services.staff_access.sessions import Present, Stage
from rights.services.words import LANGUAGES
from rights.store.models import Staff
from rights.web import language, problems
from rights.web.auth import STAFF_COOKIE, Guard, enter
from rights.web.console import noting, renewing
from rights.web.parts import parts

PREFIX: Final = "/console"
_FORM_BYTES: Final = 2**20
_HOUR_S: Final = 3_600
_YEAR_S: Final = 31_536_000
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_STEPS: Final = {Stage.CODE: "console-signing.code", Stage.SET_UP: "console-signing.set_up"}
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def public(name: str) -> Blueprint:
    """Return a blueprint of pages for whoever is not signed in yet."""
    made = _blueprint(name, Guard.PUBLIC)
    made.before_request(_public)
    return made


def half(name: str) -> Blueprint:
    """Return a blueprint of pages between a password and a second factor."""
    made = _blueprint(name, Guard.STAFF)
    made.before_request(lambda: _come_in(None))
    return made


def private(name: str, act: Act = Act.LOOK) -> Blueprint:
    """
    Return a blueprint of pages for members of staff who are signed in.

    Args:
        act: What somebody must be allowed to do to see any of them.
    """
    made = _blueprint(name, Guard.STAFF)
    made.before_request(lambda: _come_in(act))
    return made


def taking(name: str, most: Callable[[], int]) -> Blueprint:
    """
    Return a blueprint of forms that may bring documents.

    Args:
        most: Bytes of a form of whoever is here, asked before any of it is read; less than any
            form may have is no limit of its own.
    """
    made = _blueprint(name, Guard.STAFF)
    made.before_request(lambda: _take_in(most))
    return made


def _blueprint(name: str, guard: Guard) -> Blueprint:
    made = Blueprint(f"console-{name}", __name__, url_prefix=PREFIX)
    made.guard = guard  # type: ignore[attr-defined]  # for the test of guards
    made.after_request(_dress)
    return made


def _public() -> None:
    _bounded()
    enter(Guard.PUBLIC, "")
    if request.method == "POST" and request.headers.get("Origin", "") not in ("", *_own()):
        raise _forged()


def _come_in(act: Act | None) -> Response | None:
    _bounded()
    try:
        _enter()
    except Unauthenticated:
        if request.method == "POST":
            raise  # what somebody typed is not thrown away without a word
        return _to_sign_in()
    if request.method == "POST":
        _ours(present())
    if act is None:
        return None
    if present().stage is not Stage.FULL:
        return redirect(url_for(_STEPS[present().stage]), 303)
    duties.check(present().staff.roles, act)
    return None


def _take_in(most: Callable[[], int]) -> Response | None:
    request.max_content_length = request.max_form_memory_size = _FORM_BYTES
    _enter()  # by the cookie alone: nothing of the form is read yet
    if present().stage is not Stage.FULL:
        return redirect(url_for(_STEPS[present().stage]), 303)
    duties.check(present().staff.roles, Act.LOOK)
    _bounded(max(most(), _FORM_BYTES))
    _ours(present())
    return None


def _enter() -> None:
    """Let in whoever has a session; that somebody came with one that is over is an entry."""
    try:
        enter(Guard.STAFF, "")
    except Unauthenticated as error:
        g.language = language.chosen()
        noting.note_over(error)
        raise


def _bounded(most: int = _FORM_BYTES) -> None:
    request.max_content_length, request.max_form_memory_size = most, _FORM_BYTES
    g.language = language.chosen()
    for said in (request.args, request.form):
        if any("\x00" in one for pair in said.items(multi=True) for one in pair):
            raise problems.Problem("bad_request")  # no database takes it


def _to_sign_in() -> Response:
    there = renewing.plain() if request.path != f"{PREFIX}/" else ""
    return redirect(url_for("console-entering.sign_in", to=there or None), 303)


def _ours(here: Present) -> None:
    """Refuse a form that another page made. Raises Forbidden."""
    origin, given = request.headers.get("Origin"), request.form.get("key", "")
    fits = hmac.compare_digest(here.proof.encode(), given.encode())
    if (origin and origin not in _own()) or not fits:
        raise _forged()


def _forged() -> Forbidden:
    return Forbidden("the form did not come from this page", code="form_not_ours")


def _own() -> tuple[str, ...]:
    base = urlsplit(parts().context.settings.console_address)
    return f"{base.scheme}://{base.netloc}", request.host_url.rstrip("/")


def present() -> Present:
    """Return who is here; the guard has let them in."""
    found: Present = g.present
    return found


def staff() -> Staff:
    """Return the member of staff who is here."""
    return present().staff


def may(act: Act) -> bool:
    """Return whether whoever is here may do something: what they may not is not offered."""
    try:
        duties.check(staff().roles, act)
    except Forbidden:
        return False
    return True


def own_path(path: str) -> str:
    """Return *path* if it is one of the console's pages, else its first one."""
    fits = path.startswith(f"{PREFIX}/") and "\\" not in path and path.isprintable()
    return path if fits else f"{PREFIX}/"


def keep(response: Response, secret: str) -> None:
    """Give the browser its session, or take it away."""
    _cookie(response, STAFF_COOKIE, secret, parts().context.settings.staff_hours * _HOUR_S)


def grant(response: Response, name: str, value: str, path: str, seconds: int) -> None:
    """Give the browser something that comes back with it from another site, for one path only."""
    _cookie(response, name, value, seconds, path=path, site="Lax")


def _cookie(
    response: Response,
    name: str,
    value: str,
    seconds: int,
    *,
    path: str = PREFIX,
    site: str = "Strict",
) -> None:
    base = urlsplit(parts().context.settings.console_address)
    response.set_cookie(
        name,
        value,
        max_age=seconds if value else 0,
        path=path,
        secure=base.scheme == "https" or base.hostname in _LOOPBACK,
        httponly=True,
        samesite=site,
    )


def _dress(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", _POLICY)
    # A browser that is to send no referrer does not say either where a form comes from.
    response.headers.setdefault("Referrer-Policy", "same-origin")
    asked = language.asked()
    if asked in LANGUAGES and request.cookies.get(language.COOKIE) != asked:
        _cookie(response, language.COOKIE, asked, _YEAR_S)
    return response
