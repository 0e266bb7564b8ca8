"""
Reports are asked for here: figures, California's metrics, evidence for an audit, incidents.

None is worked out here. The relay makes what was asked for, and a page waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date, timedelta
from typing import Any, Final

import orjson
from flask import request as call
from flask import stream_with_context
from sqlmodel import Session
from werkzeug import Response

from rights.domain import period as periods
from rights.domain.duties import Act
from rights.domain.errors import FieldError, Forbidden, Invalid
from rights.domain.period import Period
from rights.services import minors_records
from rights.services.reports import asking, audit_items, california, making
from rights.services.reports.as_csv import to_csv
from rights.services.reports.as_json import to_json
from rights.services.reports.asking import Asked
from rights.services.reports.fonts import font
from rights.services.reports.labels import Labels
from rights.services.reports.report import Made, Report
from rights.store.db import reading, transaction
from rights.store.models import AskedReport
from rights.web.console import door, noting, pages
from rights.web.parts import parts

area = door.private("reports", Act.REPORT)
pages.errors(area)

MEDIA: Final = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "pdf": "application/pdf",
}
_LONG: Final = timedelta(minutes=1)
"""After this long without a report, its page says who makes reports: no relay may be running."""

_QUARTERS: Final = (1, 2, 3, 4)
_PAGE: Final = "page"
FORMS: Final = (_PAGE, *MEDIA)
_OTHERS: Final = (
    ("console-organisation.organisation", "outbound", Act.LOOK),
    ("console-incidents.listed", "incidents", Act.LOOK),
    ("console-home.home", "pictures", Act.LOOK),
    ("console-listing.listed", "requests", Act.LOOK),
    ("console-trail.listed", "trail", Act.READ_TRAIL),
)
"""Pages on which other reports are made, and for whom each is."""


@area.get("/reports")
def reports() -> Response:
    """Ask of which period a report is to be; of each report its own."""
    return shown()


def shown(status: int = 200, *, wrong: list[str] | None = None, chosen: str = "") -> Response:
    """
    Show the form in which a report is asked for, and what was made or signed lately.

    Args:
        chosen: Which report; empty for the one that the address or the form names.
    """
    here, given = parts(), call.form or call.args
    chosen = chosen or given.get("report", "")
    with reading(here.engine) as session:
        kept = {one: _lately(session, signed=one) for one in (False, True)}
    today = here.now().astimezone(pages.zone()).date()
    return pages.page(
        "reports.html",
        status,
        names=[(name, pages.said().say("reports", name)) for name in making.BUILDS],
        by_days=making.BY_DAYS,
        chosen=chosen if chosen in making.BUILDS else next(iter(making.BUILDS)),
        guide=[(n, pages.said().either(one.titles, n)) for n, one in audit_items.items().items()],
        ticked=_numbers(given.getlist("items")),
        quarters=[(str(n), pages.said().say("reports", "quarter", number=n)) for n in _QUARTERS],
        year=today.year - 1,
        audits_minors=door.may(Act.AUDIT_MINORS),
        bands=[(one, pages.said().say("ages", one)) for one in minors_records.BANDS],
        given=given,
        made=kept[False],
        kept=kept[True],
        others=[(endpoint, name) for endpoint, name, act in _OTHERS if door.may(act)],
        wrong=wrong or [],
    )


def forms(names: Sequence[str]) -> list[tuple[str, str]]:
    """Return in which forms a report comes: what it is called here, and in the list."""
    return [(n, pages.said().say("reports", _PAGE) if n == _PAGE else n.upper()) for n in names]


def _lately(session: Session, *, signed: bool) -> list[dict[str, Any]]:
    found = asking.listed(session, signed=signed, now=parts().now())
    return [line(row) for row in found]


def line(row: AskedReport) -> dict[str, Any]:
    """Return what a page says of a report that was asked for: not what is in it."""
    w, numbers = pages.said(), row.items.replace(",", " ").split()
    titles = [known.titles[w.language] for known in audit_items.chosen(numbers)]
    return {
        "id": row.id,
        "report": row.report,
        "title": w.say("reports", row.report),
        "public": row.public,
        "state": row.state,
        "long": parts().now() - row.asked_at > _LONG,
        "days": w.say("reports", "from_to", first=row.first_day, last=row.last_day),
        "items": w.listed(titles) if numbers else w.say("reports", "every_item"),
        "asked": pages.moment(row.asked_at),
        "made": pages.moment(row.made_at) if row.made_at else "",
    }


@area.post("/reports")
def make() -> Response:
    """Ask for a report; that somebody did is an entry. Its page waits for it."""
    here = parts()
    try:
        asked = _asked()
        with transaction(here.engine) as session:
            row = asking.ask(session, asked, actor(), now=here.now())
    except Invalid as error:
        noting.note(error)
        return shown(422, wrong=pages.refusal(error))
    return pages.go("console-made.one", report_id=row.id)


def _asked() -> Asked:
    name = one_of("report", making.BUILDS)
    items = items_asked() if name == "audit" else ()
    public = bool(call.form.get("public")) and name == "figures"
    return Asked(period(name), items, name, public=public)


def actor() -> str:
    """Return who does it, as entries name them."""
    return f"staff:{door.staff().id}"


def file(report: Report, form: str, written: bytes, *, mark: str = "") -> Response:
    """Return a report as a file of some form; a *mark* goes into its name."""
    response = Response(written, content_type=MEDIA[form])
    name = f"{report.name}-{report.period.first}-{report.period.last}{mark}.{form}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@area.post("/reports/minors")
def minors() -> Response:
    """Send the records of minors' requests as a file, to an auditor; that it was is an entry."""
    here, staff, band = parts(), door.staff(), call.form.get("age_band", "")
    try:
        days = period("audit")
        with transaction(here.engine) as session:
            minors_records.begin(session, staff, days, band, now=here.now())
    except (Invalid, Forbidden) as error:
        noting.note(error)
        status = 403 if isinstance(error, Forbidden) else 422
        return shown(status, wrong=pages.refusal(error))

    def lines() -> Iterator[bytes]:
        for one in minors_records.records(here.engine, days, band):
            yield orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE)

    response = Response(stream_with_context(lines()), content_type="application/jsonl")
    name = f"minors-{days.first}-{days.last}.jsonl"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def items_asked() -> tuple[str, ...]:
    """Return the items of the audit guide that were ticked; none for all."""
    return _numbers(call.form.getlist("items"))


