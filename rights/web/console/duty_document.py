"""
The document of a duty as a file that people go on writing in: one page of HTML, without a script.

Every word processor opens it with its headings and tables, and it is read in any browser; a PDF
could not be written in.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from flask import render_template
from flask import request as call
from sqlmodel import Session
from werkzeug import Response

from rights.domain.duties import Act
from rights.domain.errors import FieldError, Forbidden, Invalid, NotFound
from rights.domain.organisation import Profile
from rights.services.organisation import duty_template
from rights.services.organisation.duty_template import Document
from rights.services.organisation.template_catalogue import DONE, PROFILE, Part
from rights.services.reports.labels import Labels
from rights.services.words import LANGUAGES, Words
from rights.store.db import transaction
from rights.web.console import door, organisation_lines, pages, report_pages, words
from rights.web.console.noting import note
from rights.web.console.trying import status_of
from rights.web.parts import parts

MEDIA = "text/html; charset=utf-8"


def offered() -> list[tuple[str, str]]:
    """Return in which languages a document can be had; none for who may make no reports."""
    if not door.may(Act.REPORT):
        return []
    return [(name, words.of(name).say("language")) for name in LANGUAGES]


def send(code: str) -> Response | tuple[list[str], int]:
    """Return the document that was asked for as a file, or why there is none and its status."""
    here, staff, now = parts(), door.staff(), parts().now()
    try:
        language, due = _language(), _due()
        made = duty_template.build(here.engine, here.context, staff, code, due, now=now)
    except (Invalid, Forbidden, NotFound) as error:
        note(error)
        return pages.refusal(error, form="organisation"), status_of(error)
    written = _written(made, words.of(language))
    with transaction(here.engine) as session:
        _note(session, made, language, now)
    response = Response(written, content_type=MEDIA)
    name = f"{code}-{made.period.first}-{made.period.last}.{language}.html"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _note(session: Session, made: Document, language: str, now: datetime) -> None:
    duty_template.note(session, door.staff(), made, language, now=now)


def _language() -> str:
    said = call.form.get("language", "")
    if said not in LANGUAGES:
        wrong = FieldError("language", "is none of the list", LANGUAGES)
        raise Invalid("choose a language", [wrong])
    return said


def _due() -> date | None:
    said = call.form.get("due", "")
    try:
        return date.fromisoformat(said) if said else None
    except ValueError:
        raise Invalid("name a day", [FieldError("due", "is no day", rule="no_day")]) from None


# -- in words ------------------------------------------------------------------------------------


def _written(made: Document, w: Words) -> str:
    duty = made.owed.duty
    labels = Labels(w.language, parts().context.regimes)
    company = parts().context.datamap.controller.get("name", {})
    return render_template(
        "console/duty_document.html",
        w=w,
        say=w.say,
        title=w.either(duty.title),
        about=w.either(duty.about),
        facts=[*_facts(made, w, labels, w.either(company))],
        parts=[_part(made, one, w, labels) for one in made.parts],
        notes=labels.notes(made.report) if made.report else [],
        sha256=made.report.sha256() if made.report else "",
    )


def _facts(made: Document, w: Words, labels: Labels, company: str) -> Iterator[tuple[str, str]]:
    duty, said = made.owed.duty, labels.words.say
    at = made.period
    yield w.say("duty_document", "organisation"), company
    yield w.say("duty_document", "law"), w.either(duty.citation)
    yield said("period"), said("days", first=at.first, last=at.last, zone=at.zone.key)
    if made.due:
        yield w.say("organisation", "due"), w.day(made.due)
    yield w.say("organisation", "owner"), w.say("roles", duty.owner)
    yield said("made_at"), labels.moment(made.at, at.zone)


def _part(made: Document, one: Part, w: Words, labels: Labels) -> dict[str, Any]:
    named = [name for name in one.filled if name in made.tables]
    lacks = bool(set(one.filled) - {PROFILE, DONE, *named})
    return {
        "code": one.code,
        "title": w.either(one.title),
        "source": w.either(one.source) or w.either(made.owed.duty.citation),
        "profile": _profile(made.profile, w) if PROFILE in one.filled else [],
        "done": _done(made, w) if DONE in one.filled else None,
        "tables": [report_pages.table(made.tables[name], labels, w) for name in named],
        "untold": _untold(made, w) if lacks else "",
        "write": w.either(one.write),
    }


def _profile(profile: Profile, w: Words) -> list[tuple[str, str]]:
    return organisation_lines.profile(profile, w)


def _done(made: Document, w: Words) -> list[tuple[str, str, str]]:
    return [
        (w.day(term.due), w.day(term.done.on), term.done.reference)
        for term in made.done
        if term.done is not None
    ]


def _untold(made: Document, w: Words) -> str:
    code, days = made.untold
    key = "not_over" if code == "report_year_open" else "no_figures"
    return w.say("duty_document", key) + (
        w.say("duty_document", "there_are", days=days) if days else ""
    )
