"""``rights holds``: what staff decide about rows that have to stay."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Engine
from sqlmodel import Session

from rights.domain.errors import RightsError
from rights.domain.holds import PLACED
from rights.services import hold_releases, hold_rules
from rights.services import holds as service
from rights.services.context import Context
from rights.services.staff import refused, staff_named
from rights.store.db import RegisterClock, reading, transaction
from rights.store.models import Staff
from workflows.commands.acting import AS, as_staff, tried
from workflows.commands.opening import MAP, STATE, chosen, opened

DAY = click.DateTime(["%Y-%m-%d"])


@dataclass(frozen=True, slots=True)
class Desk:
    """The register that is decided in, and its facts."""

    context: Context
    register: Engine


@click.group()
@STATE
@MAP
@click.pass_context
def holds(ctx: click.Context, state: Path | None, map_file: Path | None) -> None:
    """Rules that need approval, legal holds, and exceptions."""
    from rights.store.migrate import upgrade
    from workflows.building import context_for

    settings = chosen(state, map_file)
    if state:
        upgrade(settings.database_url)
    ctx.obj = Desk(context_for(settings), opened(settings))


@holds.command("list")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def list_holds(desk: Desk, *, as_json: bool) -> None:
    """Show rules, legal holds and exceptions in force, and the rows that are held."""
    now = RegisterClock(desk.register).now()
    with reading(desk.register) as session:
        found = service.overview(session, desk.context.datamap, now=now)
    if as_json:
        click.echo(json.dumps(found))
        return
    for kind, rows in found.items():
        for row in rows:
            click.echo(f"{kind}  " + "  ".join(str(v) for v in row.values() if v))


@holds.command()
@click.argument("path")
@click.option("--because", required=True, help="The delegation the rule rests on.")
@AS
@click.pass_obj
def approve(desk: Desk, path: str, because: str, who: str) -> None:
    """Let the retention rule of the collection PATH hold, though its rank alone does not."""

    def act(session: Session, staff: Staff, now: datetime) -> str:
        return hold_rules.approve(session, desk.context, path, staff, because=because, now=now).id

    _act(desk, who, act)


@holds.command()
@click.argument("path")
@AS
@click.pass_obj
def revoke(desk: Desk, path: str, who: str) -> None:
    """End the approval of the rule of PATH."""
    _act(desk, who, lambda s, staff, now: hold_rules.revoke(s, path, staff, now=now))


@holds.command()
@click.option("--subject", metavar="TYPE=VALUE", help="One identifier of a person.")
@click.option("--collection", metavar="STORE.COLLECTION")
@click.option("--rank", required=True, type=click.Choice(sorted(PLACED)))
@click.option("--basis", required=True, help="Which case or order; no personal data.")
@click.option("--until", type=DAY, help="The day from which it holds no more.")
@AS
@click.pass_obj
def place(
    desk: Desk, /, who: str, subject: str | None, collection: str | None, **given: Any
) -> None:
    """Keep everything of a person, or of a collection, for a lawsuit or an authority."""
    if bool(subject) == bool(collection):
        raise click.UsageError("give either --subject or --collection")
    name, equals, value = (subject or "").partition("=")
    if subject and not (equals and name and value):
        raise click.UsageError("--subject takes TYPE=VALUE")
    until = given["until"].replace(tzinfo=UTC) if given["until"] else None

    def act(session: Session, staff: Staff, now: datetime) -> str:
        made = service.place(
            session,
            desk.context.vault,
            desk.context.datamap,
            staff,
            on=collection or {name: value},
            rank=given["rank"],
            basis=given["basis"],
            until=until,
            now=now,
        )
        return made.id

    _act(desk, who, act)


@holds.command()
@click.argument("hold")
@AS
@click.pass_obj
def confirm(desk: Desk, hold: str, who: str) -> None:
    """Approve the legal hold HOLD, which somebody else placed."""
    _act(desk, who, lambda s, staff, now: service.confirm(s, hold, staff, now=now))


@holds.command()
@click.argument("hold")
@AS
@click.pass_obj
def release(desk: Desk, hold: str, who: str) -> None:
    """End the legal hold HOLD, which nobody approved; what only it kept is deleted."""
    _act(desk, who, lambda s, staff, now: service.release(s, hold, staff, now=now))


@holds.command("propose-release")
@click.argument("hold")
@click.option("--because", required=True, help="Why, for your colleague; - reads it.")
@AS
@click.pass_obj
def propose_release(desk: Desk, hold: str, because: str, who: str) -> None:
    """Propose to release the approved legal hold HOLD; it holds until a colleague confirms."""
    told = sys.stdin.read() if because == "-" else because

    def act(session: Session, staff: Staff, now: datetime) -> None:
        given: dict[str, Any] = {"because": told, "now": now}
        hold_releases.propose(session, desk.context.vault, hold, staff, **given)

    _act(desk, who, act)


@holds.command("read-release")
@click.argument("hold")
@AS
@click.pass_obj
def read_release(desk: Desk, hold: str, who: str) -> None:
    """Print why HOLD is to be released; the trail says who read it."""

    def act(session: Session, staff: Staff, now: datetime) -> str:
        found = hold_releases.read_by(session, desk.context.vault, hold, staff, now=now)
        said = {"hold": hold, "proposed_at": found.at.isoformat(), "because": found.text}
        return json.dumps(said, ensure_ascii=False)

    _act(desk, who, act)


@holds.command("confirm-release")
@click.argument("hold")
@AS
@click.pass_obj
def confirm_release(desk: Desk, hold: str, who: str) -> None:
    """End the legal hold HOLD, as a colleague proposed; what only it kept is deleted."""
    _act(desk, who, lambda s, staff, now: hold_releases.confirm(s, hold, staff, now=now))


@holds.command("dismiss-release")
@click.argument("hold")
@AS
@click.pass_obj
def dismiss_release(desk: Desk, hold: str, who: str) -> None:
    """Say that HOLD stays; take back by it what you proposed yourself."""
    _act(desk, who, lambda s, staff, now: hold_releases.dismiss(s, hold, staff, now=now))


@holds.command("except")
@click.argument("path")
@click.option("--statement", required=True, help="Of the engineer: why it cannot be deleted.")
@click.option("--alternative", required=True, help="What is done instead.")
@click.option("--review", required=True, type=DAY, help="When it ends; at most 180 days on.")
@click.option("--stated-by", required=True, help="Name of the member of staff who states it.")
@AS
@click.pass_obj
def make_exception(desk: Desk, /, path: str, stated_by: str, who: str, **given: Any) -> None:
    """Accept until a date that the collection PATH cannot be deleted from."""
    from connectors.registry import load as load_connectors
    from rights.services import exceptions

    store = service.store_of(desk.context.datamap, path)
    manifest = load_connectors((store.connector,))[store.connector].manifest

    def act(session: Session, staff: Staff, now: datetime) -> str:
        made = exceptions.make(
            session,
            path,
            exceptions.Case(
                statement=given["statement"],
                alternative=given["alternative"],
                review_at=given["review"].replace(tzinfo=UTC),
                stated_by=staff_named(session, stated_by),
                deletable="erase" in manifest.verbs,
            ),
            staff,
            now=now,
        )
        return made.id

    _act(desk, who, act)


@holds.command("read")
@click.argument("request")
@click.argument("collection")
@click.option("--rank", required=True, type=click.Choice(sorted(PLACED)))
@click.option("--ticket", required=True, help="Number of the order or case; no personal data.")
@AS
@click.pass_obj
def read_rows(desk: Desk, /, request: str, collection: str, who: str, **given: Any) -> None:
    """
    Print what is kept of the rows of COLLECTION that were put away for REQUEST.

    JSON Lines. Who read it, under which ticket, stands in the request's trail before the first
    line is printed.
    """
    from workflows.building import floor_for, parts_for
    from workflows.ticketed import Ticket, read

    floor = floor_for(parts_for(desk.context.settings), worker="staff")
    with reading(desk.register) as session:
        staff = staff_named(session, who)
    try:
        ticket = Ticket.of(given["rank"], given["ticket"])
        with closing(read(floor, request, collection, staff, ticket)) as rows:
            for row in rows:
                click.echo(json.dumps(row, ensure_ascii=False))
    except RightsError as error:
        _refused(desk, staff, error)
        raise
    finally:
        floor.close()


def _act(desk: Desk, who: str, do: Callable[[Session, Staff, datetime], object]) -> None:
    """Do it as a member of staff, and say what was made."""
    made = as_staff(desk.register, who, do)
    click.echo(made if isinstance(made, str) else "done")


def _refused(desk: Desk, staff: Staff, error: RightsError) -> None:
    now = RegisterClock(desk.register).now()
    with transaction(desk.register) as session:
        refused(session, staff, error, tried(), now=now)
