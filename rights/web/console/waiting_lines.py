"""The lines of each queue of *Waiting for staff*: what it is about, by when, and its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlmodel import Session

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
    packages,
    parts_left_out,
    plans,
    redaction_views,
    reviewing,
    tasks,
    untold,
)
from rights.services.console import board, held
from rights.services.places import Place
from rights.store.models import LegalHold
from rights.web.console import door, pages, showing
from rights.web.parts import parts

MOST: Final = 50
"""Lines of a queue that are shown at once by itself: its most urgent ones."""

FEW: Final = 20
"""Lines of a queue among the others."""

Line = dict[str, Any]
"""Words of a line; ``place`` is where the next page goes on after it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """
    What of a queue is looked at.

    Args:
        names: Of the members of staff, by id.
        after: The last line of the page before; None for the most urgent ones.
        most: Lines that are shown.
    """

    names: Mapping[str, str]
    now: datetime
    after: Place | None = None
    most: int = MOST

    @property
    def cut(self) -> dict[str, Any]:
        """Which lines are read: one more than is shown tells whether there is a next page."""
        return {"limit": self.most + 1, "after": self.after}


def read(session: Session, name: str, seen: Seen) -> tuple[list[Line], str]:
    """Return the lines of a queue, and where its next page goes on; empty at the end."""
    found = READ[name](session, seen)
    paged = [one for one in found if one["place"]]
    if len(paged) <= seen.most:
        return found, ""
    return found[:-1], str(paged[seen.most - 1]["place"])


def _when(at: datetime, now: datetime) -> Line:
    return {"due": pages.day(at), "left": showing.left(at, now), "late": at < now}


def _line(request: Any, now: datetime, told_by: datetime | None = None, **more: Any) -> Line:
    return {
        "id": request.id,
        "title": showing.title(request.kind, request.option),
        "more": "",
        "place": Place(request.promised_at, request.id),
        **_when(told_by or request.promised_at, now),
        **more,
    }


def _approvals(session: Session, seen: Seen) -> list[Line]:
    return [_line(request, seen.now) for request, _ in plans.waiting(session, **seen.cut)]


def _tasks(session: Session, seen: Seen) -> list[Line]:
    return [_task(one, seen.now) for one in tasks.open_tasks(session, **seen.cut)]


def _task(one: Mapping[str, Any], now: datetime) -> Line:
    w, due = pages.said(), datetime.fromisoformat(one["due"])
    return {
        "id": one["request"],
        "title": _doing(one),
        "more": w.say("step_states", one["state"]),
        "place": Place(due, one["step"]),
        **_when(due, now),
    }


def _doing(one: Mapping[str, Any]) -> str:
    """Return what is to be done where: nobody is to read that a store itself is deleted."""
    w, store = pages.said(), one["store"]
    if one["code"] == packages.REVIEW:
        return w.say("looked_over", "waits")
    said = w.say("actions", one["action"])
    return w.say("waiting", "in_store", store=store, action=said) if store else said


def _denials(session: Session, seen: Seen) -> list[Line]:
    return [
        _line(
            request,
            seen.now,
            told_by=deadlines.denial_told_by(parts().context, request),
            more=seen.names.get(one.proposed_by, ""),
            place=Place(request.promised_at, one.id),
        )
        for one, request in denial_proposals.open_ones(session, **seen.cut)
    ]


def _asking(session: Session, seen: Seen) -> list[Line]:
    return [
        _line(
            request,
            seen.now,
            more=seen.names.get(one.proposed_by, ""),
            place=Place(request.promised_at, one.id),
        )
        for one, request in asking_again.open_ones(session, **seen.cut)
    ]


def _parts(session: Session, seen: Seen) -> list[Line]:
    return [
        _line(
            request,
            seen.now,
            more=seen.names.get(one.proposed_by, ""),
            place=Place(request.promised_at, one.id),
        )
        for one, request in parts_left_out.open_ones(session, **seen.cut)
    ]


