"""
The figures of periods that are over, as everybody may read them: made once, and kept for products.

The relay makes them, so that the web neither reads what they are counted from nor works for seconds
at a product's word. What is kept is final: asked for again, it is the same to the last byte. Either
years are given or quarters, as the difference of the two can be a small number; of a year that was
given in one way nothing is given in the other, also after the setting was changed.

Source: NDSR 44; PIPL 58(4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from rights.domain import period as periods
from rights.domain.errors import FieldError, Invalid, NotFound
from rights.domain.period import Period
from rights.logs import get
from rights.services import audit
from rights.services.context import Context
from rights.services.reports import figures, making, register
from rights.services.reports.as_json import document
from rights.services.reports.making import Wanted
from rights.services.signing import Signer
from rights.store.db import picture, transaction
from rights.store.models import PublishedReport

MOST: Final = 400
"""Reports that are listed: a hundred years of quarters."""

_QUARTERS: Final = (1, 2, 3, 4)
_YEARLY: Final = "year"


@dataclass(frozen=True, order=True, slots=True)
class Span:
    """A calendar year, or with a quarter (1 to 4) that one of it; 0: the year."""

    year: int
    quarter: int = 0

    @property
    def name(self) -> str:
        """The name under which its report is kept."""
        return f"{self.year}-{self.quarter}"

    @classmethod
    def of(cls, name: str) -> Span:
        """Return what a report is kept for, by its name."""
        year, _, quarter = name.partition("-")
        return cls(int(year), int(quarter))

    @property
    def others(self) -> frozenset[str]:
        """The names of those of the other length that it has days in common with."""
        lengths = (0,) if self.quarter else _QUARTERS
        return frozenset(Span(self.year, quarter).name for quarter in lengths)


def publish(
    register_: Engine, context: Context, signer: Signer, now: Callable[[], datetime]
) -> int:
    """
    Make and keep each report that can be made for good now and is not kept yet; return how many.

    One whose period may still change waits for its time; one whose records were purged never comes.
    """
    made = 0
    for span in _lacking(register_, context, now()):
        try:
            made += _publish(register_, context, signer, span, now())
        except Invalid as error:  # it cannot be made of this period, and says so each time
            get().info("report.not_made", code=error.code)
    return made


def listed(session: Session, context: Context) -> list[dict[str, Any]]:
    """Return which reports are kept, the newest first: their period, when made, their hash."""
    query = select(PublishedReport).limit(2 * MOST)
    found = sorted(((Span.of(one.name), one) for one in session.exec(query)), reverse=True, key=_at)
    return [
        {
            "year": span.year,
            "quarter": span.quarter or None,
            "sha256": one.body["sha256"],
            "made_at": one.body["made_at"],
        }
        for span, one in found
        if _given(context, span)
    ][:MOST]


def read(session: Session, context: Context, year: int, quarter: int | None) -> Mapping[str, Any]:
    """
    Return the report of a period as it was made and signed.

    Raises:
        Invalid: this deployment gives out the other sort of periods.
        NotFound: none is kept: the period is not over, is not final, cannot be reported on, or
            was given out in the other length.
    """
    span = Span(year, quarter or 0)
    if not _given(context, span):
        kind = context.settings.report_periods
        raise Invalid(
            f"reports are given out by {kind} here: the other sort could be taken from them",
            [FieldError("quarter", f"reports are given out by {kind}")],
        )
    row = session.get(PublishedReport, span.name)
    if row is None and any(session.get(PublishedReport, name) for name in span.others):
        length = "by quarters" if span.quarter == 0 else "as a year"
        raise NotFound(
            f"the figures of {year} were given out {length}, and are not in another length: the"
            " difference could be a small number",
            code="no_report",
        )
    if row is None:
        raise NotFound(
            "no final report of this period is kept: it is not over, letters about it wait to be"
            " sent, or the register does not hold it",
            code="no_report",
        )
    return row.body


def _at(pair: tuple[Span, PublishedReport]) -> Span:
    return pair[0]


def _given(context: Context, span: Span) -> bool:
    return (span.quarter == 0) == (context.settings.report_periods == _YEARLY)


def _lacking(register_: Engine, context: Context, now: datetime) -> list[Span]:
    """
    Return what is over, began after the register did, and is not kept; the newest first.

    Nothing that has days in common with one of the other length: the first that was given stays.
    """
    with picture(register_) as connection:
        begun = register.begun(connection)
        kept = {name for (name,) in connection.execute(select(PublishedReport.name))}
    if begun is None:
        return []
    zone = making.zone_of(context)
    first, last = begun.astimezone(zone).year, now.astimezone(zone).year
    wanted = sorted(_spans(context, first, last), reverse=True)
    new = (one for one in wanted if one.name not in kept and not one.others & kept)
    return [one for one in new if _period(context, one).closed(now)]


def _spans(context: Context, first: int, last: int) -> Iterator[Span]:
    for year in range(first, last + 1):
        quarters = (0,) if context.settings.report_periods == _YEARLY else _QUARTERS
        yield from (Span(year, quarter) for quarter in quarters)


def _period(context: Context, span: Span) -> Period:
    return periods.year(span.year, making.zone_of(context), span.quarter or None)


def _publish(
    register_: Engine, context: Context, signer: Signer, span: Span, now: datetime
) -> bool:
    wanted = Wanted(figures.NAME, _period(context, span), public=True)
    report = making.work_out(register_, context, wanted, now=now, final=True)
    if report is None:
        return False
    body = document(making.signed(report, signer, now=now))
    try:
        with transaction(register_) as session:
            if any(session.get(PublishedReport, name) for name in span.others):
                return False  # by a relay with the other setting, a moment ago
            session.add(PublishedReport(name=span.name, body=body, made_at=now))
            session.flush()
            audit.append_day(session, making.line(report, "system"), now=now)
    except IntegrityError:  # another relay was faster
        return False
    return True
