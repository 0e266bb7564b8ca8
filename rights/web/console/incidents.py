"""
Security incidents: the clocks that run, whom one touched, what they are told, and how it is closed.

Lists name requests and nobody. The contacts of minors' guardians are on no page: on the command
line they take a colleague's word.

Source: NDSR 10, 11(2); PIPL 57.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from datetime import datetime
from typing import Final

from flask import request as call
from sqlmodel import Session
from werkzeug import Response

from rights.domain.duties import Act
from rights.domain.errors import ConfigError, FieldError, Invalid, RightsError
from rights.domain.incident_clocks import IncidentKind, Severity, graver
from rights.services import audit
from rights.services.security_incidents import (
    answering,
    as_files,
    facts,
    list_files,
    opening,
    raising,
    scope,
    shown,
    telling,
    touched,
)
from rights.services.security_incidents.answering import Answer
from rights.services.security_incidents.opening import New
from rights.services.security_incidents.raising import Graver
from rights.services.security_incidents.scope import Given
from rights.services.staff_access import accounts
from rights.services.words import LANGUAGES
from rights.store.db import picture, reading, transaction
from rights.store.models import SecurityIncident
from rights.web.console import door, incident_lines, incident_lists, pages, words
from rights.web.console.trying import status_of, tried
from rights.web.parts import parts

area = door.private("incidents")
pages.errors(area)

_BY: Final = (scope.BACKEND, scope.STAFF)
"""What can be chosen here; a key or a portal token is named on the command line."""

_FILES: Final = {
    "csv": (as_files.to_csv, "text/csv; charset=utf-8"),
    "json": (as_files.to_json, "application/json"),
}

Do = Callable[[Session, datetime], object]


@area.get("/incidents")
def listed() -> Response:
    """Show every incident, and the clocks that run."""
    return _list()


def _list(status: int = 200, *, wrong: list[str] | None = None) -> Response:
    here, now = parts(), parts().now()
    with reading(here.engine) as session:
        running, more = shown.on_board(session, now)
        rows = [incident_lines.line(row) for row in shown.listed(session)]
    return pages.page(
        "incidents.html",
        status,
        running=[incident_lines.running(row, one, now) for row, one in running],
        more=more,
        rows=rows,
        opens=door.may(Act.OPEN_INCIDENT),
        kinds=_titled("kinds", IncidentKind),
        severities=_titled("severities", Severity),
        laws=[(n, pages.said().either(r.titles, n)) for n, r in here.context.regimes.items()],
        usual=here.context.settings.default_regimes,
        zone=str(pages.zone()),
        given=call.form,
        wrong=wrong or [],
    )


@area.get("/incidents.<any(csv, json):form>")
def exported(form: str) -> Response:
    """Send the list as a file, without personal data; that it was taken is an entry."""
    here = parts()
    with ExitStack() as stack:
        seen = stack.enter_context(picture(here.engine))
        if as_files.too_many(seen):
            most = pages.said().number(as_files.MOST)
            return _list(422, wrong=[pages.said().say("list", "too_many", count=most)])
        with transaction(here.engine) as session:
            line = audit.Line("incidents_exported", door.present().actor, {"form": form})
            audit.append_day(session, line, now=here.now())
        write, media = _FILES[form]
        lines = write(as_files.lines(seen, here.now()))
        response = Response(lines, content_type=media)
        response.headers["Content-Disposition"] = f'attachment; filename="incidents.{form}"'
        response.call_on_close(stack.pop_all().close)
    return response


def _titled(part: str, codes: Iterable[str]) -> list[tuple[str, str]]:
    return [(str(one), pages.said().either(facts.titles(part)[one])) for one in codes]


@area.post("/incidents")
def begin() -> Response:
    """Open an incident."""
    here, made = parts(), list[SecurityIncident]()

    def do(session: Session, now: datetime) -> None:
        form = call.form
        new = New(
            form.get("kind", ""),
            form.get("severity", ""),
            _moment("discovered_at"),
            endangers=bool(form.get("endangers")),
            minors=bool(form.get("minors")),
            regimes=tuple(form.getlist("regimes")),
            drill=bool(form.get("drill")),
        )
        made.append(opening.opened(session, here.context, door.staff(), new, now=now))

    if wrong := _tried(do):
        return _list(status_of(wrong), wrong=_refusal(wrong))
    return pages.go("console-incidents.one", incident_id=made[0].id, done="opened")


@area.get("/incidents/<id:incident_id>")
def one(incident_id: str) -> Response:
    """Show one incident."""
    return _one(incident_id)


def _one(
    incident_id: str,
    status: int = 200,
    *,
    wrong: list[str] | None = None,
    counts: touched.Counts | None = None,
) -> Response:
    here, now = parts(), parts().now()
    with reading(here.engine) as session:
        row = session.get(SecurityIncident, incident_id)
        if row is None:
            return pages.missing()
        found = shown.one(session, here.context, row, now)
        names, products = accounts.names(session), incident_lines.products(session)
    return pages.page(
        "incident.html",
        status,
        one=incident_lines.incident(row),
        clocks=[incident_lines.running(row, one, now, names) for one in found.clocks],
        scope=incident_lines.scope(row, names, dict(products)),
        letters=[incident_lines.letter(one, names, found.log) for one in found.letters],
        elements=[(n, pages.said().either(t)) for n, t in facts.titles("elements").items()],
        tongues=[(at, words.of(at).say("language")) for at in LANGUAGES],
        people=[*names.items()],
        products=products,
        graver=_titled("severities", graver(Severity(row.severity))),
        raised=[(pages.moment(one.at), one.text) for one in found.raised],
        handles=door.may(Act.HANDLE_INCIDENT) and row.closed_at is None,
        lists=door.may(Act.LIST_TOUCHED),
        files=incident_lists.NAMES,
        forms=incident_lists.FORMS,
        counts=counts,
        done=pages.done("incidents"),
        zone=str(pages.zone()),
        given=call.form,
        wrong=wrong or [],
    )


@area.post("/incidents/<id:incident_id>/clocks/<name>")
def answer(incident_id: str, name: str) -> Response:
    """Answer one clock."""
    context, staff, said = parts().context, door.staff(), _answer()
    return _did(
        incident_id,
        "answered",
        lambda s, now: answering.answer(s, context, incident_id, name, staff, said, now=now),
    )


@area.post("/incidents/<id:incident_id>/close")
def close(incident_id: str) -> Response:
    """Close an incident."""
    context, staff, said = parts().context, door.staff(), _answer()
    return _did(
        incident_id,
        "closed",
        lambda s, now: answering.close(s, context, incident_id, staff, said, now=now),
    )


@area.post("/incidents/<id:incident_id>/graver")
def raise_grade(incident_id: str) -> Response:
    """Raise the grade of an incident."""
    context, staff = parts().context, door.staff()
    said = Graver(call.form.get("severity", ""), call.form.get("graver", ""))
    return _did(
        incident_id,
        "raised",
        lambda s, now: raising.graver_grade(s, context, incident_id, staff, said, now=now),
    )


@area.post("/incidents/<id:incident_id>/scope")
def narrow(incident_id: str) -> Response:
    """Say in which time people were hit, and by what."""
    context, staff = parts().context, door.staff()

    def do(session: Session, now: datetime) -> None:
        by, _, what = call.form.get("by", "").partition(":")
        if by and by not in _BY:
            raise Invalid(
                "choose one of the list", [FieldError("by", "is none of the list", rule="choose")]
            )
        given = Given(_moment("since"), _moment("until"), by, what)
        scope.settle(session, context, incident_id, staff, given, now=now)

    return _did(incident_id, "settled", do)


@area.post("/incidents/<id:incident_id>/count")
def count(incident_id: str) -> Response:
    """Count whom it touched; that somebody looked is an entry."""
    found = list[touched.Counts]()

    def do(session: Session, now: datetime) -> None:
        found.append(touched.counted(session, incident_id, door.staff(), now=now))

    if wrong := _tried(do):
        return _one(incident_id, status_of(wrong), wrong=_refusal(wrong))
    return _one(incident_id, counts=found[0])


@area.post("/incidents/<id:incident_id>/<any(touched, people):name>.<any(jsonl, csv, pdf):form>")
def listing(incident_id: str, name: str, form: str) -> Response:
    """Send a list of what or whom it touched as a file; that it was given out is an entry first."""
    found = list[scope.Scope]()

    def do(session: Session, now: datetime) -> None:
        taken = f"{name}.{form}"
        counts = touched.counted(session, incident_id, door.staff(), now=now, taken=taken)
        if form == "pdf":
            list_files.few_enough(counts.persons)  # the others are worked out to no end
        found.append(scope.of(session.get_one(SecurityIncident, incident_id)))

    try:
        write = incident_lists.writer(name, form)
        if wrong := _tried(do):
            return _one(incident_id, status_of(wrong), wrong=_refusal(wrong))
        return incident_lists.file(name, form, incident_id, write(found[0]))
    except Invalid as error:
        return _one(incident_id, 422, wrong=_refusal(error))
    except ConfigError:
        return _one(incident_id, 503, wrong=[pages.said().say("reports", "no_font")])


@area.post("/incidents/<id:incident_id>/letter")
def tell(incident_id: str) -> Response:
    """Have everybody told whom it touched."""
    context, staff = parts().context, door.staff()
    letter = {
        name: {at: call.form.get(f"{name}.{at}", "") for at in LANGUAGES}
        for name in facts.titles("elements")
    }
    untold = bool(call.form.get("untold"))

    def do(session: Session, now: datetime) -> None:
        telling.tell(session, context, incident_id, staff, letter, now=now, untold=untold)

    return _did(incident_id, "told", do)


# -- what all of them need ----------------------------------------------------------------------


def _answer() -> Answer:
    return Answer(call.form.get("reference", ""), call.form.get("because", ""))


def _moment(name: str) -> datetime:
    """Return a moment as it was typed, on the clocks of this company's law."""
    try:
        return datetime.fromisoformat(call.form.get(name, "")).replace(tzinfo=pages.zone())
    except ValueError:
        raise Invalid(
            "name a day and a time", [FieldError(name, "is no moment", rule="no_moment")]
        ) from None


def _tried(do: Do) -> RightsError | None:
    return tried(lambda session, _, now: do(session, now))


def _did(incident_id: str, done: str, do: Do) -> Response:
    if wrong := _tried(do):
        return _one(incident_id, status_of(wrong), wrong=_refusal(wrong))
    return pages.go("console-incidents.one", incident_id=incident_id, done=done)


def _refusal(error: RightsError) -> list[str]:
    if not isinstance(error, Invalid) or error.code != "letter_incomplete":
        return pages.refusal(error, form="incident_fields")
    w, titles = pages.said(), facts.titles("elements")
    lines = pages.refusal(Invalid(str(error), code=error.code))
    for wrong in error.errors:
        name, _, at = wrong.field.partition(".")
        title = w.either(titles[name]) if name in titles else name
        field = f"{title} ({words.of(at).say('language')})" if at in LANGUAGES else title
        rule = w.say("rules", wrong.rule, bound=wrong.bound)
        lines.append(w.say("wrong", "ruled", field=field, rule=rule))
    return lines
