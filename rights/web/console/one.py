"""
One request on one page: where it stands, its clock, its plan and steps, what was said, and every
act that whoever looks may do now.

What a person wrote is opened by a form, not by looking at the page: that somebody read it is an
entry, and of a minor it takes an approval.

Source: NDSR 9, 23; PIPL 50, 51; Minors Regulation 36.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypeVar

from flask import request as call
from sqlmodel import Session
from werkzeug import Response

from rights.domain.errors import (
    Conflict,
    Forbidden,
    IllegalTransition,
    Invalid,
    NotFound,
    RightsError,
)
from rights.domain.minors import ContentClosed
from rights.services import (
    appeals,
    asking_again,
    content_approvals,
    denial_proposals,
    evidence,
    evidence_desk,
    letters_read,
    messages,
    parts_left_out,
    plans,
    redaction_views,
    requests,
)
from rights.services.console import dossier, held
from rights.services.staff_access import accounts
from rights.services.writings import Written
from rights.store.db import reading, transaction
from rights.store.models import Evidence, Request, Staff, TaskDocument
from rights.web.console import (
    attached,
    by_hand,
    documents,
    door,
    drafting,
    holding,
    letter_lines,
    noting,
    offers,
    packing,
    pages,
    parting,
    recipients,
    showing,
    watermarks,
)
from rights.web.console.acts import ACTS, Turn, of_request
from rights.web.console.arriving import LOGGED
from rights.web.parts import parts

Row = TypeVar("Row", Evidence, TaskDocument)

area = door.private("one")
pages.errors(area)

_STATUS: Final = {Conflict: 409, IllegalTransition: 409, Forbidden: 403, ContentClosed: 403}
_DIGITS: Final = 8
_LOOKS: Final = "any(messages,letter,plan,proposal,dismissed,asking,parts,appeal,authority)"


@area.get("/requests/<id:request_id>")
def one(request_id: str) -> Response:
    """Show a request."""
    done = call.args.get("done", "")
    said = pages.said().find("done", done) if done in {*ACTS, *LOGGED} else ""
    return _shown(request_id, done=said)


def _shown(request_id: str, status: int = 200, **more: Any) -> Response:
    here, asked = parts(), call.args.get("before", "")
    before = int(asked) if asked.isdecimal() and len(asked) < _DIGITS else 0
    with reading(here.engine) as session:
        values = showing.of(session, request_id, here.now(), before=before)
        values["package"] = packing.of(values["dossier"], here.now())
        values["most"], values["most_held"] = dossier.MOST, held.MOST
        values["held"] = [holding.kept(one, here.now()) for one in values["dossier"].held]
        values["task_documents"] = attached.of(session, request_id)
        values["drafts"] = drafting.of_request(values["dossier"].request)
        values["letters"] = letter_lines.of(
            session, values["dossier"], call.values.get("letters", "")
        )
        values["asks"] = drafting.of_list(values["dossier"].request)
        values["by_hand"] = by_hand.of(values["dossier"])
        placed = held.on_person(session, here.context, request_id)
        names = accounts.names(session) if placed else {}
        values["placed"] = [holding.legal(one, names, here.now()) for one in placed]
        values["recipients"] = recipients.of(session, here.context, values["dossier"].request)
        values["offers"] = offers.of(session, here.context, values["dossier"], here.now())
        values["mark"] = watermarks.of(request_id, minors=values["dossier"].minors)
    return pages.page("request.html", status, given=call.form, **{**_NOTHING, **values, **more})


_NOTHING: Final = {"wrong": (), "about": "", "opened": "", "content": (), "done": ""}


@area.post("/requests/<id:request_id>/<any(" + ",".join(ACTS) + "):name>")
def act(request_id: str, name: str) -> Response:
    """Do something to a request; what was refused is told beside what was typed, and an entry."""
    here = parts()
    try:
        with transaction(here.engine) as session:
            found = requests.locked(session, request_id)
            staff = session.get_one(Staff, door.staff().id)
            turn = Turn(session, here.context, found, staff, call.form, here.now())
            done = ACTS[name](turn) or name
    except (Conflict, IllegalTransition, Forbidden, Invalid, NotFound) as error:
        return refused(request_id, name, error)
    return pages.go("console-one.one", request_id=request_id, done=done)


def refused(request_id: str, about: str, error: RightsError) -> Response:
    """Tell what was refused beside what was typed; that it was tried is an entry."""
    noting.note(error, act=f"one.{about}")
    if isinstance(error, NotFound):
        raise error  # of another request, or of none: the page does not say which
    status = _STATUS.get(type(error), 422)
    return _shown(request_id, status, wrong=pages.refusal(error), about=about)


# -- what is opened ------------------------------------------------------------------------------


@area.post(f"/requests/<id:request_id>/open/<{_LOOKS}:what>")
def look(request_id: str, what: str) -> Response:
    """Open what was written, or a sample of what a plan is about; that somebody did is an entry."""
    here = parts()
    try:
        with transaction(here.engine) as session:
            found = requests.locked(session, request_id)
            content = _OPENERS[what](session, found, here.now())
    except (Conflict, Forbidden, NotFound) as error:
        return refused(request_id, what, error)
    return _shown(request_id, opened=what, content=content)


@area.post("/requests/<id:request_id>/passages")
def passages(request_id: str) -> Response:
    """Ask a worker to open what was taken out of a copy; that somebody looks is an entry."""
    here, start = parts(), call.form.get("start", "0")
    first = int(start) if start.isdecimal() and len(start) < _DIGITS else 0
    try:
        with transaction(here.engine) as session:
            found = requests.locked(session, request_id)
            given: dict[str, Any] = {"start": first, "now": here.now()}
            row = redaction_views.ask(session, here.context, found, door.staff(), **given)
            view_id = row.id
    except (Conflict, Forbidden, NotFound) as error:
        return refused(request_id, "passages", error)
    return pages.go("console-passages.shown", request_id=request_id, view_id=view_id)


@area.post("/requests/<id:request_id>/documents/<id:document_id>")
def document(request_id: str, document_id: str) -> Response:
    """Send one document; that somebody looked is an entry before a byte of it is sent."""
    here = parts()
    place = evidence.given(here.evidence)

    def open_it(session: Session, found: Request) -> Evidence:
        return evidence_desk.document(session, found, document_id, door.staff(), now=here.now())

    try:
        row, minors = looked_at(request_id, open_it)
    except (Conflict, Forbidden, NotFound) as error:
        return refused(request_id, "documents", error)
    # Not a piece at a time: what was changed where it lies shows at its end only.
    content = b"".join(evidence.content(here.context.vault, place, row))
    return documents.sent(content, row, minors=minors)


def looked_at(request_id: str, open_it: Callable[[Session, Request], Row]) -> tuple[Row, bool]:
    """
    Open the row of a document of a request together with the entry of the look.

    Returns:
        It, detached, and whether it is a minor's.

    Raises:
        Conflict: it is a minor's, and a browser could do nothing with it but save it.
    """
    with transaction(parts().engine) as session:
        found = requests.locked(session, request_id)
        row = open_it(session, found)
        minors = content_approvals.needed(session, found)
        documents.check(row.media_type, minors=minors)
        session.flush()
        session.expunge(row)
    return row, minors


def _messages(session: Session, found: Request, now: datetime) -> list[dict[str, str]]:
    read = messages.read_by(session, parts().context, found, door.staff(), now=now)
    return [_written(one) for one in read]


def _letter(session: Session, found: Request, now: datetime) -> list[dict[str, str]]:
    asked = call.form.get("letter", "")
    read = letters_read.read_by(session, parts().context, found, asked, door.staff(), now=now)
    return [{"who": pages.said().say("opens", "went_out"), **_said(read)}]


def _appeal(session: Session, found: Request, now: datetime) -> list[dict[str, str]]:
    read = appeals.read_by(session, parts().context, found, door.staff(), now=now)
    return [_written(one) for one in read]


def _written(one: Written) -> dict[str, str]:
    return {"who": pages.said().say("writers", one.purpose), **_said(one)}


def _said(one: Written) -> dict[str, str]:
    return {"at": pages.moment(one.at), "text": one.text}


def _plan(session: Session, found: Request, now: datetime) -> list[dict[str, str]]:
    shown = plans.show(session, parts().context.vault, found, door.staff(), now)
    if shown.get("withheld"):
        raise ContentClosed(found.id)
    return [
        {"who": path, "at": "", "text": "\n".join(showing.sample_line(row) for row in rows)}
        for path, rows in shown["sample"].items()
    ]


def _proposal(session: Session, found: Request, now: datetime) -> list[dict[str, str]]:
    asked = denial_proposals.find(session, call.form.get("proposal", ""))
    proposal = of_request(found, asked)
    read = denial_proposals.read_by(
        session, parts().context, found, proposal, door.staff(), now=now
    )
    said = pages.said()
    opened = [{"who": said.say("opens", "facts"), "at": "", "text": str(read["facts"])}]
    if read["law"]:
        rank = said.say("ranks", read["rank"])
        opened.append({"who": said.say("fields", "law"), "at": rank, "text": str(read["law"])})
    before = said.say("opens", "dismissed_because")
    return opened + [{"who": before, "at": "", "text": text} for text in read["dismissed_before"]]


def _dismissed(session: Session, found: Request, now: datetime) -> list[dict[str, str]]:
    about = (session, parts().context, found, door.staff())
    who = pages.said().say("opens", "dismissed_because")
    return [
        {"who": who, "at": pages.moment(one.at), "text": one.text}
        for one in denial_proposals.dismissals(*about, now=now)
    ]


def _asking(session: Session, found: Request, now: datetime) -> list[dict[str, str]]:
    asked = of_request(found, asking_again.find(session, call.form.get("asking", "")))
    read = asking_again.read_by(session, parts().context, found, asked, door.staff(), now=now)
    return [
        {"who": showing.need(one.name) if one.name else one.question, "at": "", "text": one.why}
        for one in read
    ]


def _parts(session: Session, found: Request, now: datetime) -> list[dict[str, str]]:
    asked = of_request(found, parts_left_out.find(session, call.form.get("parts", "")))
    return parting.opened(session, found, asked, now)


_OPENERS: Final[dict[str, Callable[[Session, Request, datetime], list[dict[str, str]]]]] = {
    "messages": _messages,
    "letter": _letter,
    "appeal": _appeal,
    "plan": _plan,
    "proposal": _proposal,
    "dismissed": _dismissed,
    "asking": _asking,
    "parts": _parts,
    "authority": documents.authority,
}
