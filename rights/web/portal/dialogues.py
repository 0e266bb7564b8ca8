"""
What a person said in a dialogue: seen, and copied or deleted by message, by conversation or all.

The stores are asked by a worker; a copy or a deletion is a request like any other, with the names
of what was chosen under seal.

Source: Interim Measures for Anthropomorphic AI Interaction Services 16; PIPL 45, 47.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from flask import request
from werkzeug import Response

from rights.domain.conversation import CONVERSATIONS
from rights.domain.errors import NotFound
from rights.domain.kinds import Kind, Option
from rights.web.parts import parts
from rights.web.portal import door, looking, pages, switches
from rights.web.reading import loaded
from rights.web.schemas import requests as shapes

area = door.private("conversations")
pages.errors(area)

_WAYS: Final = {"copy": (Kind.COPY, Option.ALL), "delete": (Kind.DELETION, Option.DELETE)}
"""What can be done with what was chosen, by the name of its button."""

_WORDS: Final = {
    "copy": ("copy", "copy_session", "copy_all"),
    "delete": ("delete", "delete_session", "delete_all"),
}
"""What its buttons say: for what is ticked, for the conversation that is open, for all."""

_PAGES: Final = 1_000


def kept() -> bool:
    """Return whether there are conversations that a person may see here."""
    known = any(c.conversation for c in parts().context.datamap.collections)
    return known and Option.RECORDS in parts().context.policy.offered(Kind.ACCESS)


@area.before_request
def _there() -> None:
    if not kept():
        raise NotFound("there are no conversations here")


@area.get("/conversations")
def conversations() -> Response:
    """Say what this page is for; the stores are asked when somebody wants to know."""
    who = door.visit().person
    return _page("", {}, vouched=bool(who and who.attested))


@area.post("/conversations")
def look() -> Response:
    """Ask the stores for the conversations there are, for whom a product vouches."""
    return pages.go("portal-conversations.seen", lookup_id=looking.ask(CONVERSATIONS))


@area.get("/conversations/<id:lookup_id>")
def seen(lookup_id: str) -> Response:
    """Show what was found with a box beside each, or renew the page until it is known."""
    state, answer = looking.read(lookup_id, CONVERSATIONS)
    return _page(state, answer or {}, lookup_id=lookup_id)


@area.get("/conversations/<id:lookup_id>/choose")
def again(lookup_id: str) -> Response:
    """Lead back from the address of a form that somebody loads anew."""
    return pages.go("portal-conversations.seen", lookup_id=lookup_id)


@area.post("/conversations/<id:lookup_id>/choose")
def choose(lookup_id: str) -> Response:
    """Open a conversation, or ask for a copy or the deletion of what was chosen."""
    state, answer = looking.read(lookup_id, CONVERSATIONS)
    place = request.form.get("place", "")
    if place not in (answer or {}).get("places", {}):
        raise NotFound("there is no such place")
    if "open" in request.form:
        return _opened(place)
    way, _, scope = request.form.get("do", "").partition("-")
    named = list(_chosen(scope))
    if way not in _WAYS or not named:
        return _page(state, answer, 422, lookup_id=lookup_id)
    return _asked(*_WAYS[way], [{"collection": place, **one} for one in named])


def _opened(place: str) -> Response:
    number = request.form.get("page", "0")
    page = int(number) if number.isdecimal() and len(number) < len(str(_PAGES)) else 0
    about = {"collection": place, "session": request.form["open"], "page": page}
    return pages.go("portal-conversations.seen", lookup_id=looking.ask(CONVERSATIONS, about))


def _chosen(scope: str) -> Iterator[dict[str, Any]]:
    """Yield what was chosen: everything, the conversation that is open, or what was ticked."""
    given = request.form
    if scope == "all":
        yield {}
    elif scope == "session":
        yield {"session": given.get("whole", "")}
    elif messages := list(dict.fromkeys(given.getlist("message"))):
        yield {"messages": messages}
    else:
        yield from ({"session": one} for one in dict.fromkeys(given.getlist("session")))


def _asked(kind: Kind, option: Option, named: list[dict[str, Any]]) -> Response:
    wish = {"kind": str(kind), "option": str(option), "values": {CONVERSATIONS: named}}
    read = loaded(shapes.NewRequest(), wish)
    made = switches.ask(kind, option, {}, values=read["values"], notify=True)
    return pages.go("portal-following.follow", request_id=made.id)


def _page(
    state: str,
    answer: Mapping[str, Any],
    status: int = 200,
    *,
    lookup_id: str = "",
    vouched: bool = True,
) -> Response:
    words, policy = pages.said(), parts().context.policy
    wrong = [words.say("conversations", "choose")] if status != 200 else []  # noqa: PLR2004 - as HTTP has it
    about = answer.get("about", {})
    return pages.page(
        "conversations.html",
        status,
        state=state,
        places=list(_places(answer)),
        session=about.get("session"),
        number=int(about.get("page", 0)),
        refresh=looking.WAIT_S if state == "waiting" else 0,
        lookup_id=lookup_id,
        vouched=vouched,
        wrong=wrong,
        offered=[
            (way, *_WORDS[way]) for way, (kind, one) in _WAYS.items() if one in policy.offered(kind)
        ],
    )


def _places(answer: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield each dialogue in the map's order, with what was found in it."""
    words, found = pages.said(), answer.get("places", {})
    for collection in parts().context.datamap.collections:
        if collection.path not in found:
            continue
        here = found[collection.path] or {}
        yield {
            "path": collection.path,
            "title": words.either(collection.title, collection.name),
            "known": found[collection.path] is not None,
            "many": here.get("many", 0),
            "sessions": here.get("sessions", []),
            "messages": here.get("messages", []),
            "more": bool(here.get("more")),
        }
