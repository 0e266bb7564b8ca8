"""Proving who asks by what is held already: two details, or a real name with its number."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from flask import request as call
from sqlmodel import Session
from werkzeug import Response

from rights.domain.errors import Invalid, LevelTooLow, NotFound, RightsError, TooMany
from rights.services import verification_plan, ways
from rights.services.matching import OF_REAL_NAME
from rights.services.way_catalogue import marked
from rights.store.db import transaction
from rights.store.models import Request
from rights.web.parts import parts
from rights.web.portal import door, pages
from rights.web.portal.following import shown
from rights.web.portal.provable import TYPED, knows, title, visit_of

area = door.private("matching")
pages.errors(area)

_FACT = "fact."


@area.post("/requests/<id:request_id>/ways")
def look(request_id: str) -> Response:
    """Have a worker look which ways are open."""

    def act(session: Session, found: Request) -> None:
        verification_plan.look(session, parts().context, found, now=parts().now())

    return _done(request_id, act)


@area.post("/requests/<id:request_id>/ways/<way>")
def prove(request_id: str, way: str) -> Response:
    """Have what was typed compared; the page that comes next says what came of it."""
    if way not in TYPED:
        raise NotFound("nothing is compared by such a way")
    refused: list[RightsError] = []

    def act(session: Session, found: Request) -> None:
        context, now, here = parts().context, parts().now(), door.visit()
        closed = ways.not_open(session, context, found, way, actor="subject", now=now)
        if closed is not None:
            refused.append(closed)
            return
        given = ways.Given(_typed(way), door.caller(), visit_of(here))
        ways.take(session, context, found, way, given, now=now)

    try:
        response = _done(request_id, act)
    except Invalid as error:
        return shown(request_id, wrong=_sentences(error), status=422)
    except TooMany as error:
        return too_often(request_id, error)
    if refused:  # that it was tried is on record; only then is it refused
        raise refused[0]
    return response


@area.get("/requests/<id:request_id>/ways")
@area.get("/requests/<id:request_id>/ways/<way>")
def again(request_id: str, way: str = "") -> Response:
    """Lead back from the address of a form that somebody loads anew."""
    del way
    return pages.go("portal-following.follow", request_id=request_id)


def _done(request_id: str, act: Callable[[Session, Request], None]) -> Response:
    door.slowly(request_id)
    with transaction(parts().engine) as session:
        here = door.visit()
        found = here.find(session, request_id, lock=True)
        if not knows(here, found):
            raise LevelTooLow("answer the code first: what is held depends on who asks")
        act(session, found)
    # No anchor: a page at one is not renewed by browsers without scripts.
    return pages.go("portal-following.follow", request_id=request_id)


def _typed(way: str) -> dict[str, str]:
    """Return what was typed; fields left empty are none."""
    if way == "real_name":
        return {part: call.form.get(part, "") for part in OF_REAL_NAME}
    return {
        path: value
        for path in marked(parts().context.datamap, "fact")
        if (value := call.form.get(f"{_FACT}{path}", "")).strip()
    }


def _sentences(error: Invalid) -> list[str]:
    """Say what to look at again; none of it quotes what was typed."""
    return [_sentence(one.field.partition(".")[2]) for one in error.errors]


def _sentence(path: str) -> str:
    words = pages.said()
    if not path:
        return words.say("matching", "two")
    if path in OF_REAL_NAME:
        return words.say("wrong", "any", field=words.say("matching", path))
    if marked(parts().context.datamap, "fact").get(path) == "date":
        return words.say("matching", "day", field=title(path))
    return words.say("wrong", "any", field=title(path))


def too_often(request_id: str, error: TooMany) -> Response:
    """Say when the next try is, on the page that offers the other ways."""
    said: Any = pages.said().find("problem", error.code, "about")
    response = shown(request_id, wrong=[str(said)], status=429)
    response.headers["Retry-After"] = str(math.ceil(error.retry_after.total_seconds()))
    return response
