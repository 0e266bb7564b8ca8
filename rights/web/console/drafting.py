"""
Drafts as a page offers them: named in the language of staff, filled in the language of the person.

With JavaScript a draft is in the text at once; without, the page comes back with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from flask import request as call

from rights.services import catalogue, drafts
from rights.services.words import Words, language_of
from rights.store.models import Complaint, Request
from rights.web.console import pages, words
from rights.web.parts import parts

ASKED: Final = "draft"
"""The parameter of an address that names the draft to begin with."""

LIST: Final = "ask"
"""The parameter that names the one with which a list for the person begins."""


def of_request(request: Request) -> dict[str, Any]:
    """Return what a message to the person of a request can begin with."""
    return _offered("message", *_about(request))


def of_list(request: Request) -> dict[str, Any]:
    """Return what can be asked of the person of a request, as question and reason."""
    found = _offered(drafts.ASK, *_about(request), named=call.args.get(LIST, ""))
    question, _, why = found["text"].partition("\n")
    return {**found, "question": question, "why": why}


def _about(request: Request) -> tuple[Words, dict[str, str]]:
    theirs = words.of(language_of(request.locale))
    kind = catalogue.words()["kinds"].get(request.kind, {}).get("title", {})
    return theirs, {"kind": theirs.either(kind, str(request.kind)), **_facts(theirs, request)}


def of_complaint(complaint: Complaint) -> dict[str, Any]:
    """Return what the answer to a complaint can begin with."""
    theirs = words.of(language_of(complaint.locale))
    return _offered("complaint", theirs, _facts(theirs, complaint))


def _facts(theirs: Words, about: Request | Complaint) -> dict[str, str]:
    controller = parts().context.datamap.controller
    return {
        "reference": about.id,
        "received": _day(theirs, about.received_at),
        "due": _day(theirs, about.promised_at),
        "company": theirs.either(controller.get("name", {})),
        "contact": str(controller.get("dpo_contact", "")),
    }


def _day(theirs: Words, at: datetime) -> str:
    return theirs.day(at.astimezone(pages.zone()).date())


def _offered(
    use: str, theirs: Words, facts: Mapping[str, str], *, named: str | None = None
) -> dict[str, Any]:
    w = pages.said()
    named = call.args.get(ASKED, "") if named is None else named
    found = drafts.offered(parts().context.settings.drafts, use)
    listed = [
        (one.name, w.either(one.title, one.name), one.filled(theirs.language, facts))
        for one in found
    ]
    chosen = next((text for name, _, text in listed if name == named), "")
    return {"listed": listed, "named": named if chosen else "", "text": chosen}
