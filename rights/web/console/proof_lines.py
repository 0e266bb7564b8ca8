"""How somebody proved who they are, as the page of their request says it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rights.services import proofs, way_catalogue
from rights.services.console.proving import MOST, Proving, Reached, Seen
from rights.web.console import pages


def of(found: Proving, who: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """
    Return the contacts of who asks and what was asked for, tried and passed; no value of either.

    Args:
        who: Name by actor, of the staff who asked for a way.
    """
    at = {one.id: _contact(one) for one in found.contacts}
    return {
        "contacts": [_reached(one) for one in found.contacts],
        "lines": [_line(one, at, who, now) for one in found.seen],
        "most": MOST if len(found.seen) == MOST else 0,
    }


def _contact(one: Reached) -> str:
    w = pages.said()
    named = w.find("identifiers", one.type) or one.type
    return f"{named} {one.mask}".strip()


def _reached(one: Reached) -> dict[str, str]:
    w = pages.said()
    more = [w.say("proving", "contacts", one.proof or "typed")]
    more += [pages.moment(one.at)] if one.at and one.proof else []
    more += [w.say("proving", "second")] if one.second else []
    more += [w.say("proving", "on_no_file")] if one.on_file is False else []
    return {"what": _contact(one), "more": w.listed(more)}


def _line(
    one: Seen, at: Mapping[str, str], who: Mapping[str, str], now: datetime
) -> dict[str, str]:
    w = pages.said()
    more = _came_of(one, who, now)
    to = at.get(one.contact, w.say("proving", "forgotten")) if one.source == "code" else ""
    return {
        "at": pages.moment(one.at),
        "what": _way(one),
        "to": w.say("proving", "to", contact=to) if to else "",
        "more": w.listed([text for text in more if text]),
    }


def _way(one: Seen) -> str:
    """Return what was asked for, tried or passed."""
    w = pages.said()
    if one.source == "code":
        return w.say("proving", "codes", one.way)
    known = way_catalogue.named(one.way)
    return w.find("proving", "ways", one.way) or (w.either(known.title) if known else one.way)


def _came_of(one: Seen, who: Mapping[str, str], now: datetime) -> list[str]:
    """Return what came of it, at which level, and until when that is good."""
    w = pages.said()
    match one.source:
        case "code":
            return _code(one, now)
        case "match":
            return [w.say("proving", "matched"), w.say("proving", "level", level=one.number)]
        case "try":
            until = one.at + proofs.FRESH
            good = one.outcome == "enough" and until > now
            fresh = w.say("proving", "fresh", until=pages.moment(until)) if good else ""
            return [w.say("proving", "tries", one.outcome), fresh]
        case "key":
            return [w.say("proving", "key_counts" if one.number else "key_too_new")]
        case "asked":
            by = who.get(one.outcome.removeprefix("staff:"), "")
            outside = w.say("proving", "outside") if one.number else ""
            return [w.say("proving", "asked", by=by), outside]
    return [w.find("proving", "looked", one.outcome)]


def _code(one: Seen, now: datetime) -> list[str]:
    w = pages.said()
    wrong = w.say("proving", "wrong", count=one.number) if one.number else ""
    if one.done is not None and one.done == one.until:  # never sent: nobody had to answer it
        return [w.say("proving", "carried"), w.say("proving", "level", level=1)]
    if one.done is not None:
        answered = w.say("proving", "answered", moment=pages.moment(one.done))
        return [answered, w.say("proving", "level", level=1), wrong]
    live = one.until is not None and one.until > now
    said = w.say("proving", "live", moment=pages.moment(one.until)) if live and one.until else ""
    return [said or w.say("proving", "lapsed"), wrong]
