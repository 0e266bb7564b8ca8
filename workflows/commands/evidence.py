"""``rights evidence``: look at documents that show who acts for somebody, and decide on them."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Engine
from sqlmodel import Session

from rights.domain import duties
from rights.domain.errors import NotFound
from rights.services import (
    audit,
    contacts,
    evidence,
    reaching,
    representatives,
    requests,
    reviewing,
    subjects,
)
from rights.services.context import Context
from rights.settings import load
from rights.store.blobs import Blobs
from rights.store.db import RegisterClock
from rights.store.models import Evidence, Representation, Request, Staff
from workflows.commands.acting import AS, as_staff
from workflows.commands.opening import opened


@dataclass(frozen=True, slots=True)
class Desk:
    """The register and the place of documents, at which a verifier sits."""

    context: Context
    register: Engine
    place: Blobs | None

    def tidy(self) -> None:
        """Take away the objects whose decision was just made."""
        now = RegisterClock(self.register).now()
        evidence.destroy(self.register, self.context, self.place, now=now)


@click.group("evidence")
@click.pass_context
def documents(ctx: click.Context) -> None:
    """Documents of representatives: for verifiers, and gone with the decision."""
    from workflows.building import context_for

    settings = load()
    place = evidence.open_place(settings)
    ctx.obj = Desk(context_for(settings), opened(settings), place)


@documents.command("list")
@AS
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def show(desk: Desk, who: str, *, as_json: bool) -> None:
    """Show what waits to be looked at, the most urgent first."""
    found: list[dict[str, Any]] = []

    def look(session: Session, staff: Staff, _: datetime) -> str:
        duties.check(staff.roles, duties.Act.VERIFY)
        found.extend(_line(session, desk, *pair) for pair in reviewing.waiting(session))
        return ""

    as_staff(desk.register, who, look)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for one in found:
        click.echo(f"{one['due'][:10]}  {one['request']}  {one['role']} ({one['relation']})")
        for document in one["documents"]:
            click.echo(f"    {document['id']}  {document['type']}  {document['size']} bytes")
    click.echo(f"{len(found)} waiting")


def _line(session: Session, desk: Desk, request: Request, row: Representation) -> dict[str, Any]:
    """Return what a verifier has to know of one request, the representative's name included."""
    said = representatives.told(desk.context, row)
    return {
        "request": request.id,
        "kind": str(request.kind),
        "role": str(row.role),
        "relation": row.relation,
        "name": said.get("name", ""),
        "interest": said.get("interest", ""),
        "matters": list(row.matters),
        "until": row.until.isoformat() if row.until else "",
        "needs": list(request.needs),
        "due": request.promised_at.isoformat(),
        "documents": [
            {"id": one.id, "type": one.media_type, "size": one.size}
            for one in evidence.openable(session, request.id)
        ],
    }


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

    def act(session: Session, staff: Staff, now: datetime) -> str:
        duties.check(staff.roles, duties.Act.OPEN_EVIDENCE)
        row = session.get(Evidence, evidence_id)
        if row is None or not row.file_id or not row.wrapped_key:
            raise NotFound("there is no such document, or it was destroyed with the decision")
        request = requests.locked(session, row.request_id)
        line = audit.Line("evidence_opened", f"staff:{staff.id}", {"document": row.id})
        audit.append(session, request, [line], now=now)
        about.update(_people(session, desk, request))
        session.flush()
        session.expunge(row)
        opened.append(row)
        return ""

    opened: list[Evidence] = []
    about: dict[str, Any] = {}
    place = evidence.given(desk.place)
    as_staff(desk.register, who, act)
    for row in opened:
        file = _written(desk, place, row, out)
        click.echo(json.dumps({"file": file, **about}, ensure_ascii=False))


def _people(session: Session, desk: Desk, request: Request) -> dict[str, Any]:
    """Return whom a request is about and who acts, as they were typed: for whoever compares."""
    vault, row = desk.context.vault, representatives.find(session, request)
    second = reaching.representatives(session, request.id)
    return {
        "role": str(row.role),
        "relation": row.relation,
        "subject": subjects.opened(vault, subjects.identifier_rows(session, request.id)),
        "representative": {one.type: contacts.value(vault, one) for one in second},
        "name": representatives.told(desk.context, row).get("name", ""),
    }


def _written(desk: Desk, place: Blobs, row: Evidence, out: Path) -> str:
    """Write a document under its id, readable by this user alone; nothing of it is interpreted."""
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = out / f"{row.id}.{evidence.ENDINGS[row.media_type]}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        for piece in evidence.content(desk.context.vault, place, row):
            file.write(piece)
    return str(path)


@documents.command()
@click.argument("request_id", metavar="REQUEST")
@AS
@click.pass_obj
def accept(desk: Desk, request_id: str, who: str) -> None:
    """Say that the documents of REQUEST show what they have to; they are destroyed at once."""

    def act(session: Session, staff: Staff, now: datetime) -> str:
        request = requests.locked(session, request_id)
        return reviewing.accept(session, desk.context, request, staff, now=now)

    click.echo(as_staff(desk.register, who, act))
    desk.tidy()


@documents.command()
@click.argument("request_id", metavar="REQUEST")
@AS
@click.option(
    "--reason",
    required=True,
    help="What is missing, to ask for it, or a code of the catalogue, to deny; a wrong one names"
    " those that deny.",
)
@click.option("--note-basis", "facts", default="", help="The facts of a denial, for the person.")
@click.pass_obj
def refuse(desk: Desk, request_id: str, who: str, reason: str, facts: str) -> None:
    """Say that the documents of REQUEST do not show it; they are destroyed at once."""

    def act(session: Session, staff: Staff, now: datetime) -> str:
        request = requests.locked(session, request_id)
        return reviewing.refuse(
            session, desk.context, request, staff, reason=reason, facts=facts, now=now
        )

    click.echo(as_staff(desk.register, who, act))
    desk.tidy()
