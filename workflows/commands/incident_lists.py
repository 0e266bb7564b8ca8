"""``rights incidents touched | people | guardians``: what and whom an incident hit, as a list."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import IO, Any

import click
from sqlmodel import Session

from rights.domain.errors import Conflict, RightsError
from rights.services import staff as members
from rights.services.reports import making
from rights.services.reports.fonts import font
from rights.services.security_incidents import (
    guardians,
    list_files,
    opening,
    people,
    scope,
    touched,
    whom,
)
from rights.services.security_incidents.list_files import Line, Write
from rights.services.security_incidents.scope import Scope
from rights.store.db import picture, reading, transaction
from rights.store.models import SecurityIncident, Staff
from workflows.commands import private_files
from workflows.commands.acting import Desk, act, desk, tried
from workflows.commands.as_file import as_file

INCIDENT = click.argument("incident", metavar="INCIDENT")


def add_lists(group: click.Group) -> None:
    """Add the commands to the group of incidents."""
    for command in (list_touched, list_people, list_guardians):
        group.add_command(command)


@click.command("touched")
@INCIDENT
@as_file(list_files.FORMS)
def list_touched(incident: str, who: str, **how: Any) -> None:
    """List requests, packages, downloads, documents and letters that were touched."""
    at = desk()
    _list(at, incident, who, list_files.TOUCHED, lambda s: touched.listed(at.register, s), **how)


@click.command("people")
@INCIDENT
@as_file(list_files.FORMS)
def list_people(incident: str, who: str, **how: Any) -> None:
    """List whom it hit, guardians of minors too, and how each is told; no contacts."""
    at = desk()
    listed = _people(at)
    _list(at, incident, who, list_files.PEOPLE, listed, **how)


def _people(at: Desk) -> Callable[[Scope], Iterator[Any]]:
    return lambda where: whom.listed(at.register, at.context, where)


def _list(
    at: Desk,
    incident: str,
    who: str,
    name: str,
    listed: Callable[[Scope], Iterator[Any]],
    *,
    out: Path | None,
    form: str,
    language: str | None,
) -> None:
    write = _writer(at, name, form, language)

    def do(session: Session, staff: Staff) -> tuple[touched.Counts, Scope]:
        taken = f"{name}.{form}"
        counts = touched.counted(session, incident, staff, now=at.now, taken=taken)
        return counts, scope.of(session.get_one(SecurityIncident, incident))

    counts, where = act(at, who, do)
    _write(out, write, map(asdict, listed(where)))
    click.echo(json.dumps(asdict(counts)), err=True)


@click.command("guardians")
@INCIDENT
@click.option("--agreed-by", "agreed", required=True, metavar="NAME", help="approver or dpo.")
@as_file(list_files.FORMS)
def list_guardians(
    incident: str,
    agreed: str,
    who: str,
    *,
    out: Path | None,
    form: str,
    language: str | None,
) -> None:
    """List the minors who were touched, with the contacts of their guardians."""
    at = desk()
    write = _writer(at, list_files.GUARDIANS, form, language)
    with reading(at.register) as session:
        staff, second = members.staff_named(session, who), members.staff_named(session, agreed)
    try:
        with transaction(at.register) as session:
            row = opening.locked(session, incident)
        guardians.check(staff, second)
    except RightsError as error:
        with transaction(at.register) as session:
            members.refused(session, staff, error, tried(), now=at.now)
        raise
    if form == "pdf":  # each minor's entry is written as the list is: know before that it fits
        list_files.few_enough(_minors(at, scope.of(row)))
    _write(out, write, guardians.listed(at.register, at.context, row, staff, second, now=at.now))


def _minors(at: Desk, where: Scope) -> int:
    with picture(at.register) as connection:
        batches = people.following(connection, where)
        return sum(one.minor for batch in batches for one in batch)


def _writer(at: Desk, name: str, form: str, language: str | None) -> Write:
    settings = at.context.settings
    return list_files.writer(
        name,
        form,
        language or settings.staff_locale,
        font=lambda: font(settings.report_font),
        at=at.now,
        zone=making.zone_of(at.context),
    )


def _write(out: Path | None, write: Write, lines: Iterator[Line]) -> None:
    """Write each line as it comes, for one's own eyes; a list may be longer than memory."""
    first = next(lines, None)  # what is refused leaves no file behind
    given: Iterable[bytes] = write(chain([first] if first else [], lines))
    with _opened(out) as file:
        for part in given:
            file.write(part)


def _opened(out: Path | None) -> IO[bytes]:
    if out is None:
        return click.open_file("-", "wb")
    try:
        return private_files.opened(out)
    except FileExistsError:
        raise Conflict("this file is there already: name a new one", code="folder_exists") from None
