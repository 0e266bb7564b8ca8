"""What an open request lacks: the form for it, with what staff say about why they ask."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlmodel import Session

from rights.services import points
from rights.services.askable import is_question
from rights.store.models import Request
from rights.web.parts import parts
from rights.web.portal import inputs, pages
from rights.web.portal.inputs import Form, Input


@dataclass(frozen=True, slots=True)
class Filled:
    """What somebody typed into it, and the names of what was left empty."""

    parameters: dict[str, Any]
    values: dict[str, Any]
    answers: dict[str, str]
    empty: list[str]


def asked(session: Session, found: Request, *, told: bool) -> list[Input]:
    """
    Return the form for all that is missing.

    Args:
        told: This reader may know what was found, and so what staff write about it.
    """
    context, words = parts().context, pages.said()
    waiting = points.waiting(session, context, found) if told else []
    said = {one.name: one for one in waiting}
    needs = tuple(found.needs)
    usual = inputs.asked(context.datamap, words, found.kind, found.option, only=needs)
    questions = [
        Input(name, "text", said[name].question, needed=True)
        for name in needs
        if is_question(name) and name in said
    ]
    every = [*usual, *questions] if needs else []
    # What was asked for stands open, and no longer says that leaving it out means anything.
    shown = [
        replace(one, folded=False, title=words.find("asked_for", one.name) or one.title)
        for one in every
    ]
    return [replace(one, about=said[one.name].why) if one.name in said else one for one in shown]


def unread(found: Request, fields: list[Input]) -> bool:
    """Return whether there is a question that this reader is not shown."""
    shown = {one.name for one in fields}
    return any(is_question(name) and name not in shown for name in found.needs)


def read(fields: list[Input], given: Form) -> Filled:
    """Return what was typed into the form."""
    usual = [one for one in fields if not is_question(one.name)]
    parameters, values, empty = inputs.read(usual, given, "")
    names = [one.name for one in fields if is_question(one.name)]
    answers = {name: text for name in names if (text := given.get(name, "").strip())}
    return Filled(parameters, values, answers, [*empty, *(n for n in names if n not in answers)])
