"""How a page of the portal is made, the ones that say what went wrong included."""

from __future__ import annotations

import math
import secrets
from datetime import datetime, tzinfo
from typing import Any, Final

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from werkzeug import Response
from werkzeug.exceptions import HTTPException

from rights.domain.errors import RightsError, TooMany
from rights.services.words import LANGUAGES, Words
from rights.store.models import Request
from rights.web import problems
from rights.web.parts import parts
from rights.web.portal import words

_FAULT: Final = 500


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
    blueprint.register_error_handler(RightsError, _deliberate)
    blueprint.register_error_handler(problems.Problem, lambda e: _told(e.code))
    blueprint.register_error_handler(HTTPException, _of_http)
    blueprint.register_error_handler(Exception, _fault)


def _deliberate(error: Exception) -> Response:
    if not isinstance(error, RightsError) or type(error) not in problems.STATUS:
        return _fault(error)
    code = error.code if said().find("problem", error.code, "title") else type(error).code
    response = _told(code, problems.STATUS[type(error)])
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(math.ceil(error.retry_after.total_seconds()))
    return response


def _of_http(error: Exception) -> Response:
    status = error.code if isinstance(error, HTTPException) and error.code else 500
    return _told(problems.code_of(status), status)


def _fault(error: Exception) -> Response:
    code = problems.unforeseen(error)
    response = _told(code)
    response.headers.extend(problems.again_in(code))
    return response


def _told(code: str, status: int = 0) -> Response:
    if "language" not in g:
        g.language = words.chosen()
    number = status or problems.status_of(code)
    if not said().find("problem", code, "title"):
        code = "server_error" if number >= _FAULT else "other"
    return page("problem.html", number, code=code, came_from=request.method == "POST")
