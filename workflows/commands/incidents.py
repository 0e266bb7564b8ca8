"""``rights incidents``: security incidents, their clocks, and whom they hit."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import yaml
from sqlmodel import Session

from rights.domain.errors import FieldError, Invalid
from rights.domain.incident_clocks import IncidentKind, Severity
from rights.services import staff as members
from rights.services.security_incidents import (
    answering,
    facts,
    opening,
    raising,
    scope,
    shown,
    telling,
)
from rights.services.security_incidents.answering import Answer
from rights.services.security_incidents.opening import New
from rights.services.security_incidents.raising import Graver
from rights.services.security_incidents.scope import Given
from rights.services.security_incidents.shown import Shown
from rights.services.words import LANGUAGES
from rights.store.db import reading
from rights.store.models import SecurityIncident, Staff
from workflows.commands.acting import AS, FILE, act, desk, text_in
from workflows.commands.incident_lists import INCIDENT, add_lists

_MOST_BYTES = 100_000


def _answered(command: Callable[..., None]) -> Callable[..., None]:
    """Add what answers a clock."""
    for option in (
        click.option("--because", default="", help="Why it is not reportable; - reads it."),
        click.option("--reference", default="", help="Of the report; no personal data."),
    ):
        command = option(command)
    return command


@click.group()
def incidents() -> None:
    """Security incidents: clocks to report by, and people to tell."""


add_lists(incidents)


@incidents.command("open")
@click.option("--kind", required=True, type=click.Choice([str(one) for one in IncidentKind]))
@click.option("--severity", required=True, type=click.Choice([str(one) for one in Severity]))
@click.option("--discovered", required=True, metavar="ISO", help="When, with its zone.")
@click.option("--endangers", is_flag=True, help="National security or the public interest.")
@click.option("--minors", is_flag=True, help="Data of minors are among it.")
@click.option("--regime", "regimes", multiple=True, help="Of whom it may hit; default: settings.")
@click.option("--drill", is_flag=True, help="Nothing happened; nobody outside is told.")
@AS
def begin(discovered: str, regimes: tuple[str, ...], who: str, **said: Any) -> None:
    """Open an incident; prints its id and by when what is reported to whom."""
    at = desk()
    new = New(discovered_at=_moment("discovered", discovered), regimes=regimes, **said)

    def do(session: Session, staff: Staff) -> Shown:
        made = opening.opened(session, at.context, staff, new, now=at.now)
        session.flush()
        return shown.one(session, at.context, made, at.now)

    made = act(at, who, do)
    click.echo(made.incident.id)
    for line in _clocks(made):
        click.echo(f"    {line}")


@incidents.command("list")
@click.option("--json", "as_json", is_flag=True)
def list_incidents(*, as_json: bool) -> None:
    """Show every incident with its clocks, open ones first."""
    at = desk()
    with reading(at.register) as session:
        found = [shown.one(session, at.context, row, at.now) for row in shown.listed(session)]
    if as_json:
        click.echo(json.dumps([_json(one) for one in found]))
        return
    for one in found:
        row = one.incident
        marks = ["DRILL"] if row.drill else []
        marks += [f"closed {row.closed_at:%Y-%m-%d %H:%M} UTC"] if row.closed_at else ["open"]
        click.echo("  ".join([row.id, f"{row.kind}/{row.severity}", *marks]))
        for line in _clocks(one):
            click.echo(f"    {line}")
    click.echo(f"{sum(one.incident.closed_at is None for one in found)} open")


def _clocks(one: Shown) -> Iterator[str]:
    for ticking in one.clocks:
        clock, known = ticking.clock, facts.clock(ticking.clock.name)
        due = f"by {clock.due_at:%Y-%m-%d %H:%M} UTC" if known["hours"] else "at once"
        done = clock.reference or (clock.answered_at and "not reportable")
        state = f"answered: {done}" if done else "LATE" if ticking.late else ""
        yield f"{clock.name}  {due}  to {known['to']['en']}  {state}".rstrip()


def _json(one: Shown) -> dict[str, Any]:
    row = one.incident
    return {
        "incident": row.id,
        "kind": row.kind,
        "severity": row.severity,
        "drill": row.drill,
        "discovered": row.discovered_at.isoformat(),
        "closed": row.closed_at.isoformat() if row.closed_at else None,
        "clocks": [
            {
                "clock": ticking.clock.name,
                "due": ticking.clock.due_at.isoformat(),
                "late": ticking.late,
                "answered": ticking.clock.answered_at is not None,
                "reference": ticking.clock.reference,
            }
            for ticking in one.clocks
        ],
        "letters": [{"letter": made.id, **one.log.get(made.id, {})} for made in one.letters],
    }


@incidents.command("answer")
@INCIDENT
@click.argument("clock", metavar="CLOCK")
@_answered
@AS
def answer(incident: str, clock: str, reference: str, because: str, who: str) -> None:
    """Answer one CLOCK of an incident: with the report's reference, or why there is none."""
    at, said = desk(), Answer(reference, _text(because))
    act(
        at,
        who,
        lambda s, staff: answering.answer(s, at.context, incident, clock, staff, said, now=at.now),
    )


