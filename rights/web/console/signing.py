"""Between a password and the console: the second factor, set up once and asked for every time."""

from __future__ import annotations

from flask import request
from werkzeug import Response

from rights.domain.errors import Forbidden
from rights.services import ceremonies
from rights.services.staff_access import passkeys, second_factors, signing_in
from rights.services.staff_access.sessions import Stage
from rights.store.db import reading, transaction
from rights.web.console import door, pages, scanning
from rights.web.parts import parts

area = door.half("signing")
pages.errors(area)


@area.get("/code")
def code() -> Response:
    """Ask for the second factor."""
    stage, to = door.present().stage, door.own_path(request.args.get("to", ""))
    if stage is Stage.FULL:
        return pages.to(to)
    if stage is Stage.SET_UP:
        return pages.go("console-signing.set_up", to=to)
    return asked(to)


def asked(to: str, status: int = 200, *, wrong: tuple[str, ...] = ()) -> Response:
    """Return the page that asks for the second factor."""
    here = parts()
    with reading(here.engine) as session:
        known = bool(passkeys.listed(session, door.staff().id))
    usable = known and bool(ceremonies.relying_party(here.context.settings.console_address))
    return pages.page("code.html", status, to=to, wrong=wrong, passkeys=usable)


@area.post("/code")
def by_code() -> Response:
    """Let somebody all the way in."""
    here, to = parts(), door.own_path(request.form.get("to", ""))
    only(Stage.CODE)
    with transaction(here.engine) as session:
        given = request.form.get("code", "")
        secret = signing_in.by_code(session, here.context, door.present(), given, now=here.now())
    if secret is None:
        return asked(to, 401, wrong=(pages.said().say("sign_in", "wrong_code"),))
    response = pages.to(to)
    door.keep(response, secret)
    return response


@area.get("/set-up")
def set_up() -> Response:
    """Show the secret of a new authenticator app."""
    if door.present().stage is Stage.CODE:
        return pages.go("console-signing.code")
    return _shown([], 200)


def _shown(wrong: list[str], status: int) -> Response:
    here = parts()
    with transaction(here.engine) as session:
        issuer = pages.said().either(here.context.datamap.controller.get("name", {})) or "rights"
        shown = second_factors.begin(session, here.context, door.present(), issuer=issuer)
    again = door.present().stage is Stage.FULL
    values = {"secret": shown.secret, "uri": shown.uri, "again": again, "wrong": wrong}
    return pages.page("set_up.html", status, scan=scanning.of(shown.uri), **values)


@area.post("/set-up")
def confirm() -> Response:
    """Let the new app count, and show the codes on paper, once."""
    here, present = parts(), door.present()
    if present.stage is Stage.CODE:
        raise Forbidden("the second factor in use now comes first", code="second_factor_first")
    if present.stage is Stage.FULL and not _proved():
        return _shown([pages.said().say("sign_in", "wrong_code")], 422)
    with transaction(here.engine) as session:
        given, now = request.form.get("code", ""), here.now()
        codes = second_factors.set_up(session, here.context, present, given, now=now)
        secret = (
            signing_in.entered(session, here.context, present, "app", now=now)
            if codes is not None
            else ""
        )
    if codes is None:
        return _shown([pages.said().say("sign_in", "wrong_code")], 422)
    response = pages.page("recovery.html", codes=codes)
    door.keep(response, secret)
    return response


def _proved() -> bool:
    """Return whether whoever sets another app up has the one in use: a session is not enough."""
    here, old = parts(), request.form.get("old", "")
    with transaction(here.engine) as session:
        return second_factors.proves(session, here.context, door.present(), old, now=here.now())


@area.post("/sign-out")
def sign_out() -> Response:
    """Sign out of this browser."""
    here = parts()
    with transaction(here.engine) as session:
        signing_in.out(session, door.present(), now=here.now())
    response = pages.go("console-entering.sign_in")
    door.keep(response, "")
    return response


def only(stage: Stage) -> None:
    """Make sure that somebody has come in just so far. Raises Forbidden."""
    if door.present().stage is not stage:
        raise Forbidden("this is not asked for now", code="second_factor_first")
