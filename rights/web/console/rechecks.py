"""Looks for data that came back: when, for which requests, what was found, and what is open."""

from __future__ import annotations

from typing import Any

from flask import request as call
from werkzeug import Response

from rights.services.console import rechecks
from rights.services.console.rechecks import Look, Run
from rights.store.db import reading
from rights.web.console import door, pages
from rights.web.parts import parts

area = door.private("rechecks")
pages.errors(area)


@area.get("/rechecks")
def listed() -> Response:
    """Show the looks for closed requests, the newest request first."""
    here, w = parts(), pages.said()
    state = call.args.get("state", "")
    state = state if state in rechecks.STATES else ""
    with reading(here.engine) as session:
        found, rest = rechecks.page(session, state=state, after=call.args.get("after", ""))
    return pages.page(
        "rechecks.html",
        rows=[_run(one) for one in found],
        state=state,
        states=[(one, w.say("rechecks", "states", one)) for one in rechecks.STATES],
        more={"state": state, "after": rest} if rest else None,
    )


def _run(one: Run) -> dict[str, Any]:
    w = pages.said()
    found = sum(look.back + look.unsure + look.by_hand for look in one.looks)
    said = "never" if not one.looks else "found" if found else "nothing"
    return {
        "id": one.request_id,
        "closed": pages.moment(one.created_at),
        "said": w.say("rechecks", said, count=len(one.looks)),
        "bad": bool(found),
        "looks": [_look(look) for look in one.looks],
        "due": pages.moment(one.due_at) if one.due_at else "",
        "held_up": one.held_up,
        "ended_early": one.ended_early,
        "opened": [
            (w.say("rechecks", "codes", code), w.say("rechecks", "opened", state), state == "open")
            for code, state in one.opened
        ],
    }


def _look(one: Look) -> str:
    told = {"back": one.back, "unsure": one.unsure, "by_hand": one.by_hand}
    said = pages.said().say("rechecks", "look", collections=one.collections, **told)
    return f"{pages.moment(one.at)}{pages.said().say('colon')}{said}"
