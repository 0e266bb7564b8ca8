"""``rights denials``: the second person's look at what a first one proposed to deny."""

from __future__ import annotations

import json
import sys
from typing import Any

import click
from sqlmodel import Session

from rights.domain.lifecycle import Wait
from rights.services import denial_proposals as proposals
from rights.services.deadlines import denial_told_by
from rights.store.db import reading
from rights.store.models import Request, Staff
from workflows.commands.acting import AS, act, desk


@click.group()
def denials() -> None:
    """Denials that one proposed and another confirms."""


@denials.command("list")
@click.option("--json", "as_json", is_flag=True)
def list_denials(*, as_json: bool) -> None:
    """Show what waits for a second person, the most urgent request first."""
    at = desk()
    with reading(at.register) as session:
        found = [
            {
                "denial": one.id,
                "request": request.id,
                "kind": str(request.kind),
                "reason": one.reason,
                "due": (due := denial_told_by(at.context, request)).isoformat(),
                "late": due < at.now,
                "holds_until": _holds(request),
            }
            for one, request in proposals.open_ones(session)
        ]
    if as_json:
        click.echo(json.dumps(found))
        return
    for line in found:
        late = "LATE  " if line["late"] else ""
        what = "  ".join(str(line[name]) for name in ("denial", "request", "kind", "reason"))
        click.echo(f"{str(line['due'])[:10]}  {late}{what}")
    click.echo(f"{len(found)} waiting")


def _holds(request: Request) -> str | None:
    """Return until when a request waits for the decision; None where work goes on."""
    held = request.wait is Wait.DECISION and request.next_at
    return request.next_at.isoformat() if held and request.next_at else None


@denials.command()
@click.argument("denial_id")
@AS
def show(denial_id: str, who: str) -> None:
    """Print what DENIAL_ID says, facts included; the trail says who read it."""
    at = desk()

    def do(session: Session, staff: Staff) -> dict[str, Any]:
        request, found = proposals.find(session, denial_id)
        return proposals.read_by(session, at.context, request, found, staff, now=at.now)

    click.echo(json.dumps(act(at, who, do), ensure_ascii=False))


@denials.command()
@click.argument("denial_id")
@AS
def confirm(denial_id: str, who: str) -> None:
    """Deny the request with what DENIAL_ID says; never your own."""
    at = desk()

    def do(session: Session, staff: Staff) -> None:
        request, found = proposals.find(session, denial_id)
        proposals.confirm(session, at.context, request, found, staff, now=at.now)

    act(at, who, do)
    click.echo("done")


@denials.command()
@click.argument("denial_id")
@click.option("--because", required=True, help="Why, for your colleague; - reads it.")
@AS
def dismiss(denial_id: str, because: str, who: str) -> None:
    """Say that the request is not to be denied like that; it goes on as it stood."""
    at = desk()
    told = sys.stdin.read() if because == "-" else because

    def do(session: Session, staff: Staff) -> None:
        request, found = proposals.find(session, denial_id)
        given: dict[str, Any] = {"because": told, "now": at.now}
        proposals.dismiss(session, at.context, request, found, staff, **given)

    act(at, who, do)
    click.echo("done")


@denials.command()
@click.argument("denial_id")
@AS
def withdraw(denial_id: str, who: str) -> None:
    """Take back DENIAL_ID, which you proposed."""
    at = desk()

    def do(session: Session, staff: Staff) -> None:
        request, found = proposals.find(session, denial_id)
        proposals.withdraw(session, request, found, staff, now=at.now)

    act(at, who, do)
    click.echo("done")
