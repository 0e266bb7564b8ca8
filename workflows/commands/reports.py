"""``rights reports``: yearly figures, California's metrics, evidence for an audit."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
import orjson

from rights.domain import period as periods
from rights.domain.errors import FieldError, Invalid, RightsError
from rights.services import staff as members
from rights.services.reports import california as californian
from rights.services.reports import making
from rights.services.reports.as_csv import to_csv
from rights.services.reports.as_json import to_json
from rights.services.reports.as_pdf import to_pdf
from rights.services.reports.fonts import font
from rights.services.reports.labels import Labels
from rights.services.reports.making import Wanted
from rights.services.reports.report import Made
from rights.services.signing import Signer
from rights.store.db import reading, transaction
from workflows.commands.acting import FILE, Desk, desk, tried
from workflows.commands.as_file import as_file

DAY = click.DateTime(formats=["%Y-%m-%d"])
FORMATS = ("json", "csv", "pdf")


@click.group()
def reports() -> None:
    """Reports on how requests were handled."""


@reports.command("figures")
@click.option("--year", type=int, required=True)
@click.option("--quarter", type=int, help="1 to 4; without it the whole year.")
@click.option("--public", is_flag=True, help="As everybody may read it: without small numbers.")
@as_file(FORMATS)
def make_figures(year: int, quarter: int | None, who: str, *, public: bool, **how: Any) -> None:
    """Figures on individuals' requests, for a year or a quarter."""
    at = desk()
    period = periods.year(year, making.zone_of(at.context), quarter)
    _make(at, who, Wanted("figures", period, public=public), **how)


@reports.command("california")
@click.option("--year", type=int, required=True, help="One that is over.")
@as_file(FORMATS)
def make_california(year: int, who: str, **how: Any) -> None:
    """What a business publishes once a year in California."""
    at = desk()
    _make(at, who, Wanted("california", californian.year(year, at.context, at.now)), **how)


@reports.command("audit")
@click.option("--from", "first", type=DAY, required=True, help="First day.")
@click.option("--to", "last", type=DAY, required=True, help="Last day.")
@click.option("--items", default="", help="Of the audit guide, with commas; default: all.")
@as_file(FORMATS)
def make_audit(first: datetime, last: datetime, items: str, who: str, **how: Any) -> None:
    """Evidence for a compliance audit, item by item; signed."""
    at = desk()
    period = periods.between(_day(first), _day(last), making.zone_of(at.context))
    numbers = tuple(n.strip() for n in items.split(",") if n.strip())
    signer = Signer(at.context.settings.signing_key.get_secret_value())
    _make(at, who, Wanted("audit", period, items=numbers), signer=signer, **how)


@reports.command("incidents")
@click.option("--from", "first", type=DAY, required=True, help="First day.")
@click.option("--to", "last", type=DAY, required=True, help="Last day.")
@as_file(FORMATS)
def make_incidents(first: datetime, last: datetime, who: str, **how: Any) -> None:
    """Security incidents of some days: what they were, and how their clocks were answered."""
    at = desk()
    period = periods.between(_day(first), _day(last), making.zone_of(at.context))
    _make(at, who, Wanted("incidents", period), **how)


@reports.command("verify")
@click.argument("file", type=FILE)
@click.option("--public-key", default="", help="Base64, from the company; else that in the file.")
def verify_report(file: Path, public_key: str) -> None:
    """Check the signature of a report in JSON, offline. Exit 1 when it does not hold."""
    try:
        with click.open_file(str(file), "rb") as opened:
            document = orjson.loads(opened.read())
    except ValueError:
        raise Invalid("the file is not JSON", [FieldError("file", "is not JSON")]) from None
    holds = making.verify(document, public_key=public_key)
    click.echo("the signature holds" if holds else "the signature does NOT hold")
    if holds and not public_key:
        key = str(document["public_key"])
        click.echo(f"by the key in the file, {key}: anybody could have put it there. Compare it")
        click.echo("with the one the company publishes, or give that with --public-key.")
    sys.exit(0 if holds else 1)


def _day(given: datetime) -> date:
    return given.date()


def _make(
    at: Desk,
    who: str,
    wanted: Wanted,
    *,
    form: str,
    out: Path | None,
    language: str | None,
    signer: Signer | None = None,
) -> None:
    """Work it out, note that it was made, then write it: what is not noted is not given out."""
    write = _writer(at, form, language)
    with reading(at.register) as session:
        staff = members.staff_named(session, who)
    try:
        report = making.build(at.register, at.context, staff, wanted, now=at.now)
    except RightsError as error:
        with transaction(at.register) as session:
            members.refused(session, staff, error, tried(), now=at.now)
        raise
    made = making.signed(report, signer, now=at.now)
    written = write(made)
    with transaction(at.register) as session:
        making.note(session, staff, report, now=at.now)
    _put(out, written)


def _writer(at: Desk, form: str, language: str | None) -> Callable[[Made], bytes]:
    """Return what writes a report; what it needs is looked for before any work."""
    settings = at.context.settings
    labels = Labels(language or settings.staff_locale, at.context.regimes)
    if form == "csv":
        return lambda made: b"".join(to_csv(made, labels))
    if form == "pdf":
        file = font(settings.report_font)
        return lambda made: to_pdf(made, labels, file)
    return to_json


def _put(out: Path | None, written: bytes) -> None:
    if out is not None:
        out.write_bytes(written)
        click.echo(f"{out}: {len(written)} bytes", err=True)
        return
    click.echo(written, nl=False)
