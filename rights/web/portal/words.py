"""The words of the portal, and which language its reader gets."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge

from rights.services import catalogue, words
from rights.services.words import LANGUAGES, Words

COOKIE: Final = "rights_language"
_FOLDER: Final = Path(__file__).parents[2] / "catalogue" / "portal"


@lru_cache(maxsize=len(LANGUAGES))
def of(language: str) -> Words:
    """Return the words of one language."""
    return Words(language, words.catalogue(_FOLDER, language))


def chosen() -> str:
    """Return the language of this reader: asked for here, kept from before, or the browser's."""
    for said in (asked(), request.cookies.get(COOKIE, "")):
        if said in LANGUAGES:
            return said
    return request.accept_languages.best_match(LANGUAGES, default=LANGUAGES[0])


def asked() -> str:
    """Return the language an address or a form asks for; a form that is too large asks for none."""
    try:
        return request.values.get("lang", "")
    except RequestEntityTooLarge:
        return request.args.get("lang", "")


def category(said: Words, name: str) -> str:
    """Return the words for a category of data, or its name in the data map."""
    return said.either(catalogue.categories().get(name, {}), name)


def identifier(said: Words, name: str, kind: str) -> str:
    """Return the words for a way of being recognised."""
    return said.find("identifiers", name) or said.say("identifier_kinds", kind, name=name)
