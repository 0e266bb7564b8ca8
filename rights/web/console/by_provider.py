"""
Signing in at the company's own provider.

Going there and coming back are pages that go on by themselves, with a link. A browser holds a
redirect after a form against the form's page; and it sends the session's cookie with what a page
of ours asks for, not with what the provider redirects to.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from flask import g, request, url_for
from werkzeug import Response

from rights.domain.errors import NotFound, RightsError
from rights.services.sign_in import pending
from rights.services.sign_in.pending import Begun, Purpose
from rights.services.sign_in.provider import STAFF, Provider
from rights.services.staff_access import by_provider
from rights.services.staff_access import provider as company
from rights.store.db import transaction
from rights.web import sign_in_cookies
from rights.web.console import door, entering, pages
from rights.web.parts import parts

area = door.public("provider")
pages.errors(area)

_WORD: Final = "rights_staff_sign_in_"
_PATH: Final = f"{door.PREFIX}/sign-in"
_LONGEST: Final = 1000
"""Characters of where somebody was going: the register keeps them for ten minutes."""


@area.post("/sign-in/provider")
def begin() -> Response:
    """Send somebody to the provider."""
    from rights.services.sign_in import flow  # noqa: PLC0415 - only where somebody signs in

    here, provider = parts(), _provider()
    here.limits.hit((here.limits.staff, request.remote_addr or "unknown"))
    to = door.own_path(request.form.get("to", "")[:_LONGEST])
    begun = pending.begin(Purpose(provider.issuer, view=to), now=here.now())
    there = flow.start(
        provider, here.directory, begun, back=_back(), language=g.language, strong=True
    )
    with transaction(here.engine) as session:
        pending.note(session, here.context.vault, STAFF, begun)
    response = _going("going", there)
    _remember(response, begun)
    return response


@area.get("/sign-in/back")
def back() -> Response:
    """Let somebody in who comes back from the provider, in the browser in which they left, once."""
    from rights.services.sign_in import flow  # noqa: PLC0415 - only where somebody signs in

    here, now, provider = parts(), parts().now(), _provider()
    state = request.args.get("state", "")
    cookie = sign_in_cookies.name(_WORD, state)
    word = request.cookies.get(cookie, "")
    with transaction(here.engine) as session:
        begun = pending.take(session, here.context.vault, STAFF, state, word, now=now)
    said = request.args.to_dict()
    claims = flow.claims(provider, here.directory, begun, said, back=_back(), now=now)
    with transaction(here.engine) as session:
        made = by_provider.come_in(
            session, here.context, provider, claims, agent=entering.agent(), now=now
        )
    if isinstance(made, RightsError):
        raise made
    # Asks for a code where one is needed still, and goes on from there.
    response = _going("come", url_for("console-signing.code", to=begun.purpose.view))
    door.keep(response, made)
    door.grant(response, cookie, "", _PATH, 0)
    return response


def _provider() -> Provider:
    found = company.of(parts().context.settings)
    if found is None:
        raise NotFound("there is no such provider")
    return found


def _back() -> str:
    return parts().context.settings.console_address.rstrip("/") + company.BACK


def _going(words: str, there: str) -> Response:
    """Return a page that goes on by itself."""
    host = urlsplit(there).hostname or ""
    response = pages.page("going.html", words=words, host=host, there=there)
    response.headers["Refresh"] = f"0; url={there}"
    return response


def _remember(response: Response, begun: Begun) -> None:
    for name in sign_in_cookies.surplus(_WORD, request.cookies):
        door.grant(response, name, "", _PATH, 0)
    name = sign_in_cookies.name(_WORD, begun.state)
    door.grant(response, name, begun.word, _PATH, sign_in_cookies.SECONDS)
