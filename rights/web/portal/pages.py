"""How a page of the portal is made, the ones that say what went wrong included."""

from __future__ import annotations

import secrets
from datetime import datetime, tzinfo
from typing import Any, Final

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from werkzeug import Response

from rights.services.words import LANGUAGES, Words
from rights.store.models import Request
from rights.web import language
from rights.web.parts import parts
from rights.web.portal import words
from rights.web.wrong_pages import WrongPages


def said() -> Words:
    """Return the words in the language of this reader."""
    return words.of(g.get("language") or LANGUAGES[0])


def page(template: str, status: int = 200, **values: Any) -> Response:
    """Return a page."""
    here = g.get("visit")
    company = parts().context.datamap.controller
    html = render_template(
        f"portal/{template}",
        w=said(),
        say=said().say,
        languages=[(name, words.of(name).say("language")) for name in LANGUAGES],
        here=here,
        key=here.proof if here else "",
        once=secrets.token_urlsafe(12),
        company=said().either(company.get("name", {})),
        contact=company.get("dpo_contact", ""),
        logo=parts().context.settings.brand_logo is not None,
        **values,
    )
    return make_response(html, status)


def go(endpoint: str, **values: Any) -> Response:
    """Go on at another page, as after every form: renewing the page sends nothing twice."""
    return redirect(url_for(endpoint, **values), 303)


def moment(at: datetime, request_row: Request | None = None) -> str:
    """Return a moment in the time zone of the law a request is handled under."""
    return said().moment(at, zone(request_row))


def day(at: datetime, request_row: Request | None = None) -> str:
    """Return the day of a moment there."""
    return said().day(at.astimezone(zone(request_row)).date())


def zone(request_row: Request | None) -> tzinfo:
    """Return the time zone people count in under a request's law, or under this company's."""
    context = parts().context
    names = request_row.regimes if request_row else context.settings.default_regimes
    return context.regimes[names[0]].counting.zone


def errors(blueprint: Blueprint) -> None:
    """Let everything that goes wrong in *blueprint* become a page in the reader's language."""
    _WRONG.serve(blueprint)


def _told(code: str, status: int) -> Response:
    if "language" not in g:
        g.language = language.chosen()
    return page("problem.html", status, code=code, came_from=request.method == "POST")


_WRONG: Final = WrongPages(_told, lambda code: bool(said().find("problem", code, "title")))
