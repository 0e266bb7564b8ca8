"""Who a form is about, where nobody vouches for it: what was typed, and what could be."""

from __future__ import annotations

from collections.abc import Mapping

from flask import request

from rights.domain.kinds import Kind
from rights.domain.parameters import NAMELESS
from rights.services import portal_sessions, subjects
from rights.services.portal import Person
from rights.web.parts import parts
from rights.web.portal import door, pages
from rights.web.portal.words import identifier

_AUTOCOMPLETE = {"email": "email", "e164": "tel"}


def typed() -> dict[str, str]:
    """Return the identifiers that were typed into a form, as they were typed."""
    given = ((n, request.form.get(f"who.{n}", "")) for n in parts().context.datamap.identifiers)
    return {name: value.strip() for name, value in given if value.strip()}


def visitor(kind: Kind | None = None) -> Person:
    """
    Return whoever fills a form in, by what they typed.

    Args:
        kind: What they ask for: much can be asked for before it is known who they are.

    Raises:
        Invalid: they typed nothing, and this cannot.
    """
    context, given = parts().context, typed()
    cleaned = subjects.cleaned(context.datamap, given) if given or kind not in NAMELESS else {}
    slowly(cleaned)
    return portal_sessions.visitor(context, door.visit().backend_id, cleaned)


def slowly(cleaned: Mapping[str, str]) -> None:
    """Count what was typed: whoever is at the other end gets a message. Raises TooMany."""
    limits, vault = parts().limits, parts().context.vault
    blinds = (subjects.blind(vault, name, value) for name, value in cleaned.items())
    limits.hit(*((limits.typed, blind[-32:]) for blind in blinds))


def ways() -> list[tuple[str, str, str]]:
    """Return the ways of being recognised: name, words, and what a browser may fill in."""
    words = pages.said()
    known = parts().context.datamap.identifiers
    ranked = sorted(known.values(), key=lambda one: (one.kind != "contact", one.name))
    return [
        (one.name, identifier(words, one.name, one.kind), _AUTOCOMPLETE.get(one.normalise, "on"))
        for one in ranked
        if one.kind != "device"
    ]
