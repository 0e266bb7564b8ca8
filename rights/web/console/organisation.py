"""The organisation: its profile, what it owes, the calendar of that, what went out in a year."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any, Final

from flask import request as call
from flask import url_for
from sqlmodel import Session
from werkzeug import Response

from rights.domain.compliance import Clause, Owed
from rights.domain.duties import Act
from rights.domain.errors import ConfigError, FieldError, Forbidden, Invalid, NotFound, RightsError
from rights.domain.terms import Standing, Term
from rights.services.organisation import calendar, outbound, outbound_report
from rights.services.organisation.outbound_files import WRITE
from rights.services.reports.report import Made
from rights.services.staff_access import accounts
from rights.store.db import reading, transaction
from rights.web.console import (
    door,
    duty_document,
    helping,
    organisation_lines,
    pages,
    report_pages,
    showing,
)
from rights.web.console.noting import note
from rights.web.console.reports import FORMS, MEDIA, forms, writer
from rights.web.console.trying import status_of, tried
from rights.web.parts import parts

area = door.private("organisation")
pages.errors(area)

_DIGITS: Final = 4
_MARKS: Final = {
    Standing.DONE: "done",
    Standing.OVERDUE: "failed",
    Standing.SOON: "manual",
    Standing.AHEAD: "",
}


@area.get("/organisation")
def organisation() -> Response:
    """Show the profile, the duties with their citations, and the calendar."""
    return _shown()


def _shown(status: int = 200, *, wrong: list[str] | None = None) -> Response:
    here, now = parts(), parts().now()
    profile = here.context.profile
    terms: tuple[Term, ...] = ()
    names: Mapping[str, str] = {}
    if profile is not None:
        with reading(here.engine) as session:
            terms = calendar.calendar(session, here.context, now)
            names = accounts.names(session)
    today = calendar.today(here.context, now)
    return pages.page(
        "organisation.html",
        status,
        stated=organisation_lines.profile(profile, pages.said()) if profile else [],
        documents=duty_document.offered(),
        undecided=profile is not None and profile.undecided,
        owed=[_owed(one) for one in calendar.owed(here.context)] if profile else [],
        terms=[_term(one, today, names) for one in terms],
        today=today.isoformat(),
        outbound=profile is not None and profile.holds(outbound.IMPORTANT) and door.may(Act.REPORT),
        year=today.year,
        forms=forms(FORMS),
        done=pages.done("organisation"),
        wrong=wrong or [],
    )


# -- in words ------------------------------------------------------------------------------------


def _owed(one: Owed) -> dict[str, Any]:
    w, duty = pages.said(), one.duty
    when = {"by": w.day_of_year(*duty.cadence.by), "months": duty.cadence.months}
    return {
        "code": duty.code,
        "title": w.either(duty.title),
        "about": w.either(duty.about),
        "citation": w.either(duty.citation),
        "because": w.listed([_because(clause) for clause in one.because]),
        "by_choice": one.by_choice,
        "period": w.say("organisation", "rhythms", duty.cadence.rhythm, **when),
        "owner": w.say("roles", duty.owner),
        "helps": helping.of(duty.helps),
    }


def _because(clause: Clause) -> str:
    w = pages.said()
    name = w.say("organisation", "names", clause.name)
    bounds = [
        w.say("organisation", "bounds", bound, number=w.number(number))
        for bound, number in clause.bounds.items()
    ]
    return f"{name} {w.listed(bounds)}" if bounds else name


def _term(term: Term, today: date, names: Mapping[str, str]) -> dict[str, Any]:
    w, standing = pages.said(), term.standing(today)
    return {
        "code": term.duty.code,
        "title": w.either(term.duty.title),
        "due": w.day(term.due),
        "value": term.due.isoformat(),
        "late": standing is Standing.OVERDUE,
        "standing": w.say("organisation", "standings", standing),
        "mark": _MARKS[standing],
        "owner": w.say("roles", term.duty.owner),
        "helps": helping.of(term.duty.helps),
        "done": w.day(term.done.on) if term.done else "",
        "reference": term.done.reference if term.done else "",
        "by": showing.who(term.done.by, names) if term.done else "",
        "mine": calendar.may_mark(door.staff(), term.duty),
    }


# -- done ----------------------------------------------------------------------------------------


@area.post("/organisation/<code>/<due>/done")
def done(code: str, due: str) -> Response:
    """Mark a duty as done for one day of the calendar."""

    def do(session: Session, now: datetime) -> None:
        given: dict[str, Any] = {"reference": call.form.get("reference", ""), "now": now}
        on, day = _day("on", call.form.get("on", "")), _day("due", due)
        calendar.mark(session, parts().context, door.staff(), code, day, on=on, **given)

    return _done("marked", do)


@area.post("/organisation/<code>/<due>/reopen")
def reopen(code: str, due: str) -> Response:
    """Take back that it was done."""

    def do(session: Session, now: datetime) -> None:
        day = _day("due", due)
        calendar.reopen(session, parts().context, door.staff(), code, day, now=now)

    return _done("reopened", do)


def _done(done: str, do: Callable[[Session, datetime], None]) -> Response:
    if wrong := tried(lambda session, _, now: do(session, now)):
        return _refused(wrong)
    return pages.go("console-organisation.organisation", done=done)


def _refused(error: RightsError) -> Response:
    said = pages.refusal(error, form="organisation")
    return _shown(status_of(error), wrong=said)


def _day(name: str, said: str) -> date:
    try:
        return date.fromisoformat(said)
    except ValueError:
        raise Invalid("name a day", [FieldError(name, "is no day", rule="no_day")]) from None


@area.post("/organisation/<code>/document")
def document(code: str) -> Response:
    """Send the document of a duty, to be written on in; that it was taken is an entry."""
    sent = duty_document.send(code)
    if isinstance(sent, Response):
        return sent
    wrong, status = sent
    return _shown(status, wrong=wrong)


# -- what went out -------------------------------------------------------------------------------


@area.post("/organisation/outbound")
def send_outbound() -> Response:
    """Show the register of a year, or send it as a file; that it was asked for is an entry."""
    here, staff, now = parts(), door.staff(), parts().now()
    form, number = call.form.get("form", ""), call.form.get("year", "")
    try:
        year = _asked(form, number)
        write = writer(form) if form == "pdf" else None
        asked = outbound.begin(here.engine, here.context, staff, year, now=now)
    except (Invalid, Forbidden, NotFound) as error:
        note(error)
        return _refused(error)
    except ConfigError:
        return _shown(503, wrong=[pages.said().say("reports", "no_font")])
    with transaction(here.engine) as session:
        outbound.note(session, staff, asked.period, form, now=now)
    found = outbound.records(here.engine, asked)
    if form in WRITE:
        return _file(asked, form, WRITE[form](outbound.head(asked), found))
    made = Made(outbound_report.report(asked, found), now)
    if write:
        return _file(asked, form, [write(made)])
    action = url_for("console-organisation.send_outbound")
    return report_pages.page(made, action=action, again={"year": str(year)})


def _file(asked: outbound.Year, form: str, pieces: Iterable[bytes]) -> Response:
    response = Response(pieces, content_type=MEDIA[form])
    name = f"outbound-{asked.period.first.year}.{form}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _asked(form: str, year: str) -> int:
    """Return the year; it is bounded where it is looked at. Raises Invalid."""
    wrong = [] if form in FORMS else [FieldError("form", "is none", FORMS)]
    if not (year.isascii() and year.isdecimal() and len(year) <= _DIGITS):
        wrong.append(FieldError("year", "is no year", rule="no_number"))
    if wrong:
        raise Invalid("choose a year and a form", wrong)
    return int(year)
