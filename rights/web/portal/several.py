"""
Several kinds at once: ticked on the first page, sent together, one code for all.

Each is asked for with its default option; whoever wants it more exactly opens its own form. What
contradicts itself is taken in, and asked about once.

Source: NDSR 23, 24; PIPL 45, 47.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import g, request
from sqlmodel import Session
from werkzeug import Response

from rights.domain.errors import Invalid, NotFound
from rights.domain.kinds import Kind
from rights.domain.lifecycle import State
from rights.services import bundles, catalogue, conflicts, portal_sessions, submission, verification
from rights.services.portal import Person
from rights.store.db import reading
from rights.store.models import Request
from rights.web import watching
from rights.web.api import taking
from rights.web.parts import parts
from rights.web.portal import asking, door, home, pages, proofs
from rights.web.portal.mistakes import Mistakes
from rights.web.portal.who import typed, visitor, ways
from rights.web.reading import loaded
from rights.web.schemas import requests as shapes

area = door.private("several")
pages.errors(area)

_BUNDLE = "bundle"


@area.get("/several")
def several() -> Response:
    """Show every kind with a box beside it."""
    return _form(Mistakes())


@area.post("/several")
def send() -> Response:
    """Take in what was ticked; one alone is asked for on its own form."""
    kinds, wrong = _chosen(), Mistakes()
    if len(kinds) == 1:
        return pages.go("portal-asking.ask", kind=kinds[0])
    if not kinds:
        wrong.said.append(pages.said().say("several", "choose"))
    elif door.visit().person is None and not typed() and not _asked_before():
        return _form(wrong)
    try:
        made = "" if wrong.said else asking.once(_who(), lambda s, now: _taken(s, kinds, now))
    except Invalid as error:
        wrong.found(error)
    if wrong.said:
        return _form(wrong, 422)
    what, _, name = made.partition("|")
    if what == _BUNDLE:
        return pages.go("portal-several.shown", bundle_id=name)
    return pages.go("portal-following.follow", request_id=name)


@area.get("/several/<id:bundle_id>")
def shown(bundle_id: str) -> Response:
    """Show what was sent together, what one code proves, and what has to be said."""
    with reading(parts().engine) as session:
        mine = _of(session, bundle_id)
        asked = [r for r in mine if r.state in (State.OPEN, State.VERIFYING)]
        coded = next((r for r in asked if _coded(session, r)), None)
        pairs = [(one.id, other.id) for one, other in conflicts.found(mine)]
        lines = [_line(one) for one in mine]
    return pages.page(
        "several_sent.html",
        lines=lines,
        code=coded.id if coded else "",
        minutes=parts().context.settings.code_minutes,
        unproved=bool(asked),
        conflicts=sorted({erasure for _, erasure in pairs}),
    )


def _of(session: Session, bundle_id: str) -> list[Request]:
    """Return the requests of a bundle that this visit may see. Raises NotFound."""
    here = door.visit()
    subject = here.person.subjects if here.person else None
    _, found = bundles.find(session, bundle_id, backend_id=here.backend_id, subject=subject)
    if here.person is None and any(one.id not in here.requests for one in found):
        raise NotFound("there is no such bundle")
    return found


def _coded(session: Session, one: Request) -> bool:
    return verification.reachable(session, parts().context, one) is not None


def _line(one: Request) -> dict[str, Any]:
    changes = door.visit().changes(one)
    return {**home.listed(one), "missing": bool(one.needs) and changes}


def _chosen() -> list[Kind]:
    """Return the kinds that were ticked and are offered, in the order of the page, each once."""
    ticked = set(request.form.getlist("kind"))
    return [kind for kind in parts().context.policy.kinds() if kind in ticked]


def _asked_before() -> bool:
    return any(name.startswith("who.") for name in request.form)


def _who() -> Person:
    return door.visit().person or visitor()


def _taken(session: Session, kinds: list[Kind], now: datetime) -> str:
    """Return what to show: the bundle, or the request that was open already for all of it."""
    who = _who()
    wishes = {"requests": [{"kind": str(kind)} for kind in kinds], "locale": g.language}
    document: Mapping[str, Any] = loaded(shapes.NewBundle(), wishes)
    about = taking.of_person(who)
    news = [
        taking.submission(session, door.speaker(who), about, wish, document)
        for wish in document["requests"]
    ]
    stranger = door.visit().person is None
    news = [asking.of_a_stranger(new) for new in news] if stranger else news
    news = [proofs.quietly(session, new) for new in news]
    bundle, made = submission.take_bundle(session, parts().context, news, now=now)
    fresh = [one for one in made if one.bundle_id == bundle.id]
    watching.received(session, *fresh)
    session.flush()
    if stranger:
        for one in made:
            portal_sessions.remember(session, door.visit(), one.id, made=True)
    for one in made:
        proofs.begin(session, one, asked=True)
    return f"{_BUNDLE}|{bundle.id}" if fresh else f"request|{made[0].id}"


def _form(wrong: Mistakes, status: int = 200) -> Response:
    words, told = pages.said(), catalogue.words()["kinds"]
    ticked = set(request.form.getlist("kind"))
    kinds = [
        {"name": str(kind), "title": words.either(told[kind]["title"]), "on": kind in ticked}
        for kind in parts().context.policy.kinds()
    ]
    who = ways() if door.visit().person is None else []
    return pages.page(
        "several.html", status, kinds=kinds, who=who, given=request.form, wrong=wrong.said
    )
