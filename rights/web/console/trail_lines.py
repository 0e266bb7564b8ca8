"""
The timeline of a request: entries of its trail in the words and the time of their reader.

An entry holds codes, ids and moments. What a code means is looked up by the name it stands under;
a code that no catalogue knows is shown as it is, so that nothing of the trail is left unsaid.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final

from rights.domain.actions import Action
from rights.services import catalogue, clock_words, reasons, way_catalogue
from rights.store.models import Entry
from rights.web.console import pages, planning
from rights.web.parts import parts

QUIET: Final = frozenset({"step_started", "step_stopped"})
"""Entries of a request that say nothing beside the steps themselves."""

_UNSAID: Final = frozenset({"fence", "hash"})
"""What only machines compare."""

_REQUESTS: Final = frozenset({"into", "with", "because_of", "follows", "led_to", "requests"})
"""Names under which another request stands."""

_MOMENT: Final = re.compile(r"\d{4}-\d{2}-\d{2}(T[\d:.]+([+-]\d{2}:\d{2}|Z)?)?")
_ID: Final = re.compile(r"[0-9a-f]{32}|[0-9a-z]{64}")
_STEP: Final = re.compile(r"\d{2}-([a-z]+)(?:-(.+))?")
_SHORT: Final = 8

Who = Callable[[str], str]
"""Returns the name behind an actor."""


def of(one: Entry, who: Who, names: Mapping[str, str]) -> dict[str, Any]:
    """
    Return one entry: when, who, what, and what else it says.

    Args:
        names: Of the staff, by id.
    """
    told = [
        {"name": _name(name), "values": _values(name, value, who, names)}
        for name, value in sorted(one.data.items())
        if value and name not in _UNSAID
    ]
    return {
        "seq": one.seq,
        "at": pages.moment(one.at),
        "who": who(one.actor),
        "what": pages.said().find("events", one.event) or one.event,
        "more": told,
    }


def _name(name: str) -> str:
    return pages.said().find("timeline", "names", name) or name


def _values(name: str, value: Any, who: Who, names: Mapping[str, str]) -> list[dict[str, str]]:
    """Return what stands under a name; nothing where its name says it all, as of a yes."""
    if value is True:
        return []
    several = value if isinstance(value, list) else [value]
    return [
        {
            "text": _said(name, one, who, names),
            "request": str(one) if name in _REQUESTS and _ID.fullmatch(str(one)) else "",
        }
        for one in several
    ]


def _said(name: str, value: Any, who: Who, names: Mapping[str, str]) -> str:
    """Return one value in words: a number, a moment, a member of staff, an id cut short, a code."""
    w = pages.said()
    if isinstance(value, int):
        return w.say("timeline", "share", share=value) if name == "stage" else w.number(value)
    text = str(value)
    if text.startswith("staff:") or text in names:
        return who(text) if text.startswith("staff:") else names[text]
    if _MOMENT.fullmatch(text):
        return _moment(text)
    if _ID.fullmatch(text):
        return text[:_SHORT]
    known = _BY_NAME.get(name)
    return (known(text) if known else "") or _code(text) or text


def _moment(text: str) -> str:
    at = datetime.fromisoformat(text)
    return pages.moment(at) if at.tzinfo else pages.said().day(date.fromisoformat(text[:10]))


def _code(code: str) -> str:
    """Return the words of a code that may be one of several lists."""
    w, known = pages.said(), reasons.catalogue().get(code)
    if known:
        return w.either(known.texts)
    places = ("timeline", "codes"), ("events",), ("letters",), ("rechecks", "codes"), ("released",)
    return next((text for place in places if (text := w.find(*place, code))), "")


def _section(*path: str) -> Callable[[str], str]:
    return lambda code: pages.said().find(*path, code)


def _kind(code: str) -> str:
    return pages.said().either(catalogue.words()["kinds"].get(code, {}).get("title", {}))


def _option(code: str) -> str:
    found = (one["options"].get(code) for one in catalogue.words()["kinds"].values())
    return pages.said().either(next((one for one in found if one), {}))


def _law(code: str) -> str:
    known = parts().context.regimes.get(code)
    return pages.said().either(known.titles) if known else ""


def _need(code: str) -> str:
    w = pages.said()
    return w.either(catalogue.words()["fields"].get(code, {}), w.find("needs", code))


def _way(code: str) -> str:
    w, known = pages.said(), way_catalogue.named(code)
    return w.find("proving", "ways", code) or (w.either(known.title) if known else "")


def _step(name: str) -> str:
    """Return a step by what it does and where."""
    found = _STEP.fullmatch(name)
    if found is None or found[1] not in set(Action):
        return ""
    action = pages.said().say("actions", found[1])
    return f"{action} · {planning.store(found[2])}" if found[2] else action


def _to(code: str) -> str:
    return pages.said().find("identifiers", code)


def _cause(code: str) -> str:
    return pages.said().either(clock_words.causes().get(code, {}))


def _longer(code: str) -> str:
    return _code(code) or pages.said().either(clock_words.reasons().get(code, {}))


def _purpose(code: str) -> str:
    w = pages.said()
    return w.find("proving", "codes", code) or w.find("purposes", code)


_BY_NAME: Final[Mapping[str, Callable[[str], str]]] = {
    "state": _section("states"),
    "wait": _section("waits"),
    "channel": _section("channels"),
    "requester_role": _section("asker"),
    "rank": _section("ranks"),
    "acr": _section("timeline", "acr"),
    "event": _section("letters"),
    "outcome": _section("told_recipient"),
    "to": _to,
    "types": _to,
    "kind": _kind,
    "option": _option,
    "asked_option": _option,
    "regimes": _law,
    "regimes_because": _section("timeline", "laws"),
    "needs": _need,
    "fields": _need,
    "way": _way,
    "step": _step,
    "store": planning.store,
    "collection": planning.title,
    "collections": planning.title,
    "cause": _cause,
    "reason": _longer,
    "purpose": _purpose,
}
"""What the codes under a name are codes of."""
