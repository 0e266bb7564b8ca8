"""Which language the reader of a page gets."""

from __future__ import annotations

from typing import Final

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge

from rights.services.words import LANGUAGES
from rights.web.problems import Problem

COOKIE: Final = "rights_language"


def chosen() -> str:
    """Return the language of this reader: asked for here, kept from before, or the browser's."""
    for said in (asked(), request.cookies.get(COOKIE, "")):
        if said in LANGUAGES:
            return said
    return request.accept_languages.best_match(LANGUAGES, default=LANGUAGES[0])


def asked() -> str:
    """Return the language an address or a form asks for; a form that is not read asks for none."""
    try:
        return request.values.get("lang", "")
    except (RequestEntityTooLarge, Problem):
        return request.args.get("lang", "")
