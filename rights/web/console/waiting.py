"""
Everything that waits for staff, in one place: each queue with its most urgent first. What is not
about one request is done here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from flask import request as call
from sqlmodel import Session
from werkzeug import Response

from rights.domain.duties import Act
from rights.services import (
    aftertasks,
    appeals,
    asking_again,
    complaints,
    content_approvals,
    deadlines,
    denial_proposals,
    messages,
    not_me,
    parts_left_out,
    plans,
    redaction_views,
    reviewing,
    staff_desk,
    tasks,
    untold,
)
from rights.services.console import held
from rights.services.console.queues import QUEUES
from rights.services.staff_access import accounts
from rights.store.db import reading
from rights.store.models import Staff
from rights.web.console import door, pages, showing
from rights.web.console.trying import status_of, tried
from rights.web.parts import parts

area = door.private("waiting")
pages.errors(area)

_DIGITS: Final = 3
_MOST: Final = 50
"""Lines of a queue that are shown: its most urgent ones."""

Line = dict[str, Any]


@area.get("/waiting")
def waiting() -> Response:
    """Show what waits, as far as it can wait for whoever looks."""
    return _shown()


def _shown(status: int = 200, *, wrong: list[str] | None = None) -> Response:
    here, now = parts(), parts().now()
    with reading(here.engine) as session:
        names = accounts.names(session)
        queues = {
            name: READ[name](session, names, now) for name, act in QUEUES.items() if door.may(act)
        }
        other = _other(session)
    return pages.page(
        "waiting.html", status, queues=queues, most=_MOST, other=other, wrong=wrong or []
    )


def _line(request: Any, now: datetime, told_by: datetime | None = None, **more: Any) -> Line:
    due = told_by or request.promised_at
    return {
        "id": request.id,
        "title": showing.title(request.kind, request.option),
        "due": pages.day(due),
        "left": showing.left(due, now),
        "late": due < now,
        "more": "",
        **more,
    }


def _approvals(session: Session, names: Mapping[str, str], now: datetime) -> list[Line]:
    del names
    return [_line(request, now) for request, _ in plans.waiting(session, limit=_MOST)]


def _tasks(session: Session, names: Mapping[str, str], now: datetime) -> list[Line]:
    del names, now
    return [_task(one) for one in tasks.open_tasks(session, limit=_MOST)]


def _task(one: Mapping[str, Any]) -> Line:
    w, due = pages.said(), datetime.fromisoformat(one["due"])
    return {
        "id": one["request"],
        "title": f"{w.say('actions', one['action'])} {one['store']}".strip(),
        "due": pages.day(due),
        "left": showing.left(due, parts().now()),
        "late": due < parts().now(),
        "more": w.say("step_states", one["state"]),
    }


def _denials(session: Session, names: Mapping[str, str], now: datetime) -> list[Line]:
    return [
        _line(
            request,
            now,
            told_by=deadlines.denial_told_by(parts().context, request),
            more=names.get(one.proposed_by, ""),
        )
        for one, request in denial_proposals.open_ones(session, limit=_MOST)
    ]


def _asking(session: Session, names: Mapping[str, str], now: datetime) -> list[Line]:
    return [
        _line(request, now, more=names.get(one.proposed_by, ""))
        for one, request in asking_again.open_ones(session, limit=_MOST)
    ]


def _parts(session: Session, names: Mapping[str, str], now: datetime) -> list[Line]:
    return [
        _line(request, now, more=names.get(one.proposed_by, ""))
        for one, request in parts_left_out.open_ones(session, limit=_MOST)
    ]


def _untold(session: Session, names: Mapping[str, str], now: datetime) -> list[Line]:
    del names
    return [_line(request, now) for request in untold.waiting(session, limit=_MOST)]


def _messages(session: Session, names: Mapping[str, str], now: datetime) -> list[Line]:
    del names
    w = pages.said()
    return [
        {
            "id": one.request_id,
            "title": one.request_id[:8],
            "due": pages.day(one.due),
            "left": showing.left(one.due, now),
            "late": one.due < now,
            "more": w.say("waiting", "since", moment=pages.moment(one.since)),
        }
        for one in messages.waiting(session, limit=_MOST)
    ]


def _appeals(session: Session, names: Mapping[str, str], now: datetime) -> list[Line]:
    nobody = pages.said().say("waiting", "unassigned")
    return [
        _line(
            request,
            now,
            due=pages.day(one.promised_at),
            left=showing.left(one.promised_at, now),
            late=one.promised_at < now,
            more=names.get(one.assigned_to, nobody),
        )
        for one, request in appeals.open_ones(session, limit=_MOST)
    ]


def _complaints(session: Session, names: Mapping[str, str], now: datetime) -> list[Line]:
    del names
    return [
        {
            "complaint": one.id,
            "title": one.id[:8],
            "due": pages.day(one.promised_at),
            "left": showing.left(one.promised_at, now),
            "late": one.promised_at < now,
            "more": one.request_id[:8],
        }
        for one in complaints.open_ones(session, limit=_MOST)
    ]


def _minors(session: Session, names: Mapping[str, str], now: datetime) -> list[Line]:
    w = pages.said()
    return [
        _line(
            request,
            now,
            approval=one.id,
            mine=one.asked_by == door.staff().id,
            more=w.say(
                "waiting",
                "asked",
                who=names.get(one.asked_by, ""),
                purpose=w.say("purposes", one.purpose),
            ),
        )
        for one, request in content_approvals.waiting(session, now, limit=_MOST)
    ]


def _documents(session: Session, names: Mapping[str, str], now: datetime) -> list[Line]:
    del names
    return [_line(request, now) for request, _ in reviewing.waiting(session, limit=_MOST)]


def _holds(session: Session, names: Mapping[str, str], now: datetime) -> list[Line]:
    w = pages.said()
    return [
        {
            "hold": one.id,
            "title": one.path or w.say("holds", "person"),
            "due": pages.day(one.placed_at),
            "left": "",
            "late": False,
            "more": showing.who(one.placed_by, names),
        }
        for one in held.waiting(session, now, limit=_MOST)
    ]


def _passages(session: Session, names: Mapping[str, str], now: datetime) -> list[Line]:
    """Return copies out of which something was taken; they are looked at until they are gone."""
    del names
    return [
        _line(
            request,
            now,
            due=pages.day(package.expires_at or now),
            left=showing.left(package.expires_at or now, now),
            late=False,
        )
        for request, package in redaction_views.waiting(session, now, limit=_MOST)
    ]


def _not_me(session: Session, names: Mapping[str, str], now: datetime) -> list[Line]:
    del names
    return [_line(request, now) for request in not_me.stopped_ones(session, limit=_MOST)]


READ: Final[Mapping[str, Callable[[Session, Mapping[str, str], datetime], list[Line]]]] = {
    "approvals": _approvals,
    "tasks": _tasks,
    "denials": _denials,
    "asking": _asking,
    "parts": _parts,
    "untold": _untold,
    "messages": _messages,
    "appeals": _appeals,
    "complaints": _complaints,
    "minors": _minors,
    "documents": _documents,
    "holds": _holds,
    "passages": _passages,
    "not_me": _not_me,
}


def _other(session: Session) -> list[Line]:
    """Return what is owed on closed requests and to stores: no queue above has it."""
    if not door.may(Act.COMPLETE):
        return []
    datamap = parts().context.datamap
    return [
        {
            "task": one["step"],
            "what": pages.said().find("events", one["code"]),
            "title": one["note"],
            "request": one["request"],
            "due": _due(one["due"]),
        }
        for one in aftertasks.open_tasks(session, datamap)
    ]


def _due(said: str) -> str:
    return pages.day(datetime.fromisoformat(said)) if said else ""


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

    return _done(do)


@area.post("/waiting/other")
def complete() -> Response:
    """Say that something was done by hand that is no step of an open request."""

    def do(session: Session, staff: Staff, now: datetime) -> None:
        task, proof = call.form.get("task", ""), call.form.get("proof", "")
        staff_desk.complete(session, task, staff, now=now, proof=proof)

    return _done(do)


def _done(do: Callable[[Session, Staff, datetime], None]) -> Response:
    if wrong := tried(do):
        return _shown(status_of(wrong), wrong=pages.refusal(wrong))
    return pages.go("console-waiting.waiting")
