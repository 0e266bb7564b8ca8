"""``rights minors``: who may open what a minor's request says, and until when."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import orjson
from sqlalchemy import Engine
from sqlmodel import Session, select

from rights.domain import period as periods
from rights.domain.minors import Purpose
from rights.services import content_approvals, minors_records, requests
from rights.services.reports import making
from rights.settings import load
from rights.store.db import RegisterClock, reading
from rights.store.models import ContentApproval, Staff
from workflows.commands.acting import AS, as_staff
from workflows.commands.opening import MAP, STATE, chosen, opened

DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.group()
@STATE
@MAP
@click.pass_context
def minors(ctx: click.Context, state: Path | None, map_file: Path | None) -> None:
    """Approvals to open the content of minors' requests."""
    ctx.obj = opened(chosen(state, map_file))


@minors.command()
@click.argument("request_id", metavar="REQUEST")
@click.option("--purpose", required=True, type=click.Choice([str(p) for p in Purpose]))
@AS
@click.pass_obj
def ask(register: Engine, request_id: str, purpose: str, who: str) -> None:
    """Ask a colleague to let you open the content of REQUEST; prints the approval to give."""

    def act(session: Session, staff: Staff, now: datetime) -> str:
        request = requests.locked(session, request_id)
        return content_approvals.ask(session, request, staff, purpose, now=now).id

    click.echo(as_staff(register, who, act))


@minors.command()
@click.argument("approval")
@click.option("--hours", required=True, type=int, help="From 1 to 24.")
@AS
@click.pass_obj
def approve(register: Engine, approval: str, hours: int, who: str) -> None:
    """Let the colleague of APPROVAL open what they asked for; prints until when."""

    def act(session: Session, staff: Staff, now: datetime) -> str:
        made = content_approvals.approve(session, approval, staff, hours=hours, now=now)
        return made.expires_at.isoformat() if made.expires_at else ""

    click.echo(as_staff(register, who, act))


@minors.command("list")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def show(register: Engine, *, as_json: bool) -> None:
    """Show what waits for a colleague's word, and what lets somebody open content now."""
    now = RegisterClock(register).now()
    with reading(register) as session:
        names = {one.id: one.name for one in session.exec(select(Staff))}
        found = [_line(one, names) for one in content_approvals.current(session, now)]
    if as_json:
        click.echo(json.dumps(found))
        return
    for line in found:
        click.echo("  ".join(str(value) for value in line.values() if value))
    click.echo(f"{sum(not line['until'] for line in found)} waiting")


@minors.command()
@click.option("--from", "first", type=DAY, required=True, help="First day of receipt.")
@click.option("--to", "last", type=DAY, required=True, help="Last day of receipt.")
@click.option("--age-band", "band", default="", type=click.Choice(["", *minors_records.BANDS]))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="File.")
@AS
@click.pass_obj
def export(
    register: Engine, first: datetime, last: datetime, band: str, out: Path | None, who: str
) -> None:
    """Export the records of minors' requests for the yearly audit: JSON Lines; auditors only."""
    from workflows.building import context_for

    zone = making.zone_of(context_for(load()))
    period = periods.between(first.date(), last.date(), zone)

    def act(session: Session, staff: Staff, now: datetime) -> None:
        minors_records.begin(session, staff, period, band, now=now)

    as_staff(register, who, act)
    with click.open_file(str(out) if out else "-", "wb") as file:
        for line in minors_records.records(register, period, band):
            file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))


def _line(one: ContentApproval, names: dict[str, str]) -> dict[str, Any]:
    return {
        "approval": one.id,
        "request": one.request_id,
        "purpose": one.purpose,
        "asked_by": names.get(one.asked_by, one.asked_by),
        "asked_at": one.asked_at.isoformat(),
        "approved_by": names.get(one.approved_by, one.approved_by),
        "until": one.expires_at.isoformat() if one.expires_at else "",
    }
