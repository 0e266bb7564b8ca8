"""
The tags by which somebody is recommended things: seen, and deleted one by one or all at once.

The stores are asked by a worker; deleting is a request like any other. What was deleted is not
computed again until the person says so here. Changing a tag is not offered: no connector can do
it whole.

Source: NDSR 42; Algorithmic Recommendation Provisions 17.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from flask import request
from werkzeug import Response

from rights.domain.errors import NotFound
from rights.domain.kinds import Kind, Option
from rights.services import kept_tags, tags_again
from rights.store.db import reading, transaction
from rights.web.api import taking
from rights.web.parts import parts
from rights.web.portal import door, looking, pages, switches
from rights.web.reading import loaded
from rights.web.schemas import requests as shapes

area = door.private("tags")
pages.errors(area)

_QUESTION: Final = "tags"
_SWITCH: Final = "tags"


def kept() -> bool:
    """Return whether there are tags that a person may see here."""
    context = parts().context
    known = any(s.name == _SWITCH for s in context.datamap.switches)
    return known and Option.TAGS_LIST in context.policy.offered(Kind.RECOMMENDATION_OPT_OUT)


@area.before_request
def _there() -> None:
    if not kept():
        raise NotFound("there are no tags here")


@area.get("/tags")
def tags() -> Response:
    """Say what this page is for; the stores are asked when somebody wants to know."""
    who = door.visit().person
    return _page("", [], vouched=bool(who and who.attested))


@area.post("/tags")
def look() -> Response:
    """Ask the stores, for whom a product vouches."""
    return pages.go("portal-tags.seen", lookup_id=looking.ask(_QUESTION))


@area.get("/tags/<id:lookup_id>")
def seen(lookup_id: str) -> Response:
    """Show the tags with a box beside each, or renew the page until they are known."""
    state, answer = looking.read(lookup_id, _QUESTION)
    return _page(state, list(_places(answer or {})), lookup_id=lookup_id)


@area.get("/tags/<id:lookup_id>/delete")
def again(lookup_id: str) -> Response:
    """Lead back from the address of a form that somebody loads anew."""
    return pages.go("portal-tags.seen", lookup_id=lookup_id)


@area.post("/tags/<id:lookup_id>/delete")
def delete(lookup_id: str) -> Response:
    """Ask for the chosen tags to be deleted, or for all of them; nothing chosen is a mistake."""
    chosen, every = request.form.getlist("tag"), "all" in request.form
    if not chosen and not every:
        state, answer = looking.read(lookup_id, _QUESTION)
        return _page(state, list(_places(answer or {})), 422, lookup_id=lookup_id)
    wish = {"kind": str(Kind.RECOMMENDATION_OPT_OUT), "option": str(Option.TAGS_DELETE)}
    values = {} if every else {"tags": list(dict.fromkeys(chosen))}
    read = loaded(shapes.NewRequest(), {**wish, **({"values": values} if values else {})})
    made = switches.ask(
        Kind.RECOMMENDATION_OPT_OUT, Option.TAGS_DELETE, {}, values=read.get("values") or {}
    )
    return pages.go("portal-following.follow", request_id=made.id)


@area.post("/tags/on")
def let_come() -> Response:
    """Let what the person had deleted be computed again: their own word, in one action."""
    here, who, product = parts(), door.person(), door.caller()
    said = taking.word(taking.of_person(who), product)
    with transaction(here.engine) as session:
        tags_again.allow(
            session,
            here.context,
            product.id,
            said,
            actor="subject",
            source="portal",
            now=here.now(),
        )
    return pages.go("portal-tags.tags")


def _kept_away() -> bool:
    """Return whether tags that this person had deleted are kept away."""
    here, who = parts(), door.visit().person
    if who is None:
        return False
    with reading(here.engine) as session:
        return bool(kept_tags.requests_of(session, here.context, who.identifiers))


def _page(
    state: str,
    places: list[dict[str, Any]],
    status: int = 200,
    *,
    lookup_id: str = "",
    vouched: bool = True,
) -> Response:
    words = pages.said()
    wrong = [words.say("tags", "choose")] if status != 200 else []  # noqa: PLR2004 - as HTTP has it
    return pages.page(
        "tags.html",
        status,
        state=state,
        places=places,
        refresh=looking.WAIT_S if state == "waiting" else 0,
        lookup_id=lookup_id,
        vouched=vouched,
        kept_away=vouched and _kept_away(),
        wrong=wrong,
        any=any(place["rows"] for place in places),
    )


def _places(answer: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield each place of tags in the map's order, with what its tags say in words."""
    words, datamap = pages.said(), parts().context.datamap
    for collection in datamap.collections:
        if collection.path not in answer:
            continue
        found = answer[collection.path]
        titles = {f.name: words.either(f.title, f.name) for f in collection.fields}
        rows = [
            {
                "id": one["id"],
                "lines": [(titles.get(n, n), value) for n, value in one["values"].items() if value],
            }
            for one in (found or {"rows": []})["rows"]
        ]
        yield {
            "title": words.either(collection.title, collection.name),
            "known": found is not None,
            "rows": rows,
            "more": bool(found and found["more"]),
        }
