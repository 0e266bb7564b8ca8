"""The first page: what can be switched off at once, what can be asked for, what was asked."""

from __future__ import annotations

from typing import Any

from flask import request as call
from sqlmodel import Session, col, select
from werkzeug import Response

from rights.domain.errors import NotFound
from rights.domain.kinds import Kind, Option
from rights.domain.lifecycle import TERMINAL, State
from rights.domain.parameters import SWITCHES
from rights.domain.policy import ASSERTION
from rights.services import backends, catalogue, preferences, requests
from rights.services.portal_sessions import Visit
from rights.services.sign_in import providers
from rights.store.db import reading
from rights.store.models import Request
from rights.web.parts import parts
from rights.web.portal import dialogues, door, pages, tags

area = door.public("home")
pages.errors(area)

_SOON_S = 20
"""After which the page looks again whether a switch is off everywhere."""

WORKING = ("working", "returning")
"""States of a switch that stores are still being told of."""

LATEST = 20
"""How many requests the first page shows."""


@area.get("/")
def home() -> Response:
    """Show what this person can do; somebody without a session, how to come in."""
    here = door.known()
    if here is None:
        return _landing()
    with reading(parts().engine) as session:
        mine = _mine(session, here)
        switches = _switches(session, here, mine)
    return pages.page(
        "home.html",
        product=door.caller().name,
        tags=here.person is not None and tags.kept(),
        conversations=here.person is not None and dialogues.kept(),
        switches=switches,
        refresh=_SOON_S if any(one["state"] in WORKING for one in switches) else 0,
        kinds=_kinds(),
        requests=[listed(one) for one in mine[:LATEST]],
        more=len(mine) > LATEST,
        latest=LATEST,
    )


@area.route("/<path:anything>", methods=["GET", "POST"])
def nothing(anything: str) -> Response:
    """Say that there is no such page, in the reader's language."""
    raise NotFound(f"there is no such page ({len(anything)} characters)")


def _landing() -> Response:
    with reading(parts().engine) as session:
        products = backends.open_ones(session)
        taken = ASSERTION in parts().context.policy.ways and not door.in_frame()
        signing = providers.titles(session) if taken else {}
    view = call.args.get("view", "")
    return pages.page("landing.html", products=products, signing=signing, view=view)


def _mine(session: Session, here: Visit) -> list[Request]:
    if here.person is None:
        chosen = select(Request).where(col(Request.id).in_(here.requests))
        return list(session.exec(chosen.order_by(col(Request.received_at).desc())))
    return requests.listed(
        session, here.backend_id, after=None, limit=LATEST + 1, subject=here.person.subjects
    )


def _switches(session: Session, here: Visit, mine: list[Request]) -> list[dict[str, Any]]:
    """Return where each switch of the person stands; only a person has switches to see."""
    if here.person is None:
        return []
    context, words = parts().context, pages.said()
    names, found = preferences.names(context), []
    coming = _coming_on(mine)
    back = Option.SWITCH_ON in context.policy.offered(Kind.RECOMMENDATION_OPT_OUT)
    for one in preferences.read_all(session, context, here.person.identifiers, names):
        state = "on" if one.value == preferences.ON else "off" if one.effective else "working"
        state = "returning" if state == "off" and one.name in coming else state
        since = pages.day(one.changed_at) if one.changed_at else ""
        title = words.find("switches", one.name) or _training(one.name)
        again = back and not one.name.startswith(preferences.PURPOSE)
        found.append(
            {"name": one.name, "title": title, "state": state, "since": since, "again": again}
        )
    return found


def _training(name: str) -> str:
    """Return what the switch of a purpose that trains a model is called."""
    words = pages.said()
    purpose = parts().context.datamap.purposes[name.removeprefix(preferences.PURPOSE)]
    return words.say("home", "training", purpose=words.either(purpose.title, purpose.name))


def _coming_on(mine: list[Request]) -> set[str]:
    """Return the switches that a request of the person's is turning on again just now."""
    return {
        name
        for one in mine
        if one.option is Option.SWITCH_ON and one.state in (State.IN_PROGRESS, State.ON_HOLD)
        for name in one.parameters.get(SWITCHES, ())
    }


def _kinds() -> list[dict[str, str]]:
    words = pages.said()
    told = catalogue.words()["kinds"]
    return [
        {
            "name": str(kind),
            "title": words.either(told[kind]["title"]),
            "about": words.either(told[kind]["about"]),
        }
        for kind in parts().context.policy.kinds()
    ]


def listed(request: Request) -> dict[str, str]:
    """Return one request as a list shows it."""
    words = pages.said()
    told = catalogue.words()["kinds"][request.kind]
    closed = request.state in TERMINAL and request.closed_at
    if closed and request.closed_at:
        when = words.say("home", "closed", day=pages.day(request.closed_at, request))
    elif request.pause_cause:
        when = words.say("follow", "still")
    else:
        when = words.say("home", "due", day=pages.day(request.promised_at, request))
    return {
        "id": request.id,
        "title": words.either(told["title"]),
        "option": words.either(told["options"][request.option]),
        "state": words.say("states", str(request.state)),
        "code": str(request.state),
        "when": when,
    }
