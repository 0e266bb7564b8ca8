"""Lists of complaints and of appeals: filtered by the address, those that are over too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request as call
from werkzeug import Response

from rights.domain.duties import Act
from rights.services import backends
from rights.services.console import complaint_lists
from rights.services.console.complaint_lists import Line
from rights.services.staff_access import accounts
from rights.store.db import reading
from rights.web.console import door, pages, showing
from rights.web.parts import parts

complaining = door.private("complaints", Act.ANSWER_COMPLAINT)
pages.errors(complaining)
appealing = door.private("appeals")
pages.errors(appealing)


@complaining.get("/complaints")
def complaints() -> Response:
    """Show the complaints that an address asks for, the newest first."""
    return _shown("complaints")


@appealing.get("/appeals")
def appeals() -> Response:
    """Show the appeals that an address asks for, the newest first."""
    return _shown("appeals")


def _shown(what: str) -> Response:
    here, now = parts(), parts().now()
    of_appeals = what == "appeals"
    states = complaint_lists.OF_APPEALS if of_appeals else complaint_lists.OF_COMPLAINTS
    asked = complaint_lists.read(call.args.to_dict(), tuple(here.context.regimes), states)
    read = complaint_lists.decided if of_appeals else complaint_lists.complaints
    with reading(here.engine) as session:
        place: dict[str, Any] = {
            "now": now,
            "zone": pages.zone(),
            "after": call.args.get("after", ""),
        }
        found, rest = read(session, asked, **place)
        names, products = accounts.names(session), backends.open_ones(session)
    said = _words(what, states)
    return pages.page(
        "complaint_list.html",
        what=what,
        rows=[_row(one, names, said["state"]) for one in found],
        asked=asked,
        choices=_choices(said, products),
        unread=[pages.said().say("complaint_lists", "filters", name) for name in asked.unread],
        more={**asked.query, "after": rest} if rest else None,
        complains=door.may(Act.ANSWER_COMPLAINT),
    )


def _words(what: str, states: tuple[str, ...]) -> dict[str, dict[str, str]]:
    w = pages.said()
    return {
        "state": {one: w.say("complaint_lists", what, "states", one) for one in states},
        "clock": {one: w.say("complaint_lists", "clocks", one) for one in complaint_lists.CLOCKS},
    }


def _choices(
    said: dict[str, dict[str, str]], products: list[tuple[str, str]]
) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return every filter that is chosen from a list, with what can be chosen."""
    w, laws = pages.said(), parts().context.regimes
    return [
        ("state", list(said["state"].items())),
        ("clock", list(said["clock"].items())),
        ("regime", [(name, w.either(one.titles, name)) for name, one in laws.items()]),
        ("product", products),
    ]


def _row(one: Line, names: Mapping[str, str], states: dict[str, str]) -> dict[str, Any]:
    now = parts().now()
    ended = one.ended_at
    return {
        "id": one.id,
        "about": one.about,
        "title": showing.title(one.kind, one.option) if one.kind else "",
        "laws": showing.regimes(one.regimes),
        "received": pages.moment(one.received_at),
        "due": pages.day(one.promised_at),
        "left": "" if ended else showing.left(one.promised_at, now),
        "late": one.late(now),
        "state": states[one.outcome or (complaint_lists.ENDED if ended else complaint_lists.OPEN)],
        "open": ended is None,
        "ended": pages.moment(ended) if ended else "",
        "by": showing.who(one.by, names) if one.by else "",
    }
