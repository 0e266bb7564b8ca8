"""``rights redactions``: look at what a copy left out as somebody else's, and decide on it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Engine
from sqlmodel import Session

from rights.services import redaction_desk as work
from rights.services.context import Context
from rights.services.redactions import BECAUSE, OWN
from rights.store.blobs import Blobs, open_blobs
from rights.store.models import Staff
from workflows.commands.acting import AS, as_staff
from workflows.commands.opening import MAP, STATE, chosen, opened


@dataclass(frozen=True, slots=True)
class Desk:
    """The register and the object store that are looked at."""

    context: Context
    register: Engine
    blobs: Blobs


@click.group()
@STATE
@MAP
@click.pass_context
def redactions(ctx: click.Context, state: Path | None, map_file: Path | None) -> None:
    """What was taken out of a copy because it is somebody else's."""
    from workflows.building import context_for

    settings = chosen(state, map_file)
    ctx.obj = Desk(context_for(settings), opened(settings), open_blobs(settings.blobs_url))


@redactions.command("list")
@click.argument("request_id")
@AS
@click.pass_obj
def show(desk: Desk, request_id: str, who: str) -> None:
    """Show what was taken out of the copy of REQUEST_ID, one JSON object a line."""

    def act(session: Session, staff: Staff, now: datetime) -> Iterator[dict[str, Any]]:
        return work.seen(session, desk.context, desk.blobs, request_id, staff, now)

    # That it was looked at is committed before the first line; a pager holds nothing.
    for row in as_staff(desk.register, who, act):
        click.echo(json.dumps(row, ensure_ascii=False))


@redactions.command()
@click.argument("request_id")
@click.argument("numbers", nargs=-1, required=True, type=click.IntRange(min=1))
@click.option("--because", type=click.Choice(BECAUSE), default=OWN, help="Why it is theirs.")
@AS
@click.pass_obj
def release(desk: Desk, request_id: str, numbers: tuple[int, ...], because: str, who: str) -> None:
    """Say that what has these NUMBERS is the person's own: the copy is made anew."""
    as_staff(
        desk.register,
        who,
        lambda s, staff, now: work.release(
            s, desk.context, desk.blobs, request_id, numbers, staff, now, because=because
        ),
    )
    click.echo("done")


@redactions.command()
@click.argument("request_id")
@AS
@click.pass_obj
def confirm(desk: Desk, request_id: str, who: str) -> None:
    """Say that all of it was looked at and is somebody else's."""
    as_staff(desk.register, who, lambda s, staff, now: work.confirm(s, request_id, staff, now))
    click.echo("done")
