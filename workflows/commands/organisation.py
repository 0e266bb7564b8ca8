"""``rights organisation``: its profile, the duties it brings, their calendar, what went out."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click
from sqlmodel import Session

from rights.domain import compliance
from rights.domain.errors import RightsError
from rights.domain.organisation import Profile, with_figures
from rights.services import staff as members
from rights.services.organisation import calendar as calendars
from rights.services.organisation import outbound as going
from rights.services.organisation import shown
from rights.services.organisation.duty_catalogue import catalogue
from rights.services.organisation.outbound_files import WRITE
from rights.services.organisation.outbound_report import report
from rights.services.organisation.profile_files import examined
from rights.services.reports.as_pdf import to_pdf
from rights.services.reports.fonts import font
from rights.services.reports.labels import Labels
from rights.services.reports.report import Made
from rights.services.words import LANGUAGES
from rights.store.db import reading, transaction
from rights.store.models import Staff
from workflows.commands.acting import AS, act, desk, tried

BAD_INPUT: Final = 2
FORMATS: Final = (*WRITE, "pdf")
DAY = click.DateTime(formats=["%Y-%m-%d"])
PROFILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def organisation() -> None:
    """What the organisation owes by its size and trade."""


@organisation.command()
@click.argument("file", type=PROFILE)
@click.option("--json", "as_json", is_flag=True)
def check(file: Path, *, as_json: bool) -> None:
    """Report every mistake in the profile FILE, with its line. Exit 2 if there is any."""
    found, problems = examined(file)
    for problem in problems:
        click.echo(problem, err=as_json)
    if as_json:
        open_ = [] if problems else shown.undecided(found)
        told = {"ok": not problems, "problems": problems, "undecided": open_}
        click.echo(json.dumps(told, ensure_ascii=False))
    elif not problems:
        click.echo("nothing is wrong")
        _tell_undecided(found)
    sys.exit(BAD_INPUT if problems else 0)


@organisation.command("duties")
@click.option("--if", "figures", multiple=True, metavar="FIGURE=N", help="With so many people.")
@click.option("--json", "as_json", is_flag=True)
def list_duties(figures: tuple[str, ...], *, as_json: bool) -> None:
    """Show what the organisation owes, with citations and who sees to it."""
    profile = with_figures(calendars.profile_of(desk().context), _figures(figures))
    found = [shown.duty(one) for one in compliance.owed(profile, catalogue().values())]
    if as_json:
        told = {
            "profile": shown.profile(profile),
            "undecided": shown.undecided(profile),
            "duties": found,
        }
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for one in found:
        chosen = "  by choice" if one["by_choice"] else ""
        click.echo(f"{one['duty']}: {one['title']['zh-CN']} / {one['title']['en']}{chosen}")
        click.echo(f"  {one['citation']['en']}  [{one['owner']}]")
    _tell_undecided(profile)


def _figures(said: tuple[str, ...]) -> dict[str, Any]:
    """Return figures by name; what is no whole number stays a text, and is refused as one."""
    pairs = [one.partition("=") for one in said]
    return {n: int(v) if v.isascii() and v.isdecimal() and len(v) < 20 else v for n, _, v in pairs}  # noqa: PLR2004 - more digits than any limit


def _tell_undecided(profile: Profile) -> None:
    for name in shown.undecided(profile):
        click.echo(f"{name}: the figures reach those of one; people decide it, in the profile")


@organisation.command("calendar")
@click.option("--json", "as_json", is_flag=True)
def show_calendar(*, as_json: bool) -> None:
    """Show what is due when, what is open first."""
    at = desk()
    with reading(at.register) as session:
        found = calendars.calendar(session, at.context, at.now)
    told = shown.calendar(found, calendars.today(at.context, at.now))
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for one in told:
        mark = one["standing"].upper() if one["standing"] == "overdue" else one["standing"]
        done = f"  {one['done_on']} {one['reference']}" if one["done_on"] else ""
        title = f"{one['title']['zh-CN']} / {one['title']['en']}"
        click.echo(f"{one['due']}  {mark}  {one['duty']}  [{one['owner']}]  {title}{done}")


@organisation.command()
@click.argument("duty", type=click.Choice([*catalogue()]))
@click.option("--due", type=DAY, required=True, help="The day of the calendar.")
@click.option("--on", type=DAY, required=True, help="When it was done.")
@click.option("--reference", required=True, help="Of the document; no personal data.")
@AS
def done(duty: str, due: datetime, on: datetime, reference: str, who: str) -> None:
    """Mark DUTY as done for one day of the calendar."""
    at = desk()

    def do(session: Session, staff: Staff) -> None:
        given: dict[str, Any] = {"on": on.date(), "reference": reference, "now": at.now}
        calendars.mark(session, at.context, staff, duty, due.date(), **given)

    act(at, who, do)
    click.echo("done")


@organisation.command()
@click.argument("duty", type=click.Choice([*catalogue()]))
@click.option("--due", type=DAY, required=True, help="The day of the calendar.")
@AS
def reopen(duty: str, due: datetime, who: str) -> None:
    """Take back that DUTY was done: it was marked by mistake."""
    at, day = desk(), due.date()

    def do(session: Session, staff: Staff) -> None:
        calendars.reopen(session, at.context, staff, duty, day, now=at.now)

    act(at, who, do)
    click.echo("open again")


@organisation.command()
@click.option("--year", type=int, required=True)
@click.option("--format", "form", type=click.Choice(FORMATS), default="json", show_default=True)
@click.option("--language", type=click.Choice(LANGUAGES), help="Of a PDF. Default: that of staff.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="File.")
@AS
def outbound(year: int, form: str, language: str | None, out: Path | None, who: str) -> None:
    """Write the register of what went out in a year; for processors of important data."""
    at = desk()
    letters = font(at.context.settings.report_font) if form == "pdf" else None
    with reading(at.register) as session:
        staff = members.staff_named(session, who)
    try:
        asked = going.begin(at.register, at.context, staff, year, now=at.now)
    except RightsError as error:
        with transaction(at.register) as session:
            members.refused(session, staff, error, tried(), now=at.now)
        raise
    with transaction(at.register) as session:
        going.note(session, staff, asked.period, form, now=at.now)
    found = going.records(at.register, asked)
    with click.open_file(str(out or "-"), "wb") as file:
        if letters is None:
            file.writelines(WRITE[form](going.head(asked), found))
        else:
            labels = Labels(language or at.context.settings.staff_locale, at.context.regimes)
            file.write(to_pdf(Made(report(asked, found), at.now), labels, letters))
