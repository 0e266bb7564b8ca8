"""
One legal hold on one page: how far it is, and the two people whom it takes to release it.

Why it is to be released is opened by a form, not by looking at the page: that somebody read it is
an entry, and whoever confirms it has read it.

Source: NDSR 24; PIPL 47(2). Decided in ADR 0088.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import request as call
from sqlmodel import Session
from werkzeug import Response

from rights.domain.duties import Act
from rights.services import hold_releases, holds
from rights.services.console import held
from rights.services.staff_access import accounts
from rights.store.db import reading
from rights.store.models import LegalHold, Staff
from rights.web.console import door, holding, pages
from rights.web.console.trying import status_of, tried
from rights.web.parts import parts

area = door.private("releasing")
pages.errors(area)


@area.get("/holds/<id:hold_id>")
def one(hold_id: str) -> Response:
    """Show a legal hold; why it is to be released is opened apart."""
    return _shown(hold_id)


def _shown(hold_id: str, status: int = 200, **more: Any) -> Response:
    here, now = parts(), parts().now()
    with reading(here.engine) as session:
        found, names = holds.find(session, hold_id), accounts.names(session)
        told = holding.legal(found, names, now, held.requests_of(session, [found]))
        offers = _offers(session, found, now)
    values: dict[str, Any] = {"wrong": [], "opened": None, "done": pages.done("releases"), **more}
    return pages.page("hold.html", status, one=told, offers=offers, given=call.form, **values)


def _offers(session: Session, found: LegalHold, now: datetime) -> dict[str, bool]:
    """Return what is offered to whoever looks; to release it, once they opened why."""
    me, over = door.staff(), holds.over(found, now)
    mine = hold_releases.proposed_by(found, me)
    waits = hold_releases.waits(found) and not over
    decides = door.may(Act.DECIDE_HOLD)
    read = waits and hold_releases.was_read(session, found, me)
    second = waits and decides and not mine
    fresh = not over and not waits
    return {
        **_unapproved(found, me, offered=fresh and decides),
        "propose": fresh and found.approved_at is not None and door.may(Act.PROPOSE_RELEASE),
        "read": bool(found.release_because_id) and (mine or decides),
        "unread": second and not read,
        "confirm_release": second and read,
        "own": waits and mine,
        "dismiss": waits and (mine or decides),
    }


def _unapproved(found: LegalHold, me: Staff, *, offered: bool) -> dict[str, bool]:
    """Return what one person does about a hold that nobody approved yet."""
    waits = offered and found.approved_at is None
    return {"end": waits, "confirm": waits and found.placed_by != f"staff:{me.id}"}


# -- what is done here ---------------------------------------------------------------------------


@area.post("/holds/<id:hold_id>/propose-release")
def propose(hold_id: str) -> Response:
    """Propose to release an approved hold."""

    def do(session: Session, staff: Staff, now: datetime) -> None:
        given: dict[str, Any] = {"because": call.form.get("because", ""), "now": now}
        hold_releases.propose(session, parts().context.vault, hold_id, staff, **given)

    return _done(hold_id, "proposed", do)


@area.post("/holds/<id:hold_id>/read-release")
def read(hold_id: str) -> Response:
    """Open why a hold is to be released; that somebody did is an entry."""
    found: list[dict[str, str]] = []

    def do(session: Session, staff: Staff, now: datetime) -> None:
        text = hold_releases.read_by(session, parts().context.vault, hold_id, staff, now=now)
        found.append({"at": pages.moment(text.at), "text": text.text})

    if wrong := tried(do):
        return _shown(hold_id, status_of(wrong), wrong=pages.refusal(wrong))
    return _shown(hold_id, opened=found[0])


@area.post("/holds/<id:hold_id>/confirm-release")
def confirm(hold_id: str) -> Response:
    """Release a hold as a colleague proposed; what only it kept is deleted."""

    def do(session: Session, staff: Staff, now: datetime) -> None:
        hold_releases.confirm(session, hold_id, staff, now=now)

    return _done(hold_id, "confirmed", do)


@area.post("/holds/<id:hold_id>/dismiss-release")
def dismiss(hold_id: str) -> Response:
    """Let a hold stay, or take the own proposal back."""

    def do(session: Session, staff: Staff, now: datetime) -> None:
        hold_releases.dismiss(session, hold_id, staff, now=now)

    return _done(hold_id, "dismissed", do)


def _done(hold_id: str, done: str, do: Callable[[Session, Staff, datetime], object]) -> Response:
    if wrong := tried(do):
        said = pages.refusal(wrong, form="hold_fields")
        return _shown(hold_id, status_of(wrong), wrong=said)
    return pages.go("console-releasing.one", hold_id=hold_id, done=done)
