"""``rights alerts``: the webhooks of staff."""

from __future__ import annotations

import json

import click
from sqlmodel import Session

from rights.domain.alerts import ROLES
from rights.net import Guard
from rights.services import staff_hooks
from rights.store.db import reading
from rights.store.models import Staff
from workflows.commands.acting import AS, act, desk


@click.group()
def alerts() -> None:
    """Where the roles of staff are told of what runs out of time, beside their mail."""


@alerts.command()
@click.argument("url")
@click.option("--role", required=True, type=click.Choice([*ROLES]))
@click.option(
    "--event",
    "events",
    multiple=True,
    type=click.Choice(staff_hooks.EVENTS),
    help="Default: all.",
)
@AS
def add(url: str, role: str, events: tuple[str, ...], who: str) -> None:
    """Tell URL of what a role is told of; prints its id, and its secret, once."""
    at = desk()
    guard = Guard(at.context.settings.webhook_allow)

    def do(session: Session, staff: Staff) -> tuple[str, str]:
        row, secret = staff_hooks.add(
            session, at.context, guard, staff, role=role, url=url, events=events, now=at.now
        )
        return row.id, secret

    click.echo("  ".join(act(at, who, do)))


@alerts.command("list")
@click.option("--json", "as_json", is_flag=True)
def listed(*, as_json: bool) -> None:
    """Show them: for whom, where, and what waits or was given up."""
    at = desk()
    with reading(at.register) as session:
        found = [
            {
                "webhook": row.id,
                "role": row.role,
                "origin": row.origin,
                "events": row.events,
                **dict(zip(("waiting", "dead"), staff_hooks.waiting(session, row.id), strict=True)),
            }
            for row in staff_hooks.live(session)
        ]
    if as_json:
        click.echo(json.dumps(found))
        return
    for one in found:
        counts = f"{one['waiting']} waiting, {one['dead']} given up"
        click.echo(f"{one['webhook']}  {one['role']}  {one['origin']}  {counts}")


@alerts.command()
@click.argument("webhook_id", metavar="WEBHOOK")
@AS
def remove(webhook_id: str, who: str) -> None:
    """Tell WEBHOOK of nothing more."""
    at = desk()
    act(at, who, lambda session, staff: staff_hooks.remove(session, webhook_id, staff, now=at.now))
    click.echo("done")


@alerts.command()
@click.argument("webhook_id", metavar="WEBHOOK")
@AS
def again(webhook_id: str, who: str) -> None:
    """Send again what was given up on its way to WEBHOOK; prints how many."""
    at = desk()
    many = act(
        at, who, lambda session, staff: staff_hooks.again(session, webhook_id, staff, now=at.now)
    )
    click.echo(f"{many} are sent again")
