"""
The tags by which somebody is recommended things: seen, deleted one by one or all at once, and
chosen of those that the company offers.

The stores are asked by a worker; choosing and deleting are requests like any other. What was
deleted is not computed again, and what was chosen stays, until the person says otherwise here.

Source: NDSR 42; Algorithmic Recommendation Provisions 17.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import request
from werkzeug import Response

from rights.domain.errors import Invalid, NotFound
from rights.domain.kinds import Kind, Option
from rights.domain.lifecycle import State
from rights.domain.tags import CHOSEN, REMOVED, SWITCH
from rights.services import forms, kept_tags, preferences, tags_again
from rights.store.db import reading, transaction
from rights.web.api import taking
from rights.web.parts import parts
from rights.web.portal import choices, door, looking, pages, switches
from rights.web.reading import loaded
from rights.web.schemas import requests as shapes

area = door.private("tags")
pages.errors(area)

_QUESTION: Final = "tags"


def kept() -> bool:
    """Return whether there are tags that a person may see here."""
    context = parts().context
    known = any(s.name == SWITCH for s in context.datamap.switches)
    return known and Option.TAGS_LIST in context.policy.offered(Kind.RECOMMENDATION_OPT_OUT)


@area.before_request
def _there() -> None:
    if not kept():
        raise NotFound("there are no tags here")


@area.get("/tags")
def tags() -> Response:
    """Say what this page is for; the stores are asked when somebody wants to know."""
    who = door.visit().person
    return _page("", {}, vouched=bool(who and who.attested))


@area.post("/tags")
def look() -> Response:
    """Ask the stores, for whom a product vouches."""
    return pages.go("portal-tags.seen", lookup_id=looking.ask(_QUESTION))


@area.get("/tags/<id:lookup_id>")
def seen(lookup_id: str) -> Response:
    """Show the tags with a box beside each, or renew the page until they are known."""
    state, answer = looking.read(lookup_id, _QUESTION)
    return _page(state, answer or {}, lookup_id=lookup_id)


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
        return _page(state, answer or {}, "choose", lookup_id=lookup_id)
    wish = {"kind": str(Kind.RECOMMENDATION_OPT_OUT), "option": str(Option.TAGS_DELETE)}
    values = {} if every else {"tags": list(dict.fromkeys(chosen))}
    read = loaded(shapes.NewRequest(), {**wish, **({"values": values} if values else {})})
    made = switches.ask(
        Kind.RECOMMENDATION_OPT_OUT, Option.TAGS_DELETE, {}, values=read.get("values") or {}
    )
    return pages.go("portal-following.follow", request_id=made.id)


@area.post("/tags/choose")
def choose() -> Response:
    """Choose the ticked topics, and remove those that were chosen before and are not ticked."""
    return _choose({}, "")


@area.post("/tags/<id:lookup_id>/choose")
def choose_seen(lookup_id: str) -> Response:
    """Do the same where the stores were asked: what they hold can be unticked as well."""
    _, answer = looking.read(lookup_id, _QUESTION)
    return _choose(answer or {}, lookup_id)


def _choose(answer: Mapping[str, Any], lookup_id: str) -> Response:
    here = parts()
    ticked = list(dict.fromkeys(request.form.getlist("chosen")))
    before = [one["tag"] for one in choices.topics(answer) if one["ticked"]]
    wanted = {
        CHOSEN: [tag for tag in ticked if tag not in before],
        REMOVED: [tag for tag in before if tag not in ticked],
    }
    values = {name: tags for name, tags in wanted.items() if tags}
    if not values:
        state = "answered" if answer else ""
        return _page(state, answer, "unchanged", lookup_id=lookup_id)
    wish = {"kind": str(Kind.RECOMMENDATION_OPT_OUT), "option": str(Option.TAGS_EDIT)}
    read = loaded(shapes.NewRequest(), {**wish, "values": values})
    wrong = list(forms.tags(here.context.datamap, Option.TAGS_EDIT, read["values"]))
    if wrong:
        raise Invalid("the choice has mistakes", wrong)
    made = switches.ask(Kind.RECOMMENDATION_OPT_OUT, Option.TAGS_EDIT, {}, values=read["values"])
    if made.state in (State.OPEN, State.VERIFYING):
        return pages.go("portal-following.follow", request_id=made.id)
    preferences.wait(here.engine, here.context, door.person().identifiers, SWITCH)
    return pages.go("portal-tags.tags")


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
    answer: Mapping[str, Any],
    wrong: str = "",
    *,
    lookup_id: str = "",
    vouched: bool = True,
) -> Response:
    """Return the page; *wrong* names what was wrong with the form that was sent."""
    places = list(choices.places(answer))
    topics = choices.topics(answer) if vouched and choices.offered() else []
    return pages.page(
        "tags.html",
        422 if wrong else 200,
        state=state,
        places=places,
        refresh=looking.WAIT_S if state == "waiting" else 0,
        lookup_id=lookup_id,
        vouched=vouched,
        kept_away=vouched and _kept_away(),
        wrong=[pages.said().say("tags", wrong)] if wrong else [],
        any=any(place["rows"] for place in places),
        topics=topics,
        stands=choices.stands() if topics else "",
    )