@incidents.command("close")
@INCIDENT
@_answered
@AS
def close(incident: str, reference: str, because: str, who: str) -> None:
    """Close an incident; whatever clock was not answered is answered by this."""
    at, said = desk(), Answer(reference, _text(because))
    act(at, who, lambda s, staff: answering.close(s, at.context, incident, staff, said, now=at.now))


@incidents.command("raise")
@INCIDENT
@click.option("--severity", required=True, type=click.Choice([str(one) for one in Severity]))
@click.option("--because", required=True, help="Why it is graver; - reads it.")
@AS
def raise_grade(incident: str, severity: str, because: str, who: str) -> None:
    """Raise the grade of an incident; prints its clocks, those that follow among them."""
    at, said = desk(), Graver(severity, _text(because))

    def do(session: Session, staff: Staff) -> Shown:
        row = raising.graver_grade(session, at.context, incident, staff, said, now=at.now)
        session.flush()
        return shown.one(session, at.context, row, at.now)

    for line in _clocks(act(at, who, do)):
        click.echo(line)


@incidents.command("scope")
@INCIDENT
@click.option("--from", "since", required=True, metavar="ISO", help="With its zone.")
@click.option("--to", "until", required=True, metavar="ISO", help="With its zone.")
@click.option("--backend", default="", help="Id of a product whose keys were misused.")
@click.option("--key", default="", help="Id of the one key that was.")
@click.option("--staff", "member", default="", help="Name of the account of staff that was.")
@click.option("--portal-token", type=FILE, help="File with the portal token that was; - reads it.")
@AS
def narrow(
    incident: str,
    since: str,
    until: str,
    member: str,
    portal_token: Path | None,
    who: str,
    **by: str,
) -> None:
    """Say in which time people were hit, and by what credential, if by one."""
    at = desk()
    token = text_in(portal_token).strip() if portal_token else ""
    named = {**by, "staff": member, "person": token}
    chosen = [(kind, what) for kind, what in named.items() if what] or [("", "")]
    if len(chosen) > 1:
        raise Invalid("name one credential", [FieldError("by", "is more than one")])
    times = _moment("from", since), _moment("to", until)

    def do(session: Session, staff: Staff) -> None:
        kind, what = chosen[0]
        if kind == scope.STAFF:
            what = members.staff_named(session, what).id
        given = Given(*times, kind, what)
        scope.settle(session, at.context, incident, staff, given, now=at.now)

    act(at, who, do)


@incidents.command("template")
def template() -> None:
    """Print what a letter has to say, to be filled in."""
    empty = {name: dict.fromkeys(LANGUAGES, "") for name in facts.titles("elements")}
    for name, title in facts.titles("elements").items():
        click.echo(f"# {title['zh-CN']} · {title['en']}")
        click.echo(yaml.safe_dump({name: empty[name]}, allow_unicode=True), nl=False)


@incidents.command("tell")
@INCIDENT
@click.option("--file", required=True, type=FILE, help="Made from `template`; - reads it.")
@click.option("--untold", is_flag=True, help="Only those to whom no letter about it went yet.")
@AS
def tell(incident: str, file: Path, who: str, *, untold: bool) -> None:
    """Have everybody told whom an incident hit, and guardians of minors; of a drill nobody."""
    at, letter = desk(), _letter(file)

    def do(session: Session, staff: Staff) -> bool:
        telling.tell(session, at.context, incident, staff, letter, now=at.now, untold=untold)
        return session.get_one(SecurityIncident, incident).drill

    drill = act(at, who, do)
    click.echo("a drill: nobody is written to" if drill else "the relay sends it")


def _letter(file: Path) -> dict[str, object]:
    text = text_in(file)
    try:
        found = yaml.safe_load(text) if len(text) <= _MOST_BYTES else None
    except yaml.YAMLError:
        found = None
    if not isinstance(found, dict):
        raise Invalid("the file is no letter", [FieldError("file", "is not as `template` has it")])
    return {str(name): said for name, said in found.items()}


def _moment(name: str, text: str) -> datetime:
    """Return a moment. Raises Invalid: it is none, or has no zone."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = datetime.min  # noqa: DTZ901 - refused below
    if found.tzinfo is None:
        wrong = FieldError(name, "is no moment with a zone, as 2026-12-01T09:30+08:00")
        raise Invalid(f"{name} is no moment with a zone", [wrong])
    return found


def _text(given: str) -> str:
    return sys.stdin.read() if given == "-" else given
