"""
The document in which a duty is written down: what the register knows, and what people write.

What was made is about a period: of a duty that comes again, the time up to its last day; of the
others, the twelve months up to today. That it was made is an entry.

Source: as ``rights/catalogue/duty_templates.yaml`` cites for each section.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Final

from sqlalchemy import Engine
from sqlmodel import Session

from rights.domain import duties
from rights.domain import period as periods
from rights.domain.calendars import add_months
from rights.domain.compliance import Owed
from rights.domain.errors import Invalid, NotFound
from rights.domain.organisation import Profile
from rights.domain.period import Period
from rights.domain.terms import Term
from rights.services import audit
from rights.services.context import Context
from rights.services.organisation import calendar, declared_maps, outbound, outbound_report
from rights.services.organisation.template_catalogue import DECLARED, Part, Template, templates
from rights.services.reports import california, making
from rights.services.reports.making import Wanted
from rights.services.reports.report import Report, Table
from rights.store.db import reading
from rights.store.models import Staff

EVENT: Final = "duty_template_made"
_YEAR: Final = 12
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Document:
    """
    What a document is made of, in no language.

    Args:
        due: Its day of the calendar; None for a duty that has none.
        report: The figures; None where the register cannot tell, see *untold*.
        untold: Why there are no figures: a code, and the days there are some of.
        tables: What is filled in, by the names of the sections' parts.
        done: Earlier days of this duty on which it was seen to.
    """

    owed: Owed
    profile: Profile
    due: date | None
    period: Period
    parts: tuple[Part, ...]
    report: Report | None
    untold: tuple[str, str]
    tables: Mapping[str, Table]
    done: Sequence[Term]
    at: datetime


def build(
    engine: Engine, context: Context, staff: Staff, code: str, due: date | None, *, now: datetime
) -> Document:
    """
    Return the document of a duty of this organisation.

    Args:
        due: A day of the calendar; None: the twelve months up to today.

    Raises:
        Forbidden: their roles do not allow reports.
        NotFound: the organisation has no such duty, or the calendar no such day.
    """
    duties.check(staff.roles, duties.Act.REPORT)
    one = next((each for each in calendar.owed(context) if each.duty.code == code), None)
    if one is None:
        raise NotFound("the organisation has no such duty")
    with reading(engine) as session:
        mine = [t for t in calendar.calendar(session, context, now) if t.duty.code == code]
    template = templates()[code]
    period = _period(template, context, mine, due, now)
    report, untold = _report(engine, context, template, period, now)
    return Document(
        owed=one,
        profile=calendar.profile_of(context),
        due=due,
        period=period,
        parts=template.parts,
        report=report,
        untold=untold,
        tables=_tables(engine, context, report, period, now),
        done=[term for term in mine if term.done is not None and (not due or term.due < due)],
        at=now,
    )


def _period(
    template: Template, context: Context, mine: Sequence[Term], due: date | None, now: datetime
) -> Period:
    zone = making.zone_of(context)
    if due is None:
        today = calendar.today(context, now)
        return periods.between(add_months(today, -_YEAR) + _DAY, today, zone)
    term = next((one for one in mine if one.due == due), None)
    if term is None:
        raise NotFound("the calendar has no such day: `rights organisation calendar` shows it")
    if template.before:
        return periods.year(due.year - 1, zone)
    return periods.between(term.opens + _DAY, due, zone)


def _tables(
    engine: Engine, context: Context, report: Report | None, period: Period, now: datetime
) -> Mapping[str, Table]:
    """Return what can be filled in, by name: the figures, and what the data map declared."""
    with reading(engine) as session:
        declared = declared_maps.at_end(session, context.datamap, period, now)
    places = outbound_report.declared(outbound.of_map(declared))
    figures = {table.name: table for table in report.tables} if report else {}
    return MappingProxyType({**figures, **dict(zip(DECLARED, places, strict=True))})


def _report(
    engine: Engine, context: Context, template: Template, period: Period, now: datetime
) -> tuple[Report | None, tuple[str, str]]:
    """Return the figures, or why the register has none of this period."""
    if not template.tables:
        return None, ("", "")
    try:
        if template.report == california.NAME:
            period = california.year(period.first.year, context, now)
        return making.work_out(engine, context, Wanted(template.report, period), now=now), ("", "")
    except Invalid as error:
        return None, (error.code, ", ".join(a for one in error.errors for a in one.allowed))


def note(session: Session, staff: Staff, made: Document, language: str, *, now: datetime) -> None:
    """Write down who took the document of which duty, and the hash of the figures in it."""
    data = {
        "duty": made.owed.duty.code,
        "due": made.due.isoformat() if made.due else "",
        "from": made.period.first.isoformat(),
        "to": made.period.last.isoformat(),
        "language": language,
        "sha256": made.report.sha256() if made.report else "",
    }
    audit.append_day(session, audit.Line(EVENT, f"staff:{staff.id}", data), now=now)
