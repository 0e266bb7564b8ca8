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


def of_request(request: Request) -> dict[str, Any]:
    """Return what a message to the person of a request can begin with."""
    theirs = words.of(language_of(request.locale))
    kind = catalogue.words()["kinds"].get(request.kind, {}).get("title", {})
    facts = {"kind": theirs.either(kind, str(request.kind)), **_facts(theirs, request)}
    return _offered("message", theirs, facts)


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


def _offered(use: str, theirs: Words, facts: Mapping[str, str]) -> dict[str, Any]:
    w, named = pages.said(), call.args.get(ASKED, "")
    found = drafts.offered(parts().context.settings.drafts, use)
    listed = [
        (one.name, w.either(one.title, one.name), one.filled(theirs.language, facts))
        for one in found
    ]
    chosen = next((text for name, _, text in listed if name == named), "")
    return {"listed": listed, "named": named if chosen else "", "text": chosen}
