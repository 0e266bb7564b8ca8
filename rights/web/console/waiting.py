"""
Everything that waits for staff, in one place: each queue with its most urgent first, and page by
page by itself. What is not about one request is done here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from flask import request as call
from sqlmodel import Session
from werkzeug import Response

from rights.domain import duties
from rights.domain.duties import Act
from rights.services import content_approvals, places, staff_desk
from rights.services.console import board
from rights.services.console.queues import QUEUES
from rights.services.staff_access import accounts
from rights.store.db import reading
from rights.store.models import Staff
from rights.web.console import door, pages, waiting_lines
from rights.web.console.trying import status_of, tried
from rights.web.console.waiting_lines import FEW, MOST, Seen
from rights.web.parts import parts

area = door.private("waiting")
pages.errors(area)

_DIGITS: Final = 3
_ALL: Final = {**QUEUES, board.OTHER: Act.COMPLETE}


@area.get("/waiting")
def waiting() -> Response:
    """
    Show what waits, as far as it can wait for whoever looks.

    ``queue`` in the address shows one queue by itself, ``after`` where it goes on.
    """
    return _shown()


def _shown(status: int = 200, *, wrong: list[str] | None = None) -> Response:
    here, asked = parts(), _asked()
    only, after = asked.get("queue", ""), asked.get("after", "")
    most = MOST if only else FEW
    with reading(here.engine) as session:
        seen = Seen(accounts.names(session), here.now(), places.read(after), most)
        queues = {name: waiting_lines.read(session, name, seen) for name in _wanted(only)}
    other = queues.pop(board.OTHER, None)
    told: dict[str, Any] = {"only": only, "after": after, "queues": queues, "other": other}
    told["done"] = pages.done("waiting")
    told["complains"] = door.may(Act.ANSWER_COMPLAINT)
    return pages.page("waiting.html", status, most=most, wrong=wrong or [], **told)


def _asked() -> dict[str, str]:
    """Return which queue is looked at by itself, and from where on; nothing for all of them."""
    only, after = call.values.get("queue", ""), call.values.get("after", "")
    if only not in _ALL:
        return {}
    return {"queue": only, "after": after} if places.read(after) else {"queue": only}


def _wanted(only: str) -> list[str]:
    if only:
        duties.check(door.staff().roles, _ALL[only])
        return [only]
    return [name for name, act in _ALL.items() if door.may(act)]


# -- what is done here ---------------------------------------------------------------------------


@area.post("/waiting/minors/<id:approval_id>")
def approve(approval_id: str) -> Response:
    """Let a colleague open the content of a minor's request for some hours."""

    def do(session: Session, staff: Staff, now: datetime) -> None:
        hours = call.form.get("hours", "")
        content_approvals.approve(
            session,
            approval_id,
            staff,
            hours=int(hours) if hours.isdecimal() and len(hours) <= _DIGITS else 0,
            now=now,
        )

    return _done("approved", do)


@area.post("/waiting/other")
def complete() -> Response:
    """Say that something was done by hand that is no step of an open request."""

    def do(session: Session, staff: Staff, now: datetime) -> None:
        task, proof = call.form.get("task", ""), call.form.get("proof", "")
        staff_desk.complete(session, task, staff, now=now, proof=proof)

    return _done("completed", do)


def _done(done: str, do: Callable[[Session, Staff, datetime], None]) -> Response:
    if wrong := tried(do):
        return _shown(status_of(wrong), wrong=pages.refusal(wrong))
    return pages.go("console-waiting.waiting", done=done, **_asked())
