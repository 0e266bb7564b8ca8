"""One's own account: the password, the second factor, and where one is signed in."""

from __future__ import annotations

from typing import Any

from flask import request
from werkzeug import Response

from rights.domain.errors import Forbidden, Invalid
from rights.services.staff_access import accounts, provider, second_factors, sessions
from rights.store.db import reading, transaction
from rights.web.console import door, noting, pages
from rights.web.parts import parts

area = door.private("account")
pages.errors(area)


@area.get("/account")
def account() -> Response:
    """Show one's own account."""
    changed = request.args.get("done") == "password"
    return _shown(done=pages.said().say("account", "password_done") if changed else "")


def _shown(status: int = 200, *, wrong: tuple[str, ...] = (), done: str = "") -> Response:
    here, present = parts(), door.present()
    with reading(here.engine) as session:
        rows = sessions.of_staff(session, present.staff.id, now=here.now())
        listed = [_line(row, present.id) for row in rows]
        has = accounts.ways(session, present.staff)
    return pages.page(
        "account.html",
        status,
        sessions=listed,
        has=has,
        passwords=not here.context.settings.staff_oidc_only,
        roles=[pages.said().say("roles", one) for one in present.staff.roles],
        wrong=wrong,
        done=done,
    )


def has_app() -> bool:
    """Return whether whoever is here has an authenticator app here."""
    with reading(parts().engine) as session:
        return "app" in accounts.ways(session, door.staff())


def _line(row: Any, here: str) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "agent": row.agent,
        "since": pages.moment(row.created_at),
        "seen": pages.moment(row.seen_at),
        "here": row.id == here,
    }


@area.post("/account/password")
def password() -> Response:
    """Change the password; every other browser is signed out, this one goes on."""
    here, present, w = parts(), door.present(), pages.said()
    provider.allow_passwords(here.context.settings)
    old, new = request.form.get("old", ""), request.form.get("new", "")
    if new != request.form.get("again", ""):
        return _shown(422, wrong=(w.say("account", "differ"),))
    try:
        with transaction(here.engine) as session:
            secret = accounts.change_password(session, present, old, new, now=here.now())
    except Forbidden as error:
        with transaction(here.engine) as session:
            accounts.mistyped(session, present.staff, now=here.now())
        noting.note(error)
        return _shown(403, wrong=tuple(pages.refusal(error)))
    except Invalid:
        return _shown(422, wrong=(w.say("account", "password_rules"),))
    response = pages.go("console-account.account", done="password")
    door.keep(response, secret)
    return response


@area.post("/account/recovery")
def recovery() -> Response:
    """Show fresh codes on paper, once."""
    here, present = parts(), door.present()
    with transaction(here.engine) as session:
        codes = second_factors.paper(
            session, here.context, present, request.form.get("code", ""), now=here.now()
        )
    if codes is None:
        return _shown(422, wrong=(pages.said().say("sign_in", "wrong_code"),))
    return pages.page("recovery.html", codes=codes)


@area.post("/account/sessions")
def end() -> Response:
    """Sign out one browser, or all others."""
    here, present = parts(), door.present()
    with transaction(here.engine) as session:
        if request.form.get("which") == "others":
            sessions.end_others(session, present, now=here.now())
        else:
            sessions.end(session, present, request.form.get("which", ""), now=here.now())
    return pages.go("console-account.account")
