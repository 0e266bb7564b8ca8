"""Requests: submit, list, read, cancel, follow, add to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session
from werkzeug import Response

from rights.domain.kinds import Kind
from rights.domain.lifecycle import TERMINAL, State
from rights.domain.parameters import SUBJECT
from rights.services import (
    audit,
    information,
    not_me,
    notes,
    points,
    reasons,
    recipients_told,
    requests,
    subjects,
    submission,
)
from rights.store.models import Entry, Request
from rights.web.answers import Answer, commit, look, unchanged
from rights.web.api import paging, taking
from rights.web.area import Area
from rights.web.auth import Guard, Speaker, speaker
from rights.web.parts import parts
from rights.web.schemas import requests as shapes

area = Area(
    "requests",
    prefix="/v1/requests",
    guard=Guard.KEY_OR_PORTAL,
    about="One right, exercised by one person.",
)

_MADE = {201: shapes.Acknowledgement, 200: shapes.Acknowledgement}


@area.call("POST", "", scope="requests:write", takes=shapes.NewRequest, gives=_MADE, once=True)
def create_request(new: dict[str, Any]) -> Response:
    """
    Submit a request.

    Answers 201 with a fresh reference; 200 with the first one's when a proved person, or the
    same backend for the same account, asks for the same again while it is open.
    """

    def work(session: Session, now: datetime) -> Answer:
        who = speaker()
        about = taking.known(session, who, new, now=now)
        wished = taking.submission(session, who, about, new, new)
        request, made = submission.take(session, parts().context, wished, now=now)
        return taking.taken(session, wished, request, made=made)

    return commit(work, once=True)


@area.call("GET", "", scope="requests:read", query=shapes.Page, gives={200: shapes.RequestPage})
def list_requests(page: dict[str, Any]) -> Response:
    """List requests, newest first: a backend's, or the person's own."""

    def work(session: Session, _: datetime) -> Answer:
        who = speaker()
        found = requests.listed(
            session,
            who.backend.id,
            after=paging.read(page.get("cursor")),
            limit=page["limit"] + 1,
            state=State(page["state"]) if "state" in page else None,
            kind=Kind(page["kind"]) if "kind" in page else None,
            subject=who.subject,
        )
        return Answer(paging.page(session, found, page["limit"]))

    return look(work)


@area.call(
    "GET",
    "/<id:request_id>",
    scope="requests:read",
    gives={200: shapes.Acknowledgement},
    problems=(404,),
)
def read_request(request_id: str) -> Response:
    """Read a request as it stands."""

    def work(session: Session, _: datetime) -> Answer:
        request = speaker().find(session, request_id)
        return Answer(taking.shown(session, request), 200, taking.headers_of(request))

    return look(work)


@area.call(
    "POST",
    "/<id:request_id>/cancel",
    scope="requests:write",
    gives={200: shapes.Acknowledgement},
    problems=(404, 409),
    versioned=True,
)
def cancel_request(request_id: str) -> Response:
    """
    Cancel a request; possible until work begins that cannot be undone.

    What counts at once cannot be cancelled: a switch that was turned off, a consent that was taken
    back, tags that were chosen. Its opposite undoes it.
    """

    def work(session: Session, now: datetime) -> Answer:
        who = speaker()
        request = who.find(session, request_id, lock=True)
        unchanged(request.version)
        requests.revoke(session, request, actor=who.actor, now=now)
        session.flush()
        return Answer(taking.shown(session, request), 200, taking.headers_of(request))

    return commit(work)


@area.call(
    "GET",
    "/<id:request_id>/timeline",
    scope="requests:read",
    gives={200: shapes.Timeline},
    problems=(404,),
)
def read_timeline(request_id: str) -> Response:
    """Read everything that happened to a request, oldest first."""

    def work(session: Session, _: datetime) -> Answer:
        request = speaker().find(session, request_id)
        return Answer({"events": [_event(e) for e in audit.entries(session, request.id)]})

    return look(work)


@area.call(
    "GET",
    "/<id:request_id>/remarks",
    scope="requests:read",
    gives={200: shapes.Remarks},
    problems=(403, 404),
)
def read_remarks(request_id: str) -> Response:
    """Read what became of each thing that was named, and what a missing value can be."""

    def work(session: Session, _: datetime) -> Answer:
        who = speaker()
        request = who.find(session, request_id)
        not_me.check(request)
        told = notes.read(session, parts().context.vault, request.id, "told")
        results = [r for one in told for r in one.get("results", ())]
        choices = [c for one in told for c in one.get("choices", ())] if request.needs else []
        if SUBJECT in request.needs:
            choices = [*subjects.kinds(parts().context.datamap)]
        return Answer(
            {
                "results": results,
                "needs": list(request.needs),
                "choices": choices,
                "answers": _answers(session, request),
                "points": _points(session, who, request),
                "recipients": _recipients(session, request),
            }
        )

    return look(work)


@area.call(
    "POST",
    "/<id:request_id>/information",
    scope="requests:write",
    takes=shapes.Information,
    gives={200: shapes.Acknowledgement},
    problems=(404, 409),
    once=True,
    versioned=True,
)
def supply_information(given: dict[str, Any], request_id: str) -> Response:
    """Supply what is missing, or another way to be reached."""

    def work(session: Session, now: datetime) -> Answer:
        who, context = speaker(), parts().context
        request = who.find(session, request_id, lock=True)
        unchanged(request.version)
        typed = given.get("subject")
        information.supply(
            session,
            context,
            request,
            information.Supplied(
                parameters=given.get("parameters") or {},
                values=given.get("values") or {},
                identifiers=subjects.cleaned(context.datamap, typed) if typed else {},
                answers=given.get("answers") or {},
            ),
            actor=who.actor,
            now=now,
        )
        session.flush()
        return Answer(taking.shown(session, request), 200, taking.headers_of(request))

    return commit(work, once=True)


def _recipients(session: Session, request: Request) -> list[dict[str, Any]]:
    """Show who was told of what was done, to whom was proved enough in it."""
    if request.level < request.level_needed:
        return []
    return [
        {
            "name": one.name,
            "outcome": str(one.outcome),
            "at": one.at.isoformat() if one.at else None,
            "because": one.because or None,
        }
        for one in recipients_told.of_request(session, parts().context, request)
    ]


def _points(session: Session, who: Speaker, request: Request) -> list[dict[str, str]]:
    """Show what staff ask in words, to whom may know what was found."""
    if not who.knows(request):
        return []
    found = points.waiting(session, parts().context, request)
    return [{"name": one.name, "question": one.question, "why": one.why} for one in found]


def _answers(session: Session, request: Request) -> list[str]:
    """Show what staff added, once the request has ended, to whom was proved enough in it."""
    if request.state not in TERMINAL or request.level < request.level_needed:
        return []
    vault = parts().context.vault
    return [str(one) for one in notes.read(session, vault, request.id, notes.ANSWER)]


def _event(entry: Entry) -> dict[str, Any]:
    """Show what happened and by whom in kind; a member of staff has no name here."""
    return {
        "seq": entry.seq,
        "at": entry.at.isoformat(),
        "event": entry.event,
        "by": entry.actor.partition(":")[0],
        "state": entry.data.get("state"),
        "reason": reasons.told(entry.data["reason"]) if "reason" in entry.data else None,
    }
