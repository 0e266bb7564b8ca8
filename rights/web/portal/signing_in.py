"""
Signing in at the company's own provider, on the portal's own page.

Going there is a page with a link that follows itself, not a redirect: a browser holds a redirect
after a form against the form's page and its policy, and whatever the provider leads on to with it.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from flask import g, redirect, url_for
from flask import request as call
from sqlmodel import Session
from werkzeug import Response

from rights.domain.errors import NotFound
from rights.domain.lifecycle import State
from rights.domain.representation import Role
from rights.services import not_me, portal_sessions, proving, subjects
from rights.services.assertions import Proof
from rights.services.portal_sessions import Visit
from rights.services.sign_in import pending, providers
from rights.services.sign_in.pending import Begun, Purpose
from rights.services.sign_in.provider import Provider
from rights.store.db import reading, transaction
from rights.store.ids import ID
from rights.store.models import Request
from rights.web import sign_in_cookies
from rights.web.auth import COOKIE
from rights.web.parts import parts
from rights.web.portal import door, entering, pages, signalling

if TYPE_CHECKING:
    from rights.services.sign_in.flow import SignedIn

area = door.public("signing")
pages.errors(area)

_WORD: Final = "rights_sign_in_"
_PATH: Final = "/portal/sign-in"


@area.post("/sign-in")
def begin() -> Response:
    """Send somebody to their provider, from the portal's own page and in no frame."""
    here = parts()
    entering.own_form()
    door.alone()
    here.limits.hit((here.limits.begin, call.remote_addr or "unknown"))
    at = call.form.get("at", "")
    if not ID.fullmatch(at):
        raise NotFound("there is no such provider")
    with reading(here.engine) as session:
        provider = providers.of(session, here.context.vault, at)
    return going(provider, Purpose(provider.issuer, view=call.form.get("view", "")[:30]))


def going(provider: Provider, purpose: Purpose) -> Response:
    """Return the page that leads to a provider, once the sign-in is noted."""
    from rights.services.sign_in import flow  # noqa: PLC0415 - only where somebody signs in

    here, at = parts(), provider.backend_id
    begun = pending.begin(purpose, now=here.now())
    there = flow.start(provider, here.directory, begun, back=_back(at), language=g.language)
    with transaction(here.engine) as session:
        pending.note(session, here.context.vault, at, begun)
    host = urlsplit(there).hostname
    response = pages.page("signing_in.html", title=provider.title, host=host, there=there)
    response.headers["Refresh"] = f"0; url={there}"
    _remember(response, begun)
    return response


@area.get("/sign-in/<id:backend_id>/back")
def back(backend_id: str) -> Response:
    """Take somebody back from their provider, in the browser in which they left, once."""
    from rights.services.sign_in import flow  # noqa: PLC0415 - only where somebody signs in

    door.alone()
    here, now = parts(), parts().now()
    vault, state = here.context.vault, call.args.get("state", "")
    word = call.cookies.get(_name(state), "")
    with transaction(here.engine) as session:
        provider = providers.of(session, vault, backend_id)
        begun = pending.take(session, vault, backend_id, state, word, now=now)
    signed = flow.finish(
        here.context,
        provider,
        here.directory,
        begun,
        call.args.to_dict(),
        back=_back(backend_id),
        now=now,
    )
    response = _opened(begun, signed)
    door.grant(response, _name(state), "", _PATH, 0)
    return response


def _opened(begun: Begun, signed: SignedIn) -> Response:
    """Open the portal for whoever signed in; a session of before ends, whosever it was."""
    here, before, purpose = parts(), door.known(), begun.purpose
    same = before is not None and _again(before, purpose, signed)
    with transaction(here.engine) as session:
        portal_sessions.end(session, call.cookies.get(COOKIE, ""))
        secret = portal_sessions.begin(
            session,
            here.context,
            signed.person.backend_id,
            signed.person,
            account=signed.account,
            known=before.requests if same and before is not None else {},
            now=here.now(),
        )
        signalling.heard(session, signed.person)
        session.flush()
        found = same and _prove(session, secret, signed, purpose.request)
    there = entering.address(purpose.view)
    if found:
        there = url_for("portal-following.follow", request_id=purpose.request, again=1)
    response: Response = redirect(there, 303)
    door.keep(response, secret, "")
    return response


def _again(before: Visit, purpose: Purpose, signed: SignedIn) -> bool:
    """Return whether somebody signed in once more whose session still is the one they left."""
    account = purpose.account
    mine = bool(account) and before.backend_id == signed.person.backend_id
    return mine and _equal(before.account, account) and _equal(signed.account, account)


def _prove(session: Session, secret: str, signed: SignedIn, request_id: str) -> bool:
    """
    Let a fresh sign-in of the same person count for their request, as their product's word.

    Returns: Whether there is such a request of theirs.
    """
    here, now, person = parts(), parts().now(), signed.person
    visit = portal_sessions.read(session, here.context, secret, now=now)
    try:
        found = visit.find(session, request_id, lock=True)
    except NotFound:
        return False
    said = _agreeing(session, found, person.identifiers)
    mine = found.requester_role is Role.SELF and not not_me.stopped(found)
    if mine and said and person.acr is not None and found.state in (State.OPEN, State.VERIFYING):
        cap = here.keys.caller_of(person.backend_id).level_cap
        proof = Proof(said, person.acr)
        try:
            proving.answer(session, here.context, found, code=None, proof=proof, cap=cap, now=now)
        except NotFound:  # an address beside the account is somebody else's
            return False
    return True


def _agreeing(session: Session, found: Request, said: Mapping[str, str]) -> dict[str, str]:
    """Return the identifiers that a request has too: an address may have changed since."""
    vault = parts().context.vault
    rows = {row.type: row.blind for row in subjects.identifier_rows(session, found.id)}
    return {
        name: value
        for name, value in said.items()
        if rows.get(name) in subjects.blinds(vault, name, value)
    }


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _back(backend_id: str) -> str:
    """Return where a provider sends people: an address of its own for each, so none is mixed up."""
    return parts().context.settings.base_url.rstrip("/") + providers.back(backend_id)


def _name(state: str) -> str:
    return sign_in_cookies.name(_WORD, state)


def _remember(response: Response, begun: Begun) -> None:
    for name in sign_in_cookies.surplus(_WORD, call.cookies):
        door.grant(response, name, "", _PATH, 0)
    door.grant(response, _name(begun.state), begun.word, _PATH, sign_in_cookies.SECONDS)
