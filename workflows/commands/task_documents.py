"""Documents that show what was done by hand: attached and opened on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from sqlmodel import Session

from rights.domain.errors import NotFound, RightsError
from rights.services import evidence, requests, task_documents
from rights.services.staff import refused, staff_named
from rights.settings import load
from rights.store.db import reading, transaction
from rights.store.models import Staff, TaskDocument
from workflows.commands.acting import AS, as_staff, desk
from workflows.commands.private_files import pieces, written


def complete(step: str, who: str, proof: str, files: Sequence[Path]) -> None:
    """Say that a step of a request was done by hand, and keep the files that show it."""
    at, place = desk(), evidence.given(evidence.open_place(load()))
    with reading(at.register) as session:
        staff = staff_named(session, who)
    try:
        with ExitStack() as stack:
            streams = [pieces(stack.enter_context(file.open("rb"))) for file in files]
            about = (at.register, at.context, place, step, streams, staff)
            taken = stack.enter_context(task_documents.sealed(*about, now=at.now))
            with transaction(at.register) as session:
                given: dict[str, Any] = {"now": at.now, "proof": proof}
                task_documents.complete(session, step, staff, taken, **given)
    except RightsError as error:
        with transaction(at.register) as session:
            refused(session, staff, error, now=at.now)
        raise
    click.echo("done")


@click.command("open-document")
@click.argument("document_id", metavar="DOCUMENT")
@AS
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True)
def unlock(document_id: str, who: str, out: Path) -> None:
    """Write DOCUMENT of a step into the folder OUT, for your eyes alone; prints the file."""
    at, place = desk(), evidence.given(evidence.open_place(load()))

    def look(session: Session, staff: Staff, now: datetime) -> TaskDocument:
        found = session.get(TaskDocument, document_id)
        if found is None:
            raise NotFound("there is no such document: the trail of its request names it")
        request = requests.locked(session, found.request_id)
        row = task_documents.opened(session, request, document_id, staff, now=now)
        session.flush()
        session.expunge(row)
        return row

    row = as_staff(at.register, who, look)
    name = f"{row.id}.{evidence.ENDINGS[row.media_type]}"
    click.echo(written(out, name, task_documents.content(at.context.vault, place, row)))
