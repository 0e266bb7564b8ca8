"""
``rights evidence``: documents that show who acts for somebody: put in what came on paper, look at
them, and decide on them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Engine
from sqlmodel import Session

from rights.domain import boxes as rectangles
from rights.domain.errors import RightsError
from rights.services import (
    evidence,
    evidence_desk,
    evidence_redacting,
    given_later,
    requests,
    reviewing,
    settled_time,
)
from rights.services.context import Context
from rights.services.staff import refused, staff_named
from rights.settings import load
from rights.store.blobs import Blobs
from rights.store.db import RegisterClock, reading, transaction
from rights.store.models import Evidence, Staff
from workflows import blackening
from workflows.commands.acting import AGREED, AS, as_staff, context_in, supervisor, tried
from workflows.commands.opening import opened
from workflows.commands.private_files import pieces, written


@dataclass(frozen=True, slots=True)
class Desk:
    """The register and the place of documents, at which a verifier sits."""

    context: Context
    register: Engine
    place: Blobs | None

    def tidy(self) -> None:
        """Take away the objects whose decision was just made."""
        now = RegisterClock(self.register).now()
        with reading(self.register) as session:
            settled = settled_time.now_of(session, now)
        evidence.destroy(self.register, self.place, now=now, settled=settled)


@click.group("evidence")
@click.pass_context
def documents(ctx: click.Context) -> None:
    """Documents of representatives: for verifiers, and gone with the decision."""
    settings = load()
    register, place = opened(settings), evidence.open_place(settings)
    ctx.obj = Desk(context_in(register, settings), register, place)


@documents.command("list")
@AS
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def show(desk: Desk, who: str, *, as_json: bool) -> None:
    """Show what waits to be looked at, the most urgent first."""
    found = as_staff(
        desk.register, who, lambda s, staff, _: evidence_desk.listed(s, desk.context, staff)
    )
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for one in found:
        click.echo(f"{one['due'][:10]}  {one['request']}  {one['role']} ({one['relation']})")
        for document in one["documents"]:
            click.echo(f"    {document['id']}  {document['type']}  {document['size']} bytes")
    click.echo(f"{len(found)} waiting")


@documents.command()
@click.argument("request_id", metavar="REQUEST")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@AS
@click.pass_obj
def add(desk: Desk, request_id: str, file: Path, who: str) -> None:
    """
    Put FILE in, a scan of what came on paper for REQUEST; prints the document's id.

    Only for a request that was logged. A colleague decides on it. No name of FILE is kept.
    """
    place, now = evidence.given(desk.place), RegisterClock(desk.register).now()
    with reading(desk.register) as session:
        staff = staff_named(session, who)
    about = (desk.register, desk.context, place, request_id)
    try:
        with file.open("rb") as content:
            row = given_later.add_document(*about, pieces(content), staff, now=now)
    except RightsError as error:
        with transaction(desk.register) as session:
            refused(session, staff, error, tried(), now=now)
        raise
    click.echo(row.id)


@documents.command("open")
@click.argument("evidence_id", metavar="EVIDENCE")
@AS
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.pass_obj
def unlock(desk: Desk, evidence_id: str, who: str, out: Path) -> None:
    """
    Write EVIDENCE into the folder OUT, for your eyes alone; that you opened it is an entry.

    The last line is JSON: the file, who is asked for and who asks, to hold the document against.
    """

    def act(session: Session, staff: Staff, now: datetime) -> tuple[Evidence, dict[str, Any]]:
        row, about = evidence_desk.opened(session, desk.context, evidence_id, staff, now=now)
        session.flush()
        session.expunge(row)
        return row, about

    place = evidence.given(desk.place)
    row, about = as_staff(desk.register, who, act)
    name = f"{row.id}.{evidence.ENDINGS[row.media_type]}"
    file = written(out, name, evidence.content(desk.context.vault, place, row))
    click.echo(json.dumps({"file": file, **about}, ensure_ascii=False))


@documents.command()
@click.argument("evidence_id", metavar="EVIDENCE")
@AS
@click.option(
    "--box",
    "given",
    multiple=True,
    required=True,
    metavar="X,Y,WIDTH,HEIGHT",
    help="What becomes black, in pixels of the picture as it is seen; repeated.",
)
@click.pass_obj
def redact(desk: Desk, evidence_id: str, who: str, given: tuple[str, ...]) -> None:
    """
    Keep of EVIDENCE, a picture, only a copy on which every box is black; print the copy's id.

    The original is destroyed at once and cannot be had back. Look at the copy before you decide.
    """
    place, boxes = evidence.given(desk.place), rectangles.read(given)

    def find(session: Session, staff: Staff, now: datetime) -> Evidence:
        row, _, _ = evidence_redacting.original(session, evidence_id, staff, now=now)
        blackening.check(row.media_type)
        session.expunge(row)
        return row

    row = as_staff(desk.register, who, find)
    content = b"".join(evidence.content(desk.context.vault, place, row))
    made = blackening.blacked_out(content, row.media_type, boxes)
    click.echo(_replaced(desk, place, row, made, who))
    desk.tidy()


def _replaced(desk: Desk, place: Blobs, row: Evidence, made: bytes, who: str) -> str:
    """Seal the copy, put it in the place of the original, and return its id."""
    register, now = desk.register, RegisterClock(desk.register).now()
    copy_id, sealed = evidence_redacting.seal(register, desk.context, place, row, made, now=now)

    def act(session: Session, staff: Staff, now: datetime) -> None:
        evidence_redacting.replace(session, row.id, copy_id, sealed, staff, now=now)

    try:
        as_staff(register, who, act)
    except RightsError:
        evidence.drop(register, place, copy_id, now)
        raise
    return copy_id


@documents.command()
@click.argument("request_id", metavar="REQUEST")
@AS
@click.pass_obj
def accept(desk: Desk, request_id: str, who: str) -> None:
    """
    Say that the documents of REQUEST show what they have to; they are destroyed at once.

    You have opened every one of them: one that came since you looked is refused.
    """

    def act(session: Session, staff: Staff, now: datetime) -> str:
        request = requests.locked(session, request_id)
        seen = [one.id for one in evidence.openable(session, request.id)]
        return reviewing.accept(session, desk.context, request, staff, seen=seen, now=now)

    click.echo(as_staff(desk.register, who, act))
    desk.tidy()


@documents.command()
@click.argument("request_id", metavar="REQUEST")
@AS
@click.option(
    "--reason",
    "reasons",
    required=True,
    multiple=True,
    help="What is missing, to ask for it, all of it at once; or a code of the catalogue, to deny. A"
    " wrong one names those that deny.",
)
@AGREED
@click.option("--note-basis", "facts", default="", help="The facts of a denial, for the person.")
@click.pass_obj
def refuse(
    desk: Desk,
    request_id: str,
    who: str,
    reasons: tuple[str, ...],
    agreed_by: str,
    facts: str,
) -> None:
    """
    Say that the documents of REQUEST do not show it; they are destroyed at once.

    You have opened every one of them: one that came since you looked is refused.
    """

    def act(session: Session, staff: Staff, now: datetime) -> str:
        request = requests.locked(session, request_id)
        given: dict[str, Any] = {"reasons": reasons, "facts": facts}
        given["supervisor"] = supervisor(session, agreed_by)
        seen = evidence.opened_by(session, request.id, staff.id)
        return reviewing.refuse(session, desk.context, request, staff, **given, seen=seen, now=now)

    click.echo(as_staff(desk.register, who, act))
    desk.tidy()
