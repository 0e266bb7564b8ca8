"""
Reports, read as a page or taken as a file: figures, California's metrics, evidence for an audit,
incidents.

The console holds no signing key: what has to be signed the relay makes, or the command line.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date
from typing import Any, Final

import orjson
from flask import request as call
from flask import stream_with_context, url_for
from werkzeug import Response

from rights.domain import period as periods
from rights.domain.duties import Act
from rights.domain.errors import ConfigError, FieldError, Forbidden, Invalid
from rights.domain.period import Period
from rights.services import minors_records
from rights.services.reports import audit_evidence, audit_items, california, making, signed
from rights.services.reports.as_csv import to_csv
from rights.services.reports.as_json import to_json
from rights.services.reports.fonts import font
from rights.services.reports.labels import Labels
from rights.services.reports.making import Wanted
from rights.services.reports.report import Made, Report
from rights.store.db import reading, transaction
from rights.store.models import SignedEvidence
from rights.web.console import door, noting, pages, report_pages
from rights.web.parts import parts

area = door.private("reports", Act.REPORT)
pages.errors(area)

MEDIA: Final = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "pdf": "application/pdf",
}
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
_FIELDS: Final = ("report", "year", "quarter", "first", "last", "public", "items")
"""What is asked for again when the same report is taken in another form."""


@area.get("/reports")
def reports() -> Response:
    """Ask of which period a report is to be, and in which form; of each report its own."""
    return shown()


def shown(status: int = 200, *, wrong: list[str] | None = None, chosen: str = "") -> Response:
    """
    Show the form in which a report is asked for, and the evidence that was signed lately.

    Args:
        chosen: Which report; empty for the one that the address or the form names.
    """
    here, given = parts(), call.form or call.args
    chosen = chosen or given.get("report", "")
    with reading(here.engine) as session:
        kept = [evidence_line(row) for row in signed.listed(session, now=here.now())]
    today = here.now().astimezone(pages.zone()).date()
    return pages.page(
        "reports.html",
        status,
        names=[(name, pages.said().say("reports", name)) for name in making.BUILDS],
        by_days=making.BY_DAYS,
        chosen=chosen if chosen in making.BUILDS else next(iter(making.BUILDS)),
        guide=[(n, pages.said().either(one.titles, n)) for n, one in audit_items.items().items()],
        ticked=_numbers(given.getlist("items")),
        forms=forms(FORMS),
        quarters=[(str(n), pages.said().say("reports", "quarter", number=n)) for n in _QUARTERS],
        year=today.year - 1,
        audits_minors=door.may(Act.AUDIT_MINORS),
        bands=[(one, pages.said().say("ages", one)) for one in minors_records.BANDS],
        given=given,
        kept=kept,
        others=[(endpoint, name) for endpoint, name, act in _OTHERS if door.may(act)],
        wrong=wrong or [],
    )


def forms(names: Sequence[str]) -> list[tuple[str, str]]:
    """Return in which forms a report comes: what it is called here, and in the list."""
    return [(n, pages.said().say("reports", _PAGE) if n == _PAGE else n.upper()) for n in names]


def evidence_line(row: SignedEvidence) -> dict[str, Any]:
    """Return what a page says of evidence that is signed, or waited for."""
    w, numbers = pages.said(), row.items.replace(",", " ").split()
    titles = [known.titles[w.language] for known in audit_items.chosen(numbers)]
    return {
        "id": row.id,
        "state": row.state,
        "days": w.say("reports", "from_to", first=row.first_day, last=row.last_day),
        "items": w.listed(titles) if numbers else w.say("reports", "every_item"),
        "asked": pages.moment(row.asked_at),
        "made": pages.moment(row.made_at) if row.made_at else "",
        "until": pages.day(row.expires_at),
        "available": row.available,
        "sha256": row.body["sha256"] if row.body else "",
        "provisional": bool(row.body and row.body["content"]["provisional"]),
    }


@area.post("/reports")
def make() -> Response:
    """Show a report, or send it as a file; that it was made is an entry first."""
    here, staff = parts(), door.staff()
    try:
        form = one_of("form", FORMS)
        write = None if form == _PAGE else writer(form)
        wanted = _wanted()
        report = making.build(here.engine, here.context, staff, wanted, now=here.now())
    except (Invalid, Forbidden) as error:
        noting.note(error)
        return shown(422, wrong=pages.refusal(error))
    except ConfigError:
        return shown(503, wrong=[pages.said().say("reports", "no_font")])
    made = making.signed(report, None, now=here.now())
    written = write(made) if write else b""
    with transaction(here.engine) as session:
        making.note(session, staff, report, now=here.now())
    return file(report, form, written) if write else _page(made)


def _page(made: Made) -> Response:
    again = {name: call.form.get(name, "") for name in _FIELDS}
    again["items"] = ",".join(items_asked())
    command = _signed(made.report) if made.report.name == audit_evidence.NAME else ""
    return report_pages.page(
        made, action=url_for("console-reports.make"), again=again, signed=command
    )


def _signed(report: Report) -> str:
    """Return the command that makes the same evidence signed: this process holds no key for it."""
    days = f"--from {report.period.first} --to {report.period.last}"
    items = items_asked()
    more = f" --items {','.join(items)}" if items else ""
    who = shlex.quote(door.staff().name)
    return f"rights reports audit {days}{more} --as {who} --format pdf --out audit.pdf"


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


def _wanted() -> Wanted:
    name = one_of("report", making.BUILDS)
    items = items_asked()
    public = bool(call.form.get("public")) and name == "figures"
    return Wanted(name, period(name), public=public, items=items if name == "audit" else ())


def items_asked() -> tuple[str, ...]:
    """Return the items of the audit guide that were ticked; none for all."""
    return _numbers(call.form.getlist("items"))


def _numbers(said: Sequence[str]) -> tuple[str, ...]:
    """Return numbers that came one by one, or several in a text: a link has them so."""
    return tuple(" ".join(said).replace(",", " ").split())


def period(name: str) -> Period:
    """Return the days that a report is asked for. Raises Invalid."""
    context = parts().context
    zone = making.zone_of(context)
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