def _numbers(said: Sequence[str]) -> tuple[str, ...]:
    """Return numbers that came one by one, or several in a text: a link has them so."""
    return tuple(" ".join(said).replace(",", " ").split())


def period(name: str) -> Period:
    """Return the days that a report is asked for. Raises Invalid."""
    context = parts().context
    zone = making.zone(context, name)
    if name in making.BY_DAYS:
        return periods.between(_day("first"), _day("last"), zone)
    year = _number("year")
    if name == "california":
        return california.year(year, context, parts().now())
    quarter = call.form.get("quarter", "")
    return periods.year(year, zone, _number("quarter") if quarter else None)


def one_of(name: str, allowed: Collection[str]) -> str:
    """Return what was chosen. Raises Invalid: it is none of the list."""
    said = call.form.get(name, "")
    if said not in allowed:
        wrong = FieldError(name, "is none of the list", tuple(allowed))
        raise Invalid("choose one of the list", [wrong])
    return said


def _number(name: str) -> int:
    said = call.form.get(name, "")
    if not (said.isascii() and said.isdecimal() and len(said) <= 4):  # noqa: PLR2004 - a year
        raise Invalid("this is no number", [FieldError(name, "is no number", rule="no_number")])
    return int(said)


def _day(name: str) -> date:
    try:
        return date.fromisoformat(call.form.get(name, ""))
    except ValueError:
        raise Invalid("name a day", [FieldError(name, "is no day", rule="no_day")]) from None


def writer(form: str) -> Callable[[Made], bytes]:
    """Return what writes a report; what it needs is looked for before any work."""
    context = parts().context
    labels = Labels(pages.said().language, context.regimes)
    if form == "csv":
        return lambda made: b"".join(to_csv(made, labels))
    if form == "pdf":
        from rights.services.reports.as_pdf import to_pdf  # noqa: PLC0415 - 10 MB that few need

        letters = font(context.settings.report_font)
        return lambda made: to_pdf(made, labels, letters)
    return to_json
