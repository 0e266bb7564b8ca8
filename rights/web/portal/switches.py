"""
Switching off: one action, at once, for good. On again: one action too, and only the person's own.

Source: NDSR 42; PIPL 15, 24.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import g, request
from werkzeug import Response

from rights.domain.errors import FieldError, Invalid
from rights.domain.kinds import Kind, Option
from rights.domain.lifecycle import State
from rights.domain.parameters import SWITCHES
from rights.services import consents as ledger
from rights.services import forms, preferences, submission
from rights.services.intake import Submission
from rights.store.db import reading, transaction
from rights.store.models import Request
from rights.web import watching
from rights.web.parts import parts
from rights.web.portal import door, pages

area = door.private("switches")
pages.errors(area)
consenting = door.private("consents")
pages.errors(consenting)


@area.post("/switches/<name>/off")
def switch_off(name: str) -> Response:
    """Turn one switch off, and wait a moment for the stores that answer people to follow."""
    here = parts()
    wish = preferences.wish(here.context, name)
    ask(wish.kind, wish.option, wish.parameters)
    preferences.wait(here.engine, here.context, door.person().identifiers, name)
    return pages.go("portal-home.home", _anchor="switches")


@area.post("/switches/<name>/on")
def switch_on(name: str) -> Response:
    """Turn on again what the person turned off, once it is sure that it is them."""
    here = parts()
    if preferences.wish(here.context, name).kind is not Kind.RECOMMENDATION_OPT_OUT:
        wrong = FieldError("name", "is agreed to in the product")
        raise Invalid("a consent is given where it was asked for", [wrong])
    made = ask(Kind.RECOMMENDATION_OPT_OUT, Option.SWITCH_ON, {SWITCHES: [name]})
    if made.state in (State.OPEN, State.VERIFYING):
        return pages.go("portal-following.follow", request_id=made.id)
    preferences.wait_for(here.engine, here.context, made.id)
    return pages.go("portal-home.home", _anchor="switches")


@consenting.get("/consents")
def consents() -> Response:
    """Show every purpose that rests on consent, where it stands, and how it came to that."""
    here, words = parts(), pages.said()
    who = door.person()
    with reading(here.engine) as session:
        lines = ledger.history(session, here.context, who.backend_id, who.identifiers)
    purposes = [p for p in here.context.datamap.purposes.values() if p.basis == "consent"]
    shown: list[dict[str, Any]] = []
    for one in purposes:
        mine = [line for line in lines if line.purpose == one.name]
        shown.append(
            {
                "name": one.name,
                "title": words.either(one.title, one.name),
                "given": bool(mine) and mine[-1].state == ledger.GRANTED,
                "lines": [words.say("consents", x.state, day=pages.day(x.at)) for x in mine],
            }
        )
    return pages.page("consents.html", consents=shown)


@consenting.post("/consents/withdraw")
def withdraw() -> Response:
    """Take consents back: the one that was named, or all that are given."""
    purposes = request.form.getlist("purpose")
    known = parts().context.datamap.purposes
    ledger.known_purposes(parts().context.datamap, purposes, field="purposes")
    if not purposes:
        raise Invalid("nothing was chosen", [FieldError("purposes", "name one or more")])
    if any(known[name].basis != "consent" for name in purposes):
        wrong = FieldError("purposes", "does not rest on consent")
        raise Invalid("nothing was agreed to", [wrong])
    ask(Kind.CONSENT_WITHDRAWAL, Option.ALL, {"purposes": sorted(set(purposes))})
    return pages.go("portal-consents.consents")


def ask(
    kind: Kind,
    option: Option,
    parameters: Mapping[str, Any],
    *,
    values: Mapping[str, Any] | None = None,
    notify: bool = False,
) -> Request:
    """
    Take in what a page asks for the person a product vouches for, and return it.

    Args:
        notify: Acknowledge it by mail: not needed where the page itself shows the effect.

    Raises:
        Invalid: it is not offered here.
    """
    here, who, product = parts(), door.person(), door.caller()
    forms.option_for(kind, str(option), here.context.policy)
    new = Submission(
        kind,
        option,
        who.identifiers,
        backend_id=product.id,
        parameters=parameters,
        values=values or {},
        regimes=product.regimes,
        locale=g.language,
        channel="portal",
        attested=who.attested,
        acr=who.acr,
        level_cap=product.level_cap,
        role=who.role,
        second=who.second,
        age_band=who.age_band,
        notify=notify,
    )
    with transaction(here.engine) as session:
        taken = submission.take(session, here.context, new, now=here.now())
        return watching.took(session, taken)
