"""``rights regimes``: are the laws of this deployment in order, and what do they ask for?"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click
from sqlmodel import Session

from rights.domain.errors import ConfigError, FieldError, Invalid
from rights.domain.kinds import Kind, Option
from rights.domain.regime import EXTRA_KINDS, Regime
from rights.services import laws_added, requests
from rights.services.regime_explaining import explained
from rights.services.regimes import FALLBACK, load, schedules_to_load
from rights.store.models import Staff
from workflows.commands.acting import AS, act, desk

BAD_INPUT: Final = 2
OVERRIDE = click.option(
    "--override",
    envvar="RIGHTS_REGIMES_OVERRIDE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The deployment's own file; that of the settings without it.",
)
_NAMES: Final = (
    ("due_at", "kept"),
    ("due_legal_at", "the law's last"),
    ("promised_at", "promised"),
    ("ack_at", "acknowledged"),
    ("target_at", "aimed at"),
)


@click.group()
def regimes() -> None:
    """The laws that requests are handled under."""


@regimes.command()
@OVERRIDE
@click.option("--today", default="", metavar="DATE", help="As of this day, in place of today.")
def check(override: Path | None, today: str) -> None:
    """Name every mistake with its line, and the schedules that are missing. Exit 2 on mistakes."""
    day = _moment(today, "today").date()
    try:
        book = load(override=override)
    except ConfigError as error:
        for problem in error.problems:
            click.echo(problem)
        sys.exit(BAD_INPUT)
    missing = schedules_to_load(day, book)
    for place, year in missing.items():
        click.echo(
            f"{place}: the working days of {year} are not loaded. Dates that reach into it, or past"
            " a day off at the end of the year before, are provisional: add"
            f" calendars.{place}.{year} to the override file"
        )
    lacking = f"; {len(missing)} schedules are missing" if missing else ""
    click.echo(f"{len(book)} regimes, nothing is wrong{lacking}")


@regimes.command()
@click.argument("request_id", metavar="REQUEST")
@click.option("--regime", "names", multiple=True, required=True, help="Once for each law.")
@AS
def add(request_id: str, names: tuple[str, ...], who: str) -> None:
    """Handle REQUEST under another law too; prints what is promised now, never later."""
    at = desk()

    def do(session: Session, staff: Staff) -> str:
        request = requests.locked(session, request_id)
        laws_added.add(session, at.context, request, staff, names, now=at.now)
        return request.promised_at.isoformat()

    click.echo(f"promised by {act(at, who, do)}")


@regimes.command()
@click.argument("kind", metavar="KIND", type=click.Choice([*map(str, Kind), *EXTRA_KINDS]))
@click.argument(
    "option", metavar="[OPTION]", required=False, type=click.Choice([*map(str, Option)])
)
@click.option("--regime", "names", multiple=True, help="Once for each law; cn_general without.")
@click.option("--received", default="", metavar="ISO", help="When it arrived; now without.")
@OVERRIDE
@click.option("--json", "as_json", is_flag=True)
def explain(
    kind: str,
    option: str | None,
    names: tuple[str, ...],
    received: str,
    override: Path | None,
    *,
    as_json: bool,
) -> None:
    """Show rule, source and dates of KIND under each regime, and which of them governs."""
    book: Mapping[str, Regime] = load(override=override)
    at = _moment(received, "received")
    told = explained(kind, option, names or (FALLBACK,), at, book)
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for one in told["regimes"]:
        _print(one)
    click.echo(f"governs: {told['governing']} ({told['because'].replace('_', ' ')})")
    _print_dates(told["dates"])
    asked = (("more time", "may_extend"), ("pause", "may_pause"), ("fee", "may_charge"))
    click.echo("  " + ", ".join(f"{name}: {_yes(told[key])}" for name, key in asked))


@regimes.command()
def recount() -> None:
    """Count provisional dates again whose working days are loaded; no promise moves later."""
    from workflows import clock_watch
    from workflows.commands.acting import desk

    at = desk()
    done = clock_watch.count_again(at.register, at.context, lambda: at.now)
    click.echo(f"{done} counted again")


def _unproved(said: Mapping[str, Any] | None) -> str:
    runs = "runs" if said and said["runs"] else "is late for nobody, and lapses"
    return f"{runs}  [{said['source']}; {said['confidence']}]" if said else runs


def _print(one: Mapping[str, Any]) -> None:
    click.echo(f"{one['regime']}: {one['title']['zh-CN']} / {one['title']['en']}")
    click.echo(f"  {one['law']}")
    if not one["offered"]:
        click.echo("  knows no such right")
        return
    if not one["counts"]:
        click.echo(f"  binds nobody before {one['from']}: not counted")
    click.echo(f"  before it is proved who asks: {_unproved(one['unproved'])}")
    for rule in one["rules"]:
        source = f"[{rule['source']}; {rule['confidence']}]"
        click.echo(f"  {rule['rule']}: {rule['says']}  {source}")
    for row in one["grounds"]:
        words = f"{row['says']['zh-CN']} / {row['says']['en']}"
        source = f"[{row['source']}; {row['confidence']}]"
        click.echo(f"  {row['section']} {row['ground']}: {words}  {source}")
    _print_dates(one["dates"])


def _print_dates(dates: Mapping[str, Any]) -> None:
    told = [f"{name} {dates[key]}" for key, name in _NAMES if dates[key]]
    provisional = ["provisional: a year's working days are not published"]
    click.echo("  " + ", ".join(told + (provisional if dates["provisional"] else [])))


def _yes(value: object) -> str:
    return "yes" if value else "no"


def _moment(text: str, name: str) -> datetime:
    """Return a moment, now where nothing is said; without a zone it is UTC. Raises Invalid."""
    if not text:
        return datetime.now(UTC)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        wrong = FieldError(name, "is no date like 2026-11-22 or moment like 2026-11-22T10:00:00Z")
        raise Invalid(f"--{name} {wrong.message}", [wrong]) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
