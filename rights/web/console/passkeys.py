"""Passkeys of staff: in place of a password, beside one, and on one's own account."""

from __future__ import annotations

import secrets
from typing import Any, Final

from flask import request
from werkzeug import Response

from rights.domain.errors import NotFound
from rights.services import ceremonies, key_challenges
from rights.services.staff_access import passkeys, provider, second_factors, sessions, signing_in
from rights.services.staff_access.sessions import Stage
from rights.store.db import reading, transaction
from rights.web.console import account, door, entering, pages, signing
from rights.web.parts import parts

outside = door.public("passkey-outside")
between = door.half("passkey-between")
inside = door.private("passkeys")
for _area in (outside, between, inside):
    pages.errors(_area)

_WORD: Final = "rights_staff_passkey"
_PATH: Final = f"{door.PREFIX}/sign-in/passkey"


# -- in place of a password ---------------------------------------------------------------------


@outside.post("/sign-in/passkey/options")
def options_alone() -> Response:
    """Give a browser what it needs to use a passkey, for the page's own script."""
    here, word = parts(), secrets.token_urlsafe(32)
    _offered()
    provider.allow_passwords(here.context.settings)
    here.limits.hit((here.limits.staff, request.remote_addr or "unknown"))
    with transaction(here.engine) as session:
        place = sessions.place(word)
        body = passkeys.to_enter_alone(session, here.context, place, now=here.now())
    response = _json(body)
    door.grant(response, _WORD, word, _PATH, int(key_challenges.LIFE.total_seconds()))
    return response


@outside.post("/sign-in/passkey")
def by_passkey_alone() -> Response:
    """Let somebody in whose passkey answered what this browser was asked."""
    here = parts()
    here.limits.hit((here.limits.staff, request.remote_addr or "unknown"))
    word, answer = request.cookies.get(_WORD, ""), request.form.get("answer", "")
    with transaction(here.engine) as session:
        secret = signing_in.by_passkey_alone(
            session, here.context, word, answer, agent=entering.agent(), now=here.now()
        )
    to = request.form.get("to", "")
    if secret is None:
        return entering.asked(to, 401, wrong=(pages.said().say("passkey", "wrong"),))
    response = pages.to(door.own_path(to))
    door.keep(response, secret)
    door.grant(response, _WORD, "", _PATH, 0)
    return response


# -- beside a password --------------------------------------------------------------------------


@between.post("/code/passkey/options")
def options_beside() -> Response:
    """Give a browser what it needs to use one of the passkeys of whoever gave a password."""
    here, present = parts(), door.present()
    _offered()
    signing.only(Stage.CODE)
    with transaction(here.engine) as session:
        return _json(passkeys.to_enter(session, here.context, present, now=here.now()))


@between.post("/code/passkey")
def by_passkey() -> Response:
    """Let somebody all the way in."""
    here, to = parts(), door.own_path(request.form.get("to", ""))
    signing.only(Stage.CODE)
    with transaction(here.engine) as session:
        answer = request.form.get("answer", "")
        secret = signing_in.by_passkey(
            session, here.context, door.present(), answer, now=here.now()
        )
    if secret is None:
        return signing.asked(to, 401, wrong=(pages.said().say("passkey", "wrong"),))
    response = pages.to(to)
    door.keep(response, secret)
    return response


# -- on one's own account -----------------------------------------------------------------------


@inside.get("/account/passkeys")
def listed() -> Response:
    """Show one's passkeys."""
    return _shown()


@inside.post("/account/passkeys/options")
def options_to_add() -> Response:
    """Give a browser what it needs to make a passkey, for the page's own script."""
    here = parts()
    _offered()
    with transaction(here.engine) as session:
        return _json(passkeys.to_add(session, here.context, door.present(), now=here.now()))


@inside.post("/account/passkeys")
def add() -> Response:
    """Keep the passkey that a browser made, for whom gives a code of the factor in use."""
    here, present = parts(), door.present()
    _offered()
    if not _proved():
        return _shown(422, wrong=("sign_in", "wrong_code"))
    with transaction(here.engine) as session:
        answer, name = request.form.get("answer", ""), request.form.get("name", "")
        made = passkeys.add(session, here.context, present, answer, name, now=here.now())
    if made is None:
        return _shown(422, wrong=("passkey", "not_added"))
    return pages.go("console-passkeys.listed")


@inside.post("/account/passkeys/<id:key_id>/remove")
def remove(key_id: str) -> Response:
    """Forget a passkey, for whom gives a code of the factor in use."""
    here = parts()
    if not _proved():
        return _shown(422, wrong=("sign_in", "wrong_code"))
    with transaction(here.engine) as session:
        passkeys.remove(session, door.present(), key_id, now=here.now())
    return pages.go("console-passkeys.listed")


def _proved() -> bool:
    here, code = parts(), request.form.get("code", "")
    with transaction(here.engine) as session:
        return second_factors.proves(session, here.context, door.present(), code, now=here.now())


def _shown(status: int = 200, *, wrong: tuple[str, str] | None = None) -> Response:
    here = parts()
    with reading(here.engine) as session:
        rows = [_line(one) for one in passkeys.listed(session, door.staff().id)]
    return pages.page(
        "passkeys.html",
        status,
        rows=rows,
        room=len(rows) < passkeys.MOST and account.has_app(),
        usable=bool(ceremonies.relying_party(here.context.settings.console_address)),
        wrong=[pages.said().say(*wrong)] if wrong else [],
    )


def _line(key: Any) -> dict[str, Any]:
    content = passkeys.content_of(parts().context, key)
    return {
        "id": key.id,
        "name": content.name,
        "since": pages.day(key.created_at),
        "used": pages.moment(key.last_used_at) if key.last_used_at else "",
    }


def _offered() -> None:
    if not ceremonies.relying_party(parts().context.settings.console_address):
        raise NotFound("browsers make no passkeys for this address")


def _json(body: bytes) -> Response:
    return Response(body, content_type="application/json")
