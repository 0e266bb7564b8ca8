"""How a page of the console is made, the ones that say what went wrong included."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Any, Final

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from werkzeug import Response

from rights.domain.duties import Act
from rights.domain.errors import (
    Conflict,
    FieldError,
    Forbidden,
    IllegalTransition,
    Invalid,
    RightsError,
)
from rights.services.staff_access.sessions import Present, Stage
from rights.services.words import LANGUAGES, Words
from rights.web import language, problems
from rights.web.console import door, noting, words
from rights.web.parts import parts
from rights.web.wrong_pages import WrongPages

AREAS: Final = (
    ("home", "console-home.home", Act.LOOK),
    ("requests", "console-listing.listed", Act.LOOK),
    ("waiting", "console-waiting.waiting", Act.LOOK),
    ("holds", "console-holding.listed", Act.LOOK),
    ("find", "console-finding.find", Act.FIND_PERSON),
    ("stores", "console-stores.listed", Act.LOOK),
    ("rechecks", "console-rechecks.listed", Act.LOOK),
    ("incidents", "console-incidents.listed", Act.LOOK),
    ("reports", "console-reports.reports", Act.REPORT),
    ("records", "console-trail.listed", Act.READ_TRAIL),
    ("products", "console-products.listed", Act.MANAGE_PRODUCTS),
    ("organisation", "console-organisation.organisation", Act.LOOK),
    ("staff", "console-staff.listed", Act.MANAGE_STAFF),
    ("settings", "console-settings.listed", Act.CHANGE_SETTINGS),
)
"""What stands in the head of every page, for whom it is."""


def said() -> Words:
    """Return the words in the language of this reader."""
    return words.of(g.get("language") or LANGUAGES[0])


def page(template: str, status: int = 200, **values: Any) -> Response:
    """Return a page."""
    here: Present | None = g.get("present")
    company = parts().context.datamap.controller
    html = render_template(
        f"console/{template}",
        w=said(),
        say=said().say,
        languages=[(name, words.of(name).say("language")) for name in LANGUAGES],
        here=here if here is not None and here.stage is Stage.FULL else None,
        areas=_areas(here),
        key=here.proof if here else "",
        company=said().either(company.get("name", {})),
        **values,
    )
    return make_response(html, status)


def _areas(here: Present | None) -> list[tuple[str, str]]:
    if here is None or here.stage is not Stage.FULL:
        return []
    return [(name, endpoint) for name, endpoint, act in AREAS if door.may(act)]


def done(part: str) -> str:
    """
    Return what came of the form that led to this page, and what comes next; empty without one.

    Args:
        part: Of the catalogue, whose words under ``done`` are meant.
    """
    return said().find(part, "done", request.args.get("done", ""))


def go(endpoint: str, **values: Any) -> Response:
    """Go on at another page, as after every form: renewing the page sends nothing twice."""
    return redirect(url_for(endpoint, **values), 303)


def to(path: str) -> Response:
    """Go on at a page of the console, by its path (``door.own_path``)."""
    return redirect(path, 303)


def moment(at: datetime) -> str:
    """Return a moment in the time zone of this company's law."""
    return said().moment(at, zone())


def day(at: datetime) -> str:
    """Return the day of a moment there."""
    return said().day(at.astimezone(zone()).date())


def zone() -> tzinfo:
    """Return the time zone in which this company counts its days."""
    context = parts().context
    return context.regimes[context.settings.default_regimes[0]].counting.zone


def refusal(error: RightsError, *, form: str = "fields") -> list[str]:
    """
    Return why something was not done, in the words of the reader; the rule is named.

    Args:
        form: Where the words of the form's fields are, before those that all forms share.
    """
    w, known = said(), problems.catalogue().get(error.code)
    if isinstance(error, Forbidden) and error.act:
        return [not_yours(error)]
    lines = [one for one in (w.find("refused", error.code),) if one]
    if not lines and known is not None:
        lines = [w.either(known["title"]) + w.say("colon") + w.either(known["about"])]
    if isinstance(error, Invalid):
        own = error.code != Invalid.code  # says which field, if not what it may hold
        lines += [_wrong(form, one) for one in error.errors if one.allowed or one.rule or not own]
    return lines or [w.say("refused", "other", code=error.code)]


def not_yours(error: Forbidden) -> str:
    """Return which act somebody's roles do not allow, and whose do: the rule by its name."""
    w = said()
    who = w.listed([w.say("roles", one) for one in error.roles])
    return w.say("refused_act", "rule", act=w.say("acts_of_staff", error.act), who=who)


def _wrong(form: str, one: FieldError) -> str:
    w = said()
    name = [part for part in one.field.split(".") if not part.isdecimal()][-1]
    places = ((form, name), (form, "more", name), ("identifiers", name), ("fields", name))
    found = (w.find(*place) for place in (*_inside(form, one.field), *places))
    title = next((text for text in found if text), one.field)
    if one.rule:
        rule = w.say("rules", one.rule, bound=one.bound)
        return w.say("wrong", "ruled", field=title, rule=rule)
    if not one.allowed:
        return w.say("wrong", "field", field=title)
    return w.say("wrong", "choose", field=title, allowed=w.listed(list(one.allowed)))


def _inside(form: str, field: str) -> list[tuple[str, ...]]:
    """Return where the words stand of a field within another one, the innermost first."""
    parts_of = field.split(".")
    return [(form, *parts_of[:n]) for n in range(len(parts_of), 1, -1)]


def missing() -> Response:
    """Return the page for what is not there."""
    return _told("not_found", 404)


def errors(blueprint: Blueprint) -> None:
    """Let everything that goes wrong in *blueprint* become a page in the reader's language."""
    _WRONG.serve(blueprint)


def _told(code: str, status: int) -> Response:
    if "language" not in g:
        g.language = language.chosen()
    w, known = said(), problems.catalogue().get(code, {})
    about = w.find("refused", code) or w.either(known.get("about", {}))
    title = w.either(known.get("title", {})) or w.say("problem", "title")
    error = g.get("wrong")
    if isinstance(error, Forbidden) and error.act:
        title, about = w.say("refused_act", "title"), not_yours(error)
    return page("problem.html", status, title=title, about=about or w.say("problem", "about"))


def _known(code: str) -> bool:
    return bool(said().find("refused", code)) or code in problems.catalogue()


def _heard(error: RightsError) -> None:
    """Write down what somebody tried and may not, however far they came."""
    g.wrong = error
    sent = request.method == "POST" and isinstance(error, Conflict | IllegalTransition | Invalid)
    if sent or isinstance(error, Forbidden):
        noting.note_once(error)


_WRONG: Final = WrongPages(_told, _known, _heard)
