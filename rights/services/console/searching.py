"""
Requests by words: which rows of the register a word finds.

A word is a reference or its beginning, a product's name, or something that staff read of a
request, in either language (:mod:`rights.services.console.vocabulary`). Nothing personal is
looked at.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Final

from sqlalchemy import ColumnElement, String, and_, cast, false, or_
from sqlmodel import col, select

from rights.services.console import vocabulary
from rights.services.console.vocabulary import Vocabulary
from rights.store.ids import ID
from rights.store.models import Request, StepRow

LONGEST: Final = 60
"""Characters of a word that are looked at."""

_BEGINNING: Final = 6
"""Characters of a reference from which on it is looked for by its beginning."""

_REFERENCE: Final = re.compile(rf"[0-9a-f]{{{_BEGINNING},32}}")
"""What may be a reference, or its beginning."""

_DIGIT: Final = re.compile(r"[0-9]")

_COLUMNS: Final[tuple[tuple[str, Any], ...]] = (
    (vocabulary.KIND, Request.kind),
    ("state", Request.state),
    ("wait", Request.wait),
    ("channel", Request.channel),
    ("age_band", Request.age_band),
    ("requester_role", Request.requester_role),
    ("pause_cause", Request.pause_cause),
    (vocabulary.REASON, Request.reason),
)
"""Columns of codes: which of them a word means is not asked row by row."""


def conditions(typed: Iterable[str], known: Vocabulary) -> Iterator[ColumnElement[bool]]:
    """Yield what a request has to fulfil to be found by all of the words."""
    return (_has(word, known) for word in known.telling(typed))


def of_ours(word: str, known: Vocabulary) -> bool:
    """
    Return whether a word is a whole reference, or stands in what staff read of requests.

    The beginning of a reference may be anything of such signs: a telephone number, too.
    """
    if ID.fullmatch(word):
        return True
    return not _REFERENCE.fullmatch(word) and (
        bool(_places(word, known)) or all(_places(one, known) for one in known.parts(word))
    )


def _has(word: str, known: Vocabulary) -> ColumnElement[bool]:
    """Return that a request has a word as it was typed, or all that are written together in it."""
    whole, parts = _anywhere(word, known), known.parts(word)
    if parts == (word,):
        return whole
    # Each row is looked at in this order: the steps of a request are read after all else fits.
    ordered = sorted(parts, key=lambda one: bool(known.titled(vocabulary.STORE, one)))
    return or_(whole, and_(*(_anywhere(one, known) for one in ordered)))


def _anywhere(word: str, known: Vocabulary) -> ColumnElement[bool]:
    """Return that one of all places has a word; false, without a look, where none can."""
    return or_(false(), *_places(word, known))


def _places(word: str, known: Vocabulary) -> list[Any]:
    places: list[Any] = []
    if reference := _REFERENCE.fullmatch(word):
        # From it to behind all that begin with it; a product or a store may be called so too.
        places.append((col(Request.id) >= word) & (col(Request.id) < f"{word}g"))
    if not reference or not _DIGIT.search(word):  # no word of a request has such digits
        places += _in_words(word, known)
    if products := known.products(word):
        places.append(col(Request.backend_id).in_(products))
    if stores := known.titled(vocabulary.STORE, word):
        steps = select(StepRow.id).where(
            col(StepRow.request_id) == col(Request.id), col(StepRow.store).in_(stores)
        )
        places.append(steps.exists())
    return places


def _in_words(word: str, known: Vocabulary) -> Iterator[ColumnElement[bool]]:
    for field, column in _COLUMNS:
        if found := known.codes(field, word):
            yield col(column).in_(found)
    yield from _options(known.codes(vocabulary.OPTION, word))
    for law in known.titled(vocabulary.LAW, word):
        yield under(law)


def _options(found: Iterable[str]) -> Iterator[ColumnElement[bool]]:
    """Options are called what they are called within their kind: ``all`` is one of several."""
    together: dict[str, list[str]] = defaultdict(list)
    for code in found:
        kind, _, option = code.partition("/")
        together[kind].append(option)
    for kind, options in together.items():
        yield (col(Request.kind) == kind) & col(Request.option).in_(options)


def under(regime: str) -> ColumnElement[bool]:
    """Return that a law is one of those of a request."""
    return cast(col(Request.regimes), String).like(f'%"{regime}"%')
