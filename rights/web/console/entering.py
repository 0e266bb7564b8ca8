"""The first steps into the console: a name and a password, or a link with which one is set."""

from __future__ import annotations

from flask import request
from werkzeug import Response

from rights.domain.errors import Invalid
from rights.services import ceremonies
from rights.services.staff_access import accounts, provider, signing_in
from rights.store.db import reading, transaction
from rights.web.console import door, pages
from rights.web.parts import parts

area = door.public("entering")
pages.errors(area)


@area.get("/sign-in")
def sign_in() -> Response:
    """Ask who it is."""
    return asked(request.args.get("to", ""))


def asked(to: str, status: int = 200, *, wrong: tuple[str, ...] = ()) -> Response:
    """Return the page that asks who it is."""
    settings = parts().context.settings
    return pages.page(
        "sign_in.html",
        status,
        to=to,
        wrong=wrong,
        provider=bool(settings.staff_oidc_issuer),
        passwords=not settings.staff_oidc_only,
        passkeys=bool(ceremonies.relying_party(settings.console_address)),
    )


@area.post("/sign-in")
def by_password() -> Response:
    """Let somebody in as far as the second factor."""
    here = parts()
    here.limits.hit((here.limits.staff, request.remote_addr or "unknown"))
    name, password = request.form.get("name", ""), request.form.get("password", "")
    with transaction(here.engine) as session:
        secret = signing_in.by_password(
            session, here.context, name, password, agent=agent(), now=here.now()
        )
    to = request.form.get("to", "")
    if secret is None:
        return asked(to, 401, wrong=(pages.said().say("sign_in", "wrong"),))
    response = pages.go("console-signing.code", to=door.own_path(to))
    door.keep(response, secret)
    return response


def agent() -> str:
    """Return what a browser calls itself, as far as it can be printed."""
    return "".join(c for c in request.headers.get("User-Agent", "") if c.isprintable())


@area.get("/invitation")
def invitation() -> Response:
    """Ask for a password, for whom somebody sent a link."""
    here, token = parts(), request.args.get("w", "")
    provider.allow_passwords(here.context.settings)
    with reading(here.engine) as session:
        staff = accounts.invited(session, token, now=here.now())
    return pages.page("invitation.html", token=token, name=staff.name, wrong=[])


@area.post("/invitation")
def accept() -> Response:
    """Set a password with a link; signing in comes next."""
    here, token = parts(), request.form.get("w", "")
    provider.allow_passwords(here.context.settings)
    here.limits.hit((here.limits.staff, request.remote_addr or "unknown"))
    password, again = request.form.get("password", ""), request.form.get("again", "")
    with reading(here.engine) as session:
        name = accounts.invited(session, token, now=here.now()).name
    if password != again:
        wrong = [pages.said().say("account", "differ")]
        return pages.page("invitation.html", 422, token=token, name=name, wrong=wrong)
    try:
        with transaction(here.engine) as session:
            accounts.accept(session, token, password, now=here.now())
    except Invalid:
        wrong = [pages.said().say("account", "password_rules")]
        return pages.page("invitation.html", 422, token=token, name=name, wrong=wrong)
    return pages.go("console-entering.sign_in")
