"""Signing in once more at the provider, where a request or a copy needs more than a session."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session
from werkzeug import Response

from rights.domain.errors import NotFound
from rights.domain.levels import Acr, level
from rights.domain.lifecycle import State
from rights.services import not_me, packages, subjects
from rights.services.portal_sessions import Visit
from rights.services.sign_in import providers
from rights.services.sign_in.pending import Purpose
from rights.services.sign_in.provider import Provider
from rights.store.db import reading
from rights.store.models import Request
from rights.web.parts import parts
from rights.web.portal import door, pages, signing_in

area = door.private("signing-again")
pages.errors(area)


@area.post("/requests/<id:request_id>/sign-in")
def begin(request_id: str) -> Response:
    """Send somebody to the provider again, to sign in anew whoever is signed in there."""
    here, visit = parts(), door.visit()
    door.alone()
    door.slowly(request_id)
    with reading(here.engine) as session:
        found = visit.find(session, request_id)
        provider = _provider(session, visit, found)
    if provider is None:
        raise NotFound("there is no provider to sign in at again")
    return signing_in.going(
        provider, Purpose(provider.issuer, account=visit.account, request=request_id)
    )


@area.get("/requests/<id:request_id>/sign-in")
def again(request_id: str) -> Response:
    """Lead back from the address of the form."""
    return pages.go("portal-following.follow", request_id=request_id)


def offered(session: Session, here: Visit, found: Request) -> dict[str, Any]:
    """Return at whom to sign in again, where that could be proof enough; empty elsewhere."""
    provider = _provider(session, here, found)
    useful = provider is not None and _useful(session, here, found, provider, parts().now())
    return {"sign_again": provider.title if provider is not None and useful else ""}


def _provider(session: Session, here: Visit, found: Request) -> Provider | None:
    """Return where this person signed in, if the request is their own."""
    person = here.person
    mine = person is not None and found.subject in person.subjects
    if not mine or not here.account or not_me.stopped(found):
        return None
    try:
        return providers.of(session, parts().context.vault, here.backend_id)
    except NotFound:  # taken away meanwhile
        return None


def _useful(
    session: Session, here: Visit, found: Request, provider: Provider, now: datetime
) -> bool:
    cap = door.caller().level_cap
    if found.state in (State.OPEN, State.VERIFYING):
        rows = subjects.identifier_rows(session, found.id)
        coded = {row.type for row in rows if row.proof == "code"}
        before = level(Acr(found.acr) if found.acr else None, coded, cap=cap)
        return before < level(provider.best, coded, cap=cap)
    now_worth, best = level(here.vouched(now), (), cap=cap), level(provider.best, (), cap=cap)
    return now_worth < found.level_needed <= best and _copy_waits(session, found, now)


def _copy_waits(session: Session, found: Request, now: datetime) -> bool:
    """Return whether there is a copy that can still be downloaded."""
    return any(
        one.purged_at is None
        and one.grants_used < one.grants_max
        and (one.expires_at is None or one.expires_at > now)
        for one in packages.of_request(session, found)
    )