def _untold(session: Session, seen: Seen) -> list[Line]:
    return [_line(request, seen.now) for request in untold.waiting(session, **seen.cut)]


def _messages(session: Session, seen: Seen) -> list[Line]:
    w = pages.said()
    return [
        {
            "id": one.request_id,
            "title": one.request_id[:8],
            "more": w.say("waiting", "since", moment=pages.moment(one.since)),
            "place": Place(one.due, one.request_id),
            **_when(one.due, seen.now),
        }
        for one in messages.waiting(session, **seen.cut)
    ]


def _appeals(session: Session, seen: Seen) -> list[Line]:
    nobody = pages.said().say("waiting", "unassigned")
    return [
        _line(
            request,
            seen.now,
            told_by=one.promised_at,
            more=seen.names.get(one.assigned_to, nobody),
            place=Place(one.promised_at, one.id),
        )
        for one, request in appeals.open_ones(session, **seen.cut)
    ]


def _complaints(session: Session, seen: Seen) -> list[Line]:
    return [
        {
            "complaint": one.id,
            "title": one.id[:8],
            "more": one.request_id[:8],
            "place": Place(one.promised_at, one.id),
            **_when(one.promised_at, seen.now),
        }
        for one in complaints.open_ones(session, **seen.cut)
    ]


def _minors(session: Session, seen: Seen) -> list[Line]:
    w = pages.said()
    return [
        _line(
            request,
            seen.now,
            approval=one.id,
            mine=one.asked_by == door.staff().id,
            more=w.say(
                "waiting",
                "asked",
                who=seen.names.get(one.asked_by, ""),
                purpose=w.say("purposes", one.purpose),
            ),
            place=Place(one.asked_at, one.id),
        )
        for one, request in content_approvals.waiting(session, seen.now, **seen.cut)
    ]


def _documents(session: Session, seen: Seen) -> list[Line]:
    return [_line(request, seen.now) for request, _ in reviewing.waiting(session, **seen.cut)]


def _holds(session: Session, seen: Seen) -> list[Line]:
    w = pages.said()
    return [
        {
            "hold": one.id,
            "title": one.path or w.say("holds", "person"),
            "due": pages.day(held.since(one)),
            "left": "",
            "late": False,
            "more": _asked_by(one, seen.names),
            "place": Place(held.since(one), one.id),
        }
        for one in held.waiting(session, seen.now, **seen.cut)
    ]


def _asked_by(one: LegalHold, names: Mapping[str, str]) -> str:
    """Return who placed a hold, or that somebody would release it."""
    if one.release_proposed_at is None:
        return showing.who(one.placed_by, names)
    return pages.said().say("waiting", "release", who=showing.who(one.release_proposed_by, names))


def _passages(session: Session, seen: Seen) -> list[Line]:
    """Return copies out of which something was taken; they are looked at until they are gone."""
    return [
        _line(
            request,
            seen.now,
            told_by=package.expires_at or seen.now,
            late=False,
            place=Place(package.created_at, package.id),
        )
        for request, package in redaction_views.waiting(session, seen.now, **seen.cut)
    ]


def _not_me(session: Session, seen: Seen) -> list[Line]:
    return [_line(request, seen.now) for request in not_me.stopped_ones(session, **seen.cut)]


def _other(session: Session, seen: Seen) -> list[Line]:
    """Return what is owed on closed requests and to stores; a store's task is on no next page."""
    found = aftertasks.page(session, parts().context.datamap, **seen.cut)
    return [_owed(one) for one in found]


def _owed(one: Mapping[str, Any]) -> Line:
    due = datetime.fromisoformat(one["due"]) if one["due"] else None
    return {
        "task": one["step"],
        "what": pages.said().find("events", one["code"]),
        "package": one["code"] == packages.REVIEW,
        "title": one["note"],
        "request": one["request"],
        "due": pages.day(due) if due else "",
        "place": Place(due, one["step"]) if due and one["request"] else None,
    }


READ: Final[Mapping[str, Callable[[Session, Seen], list[Line]]]] = {
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
    board.OTHER: _other,
}
