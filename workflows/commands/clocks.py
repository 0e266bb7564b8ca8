"""``rights clocks``: what presses, more time, and clocks that stand still."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any, Final

import click
from sqlmodel import Session

from rights.domain import alerts
from rights.domain.errors import RightsError
from rights.services import (
    acknowledging,
    clock_words,
    extending,
    requests,
    settled_time,
    standing_still,
    untold,
    untouched,
)
from rights.services import clocks as running
from rights.services import staff as members
from rights.services.clocks import Running
from rights.store.db import reading
from rights.store.models import Staff
from workflows.commands.acting import AS, act, desk, tried


@click.group()
def clocks() -> None:
    """The time of open requests."""


@clocks.command()
@click.argument("request_ids", metavar="REQUEST", nargs=-1, required=True)
@click.option("--reason", required=True, type=click.Choice([*clock_words.reasons()]))
@click.option("--because", required=True, metavar="WORDS", help="Why, in words for the person.")
@AS
def extend(request_ids: tuple[str, ...], reason: str, because: str, who: str) -> None:
    """
    Take more time for each REQUEST, where the law knows that; the person is told why.

    The date moves once that letter has gone out before the first due date. Of several, each that
    is refused is named, and the others go on.
    """
    at = desk()
    given: dict[str, Any] = {"reason": reason, "because": because, "now": at.now}

    def one(session: Session, staff: Staff) -> str:
        request = requests.locked(session, request_ids[0])
        made = extending.extend(session, at.context, request, staff, **given)
        return f"promised by {made.promised_at.isoformat()} once the person is told"

    def each(session: Session, staff: Staff) -> Mapping[str, RightsError | None]:
        done = extending.extend_each(session, at.context, request_ids, staff, **given)
        for request_id, error in done.items():
            if error is not None:
                members.refused(session, staff, error, tried(request_id), now=at.now)
        return done

    if len(request_ids) == 1:
        click.echo(act(at, who, one))
        return
    done = act(at, who, each)
    for request_id, error in done.items():
        click.echo(f"{request_id}  {f'{error.code}: {error}' if error else 'asked for'}")
    if any(done.values()):
        sys.exit(1)


@clocks.command()
@click.argument("request_id", metavar="REQUEST")
@click.option("--cause", required=True, type=click.Choice(standing_still.CAUSES))
@AS
def pause(request_id: str, cause: str, who: str) -> None:
    """Let the clock of REQUEST stand still while the person is waited for; they end it."""
    at = desk()

    def do(session: Session, staff: Staff) -> None:
        request = requests.locked(session, request_id)
        standing_still.pause(session, at.context, request, staff, cause, now=at.now)

    act(at, who, do)
    click.echo("stands still")


@clocks.command()
@click.argument("request_id", metavar="REQUEST")
@AS
def resume(request_id: str, who: str) -> None:
    """Let the clock of REQUEST run again; prints what is promised now."""
    at = desk()

    def do(session: Session, staff: Staff) -> str:
        request = requests.locked(session, request_id)
        standing_still.resume(session, at.context, request, staff, now=at.now)
        return request.promised_at.isoformat()

    click.echo(f"promised by {act(at, who, do)}")


@clocks.command()
@click.argument("request_id", metavar="REQUEST")
@click.option("--how", required=True, type=click.Choice(untold.WAYS))
@AS
def told(request_id: str, how: str, who: str) -> None:
    """Say how the person of REQUEST was told what its letters, given up, were to tell."""
    at = desk()

    def do(session: Session, staff: Staff) -> None:
        request = requests.locked(session, request_id)
        untold.told(session, request, staff, how, now=at.now)

    act(at, who, do)
    click.echo("done")


@clocks.command()
@AS
def settle(who: str) -> None:
    """Believe the register's clock at once, because it is right: what was due is ended now."""
    at = desk()

    def do(session: Session, staff: Staff) -> int:
        return round(settled_time.settle(session, staff, now=at.now).total_seconds())

    click.echo(f"{act(at, who, do)} seconds are believed that were not")


@clocks.command()
@click.option("--json", "as_json", is_flag=True)
def unconfirmed(*, as_json: bool) -> None:
    """Show requests and complaints whose receipt is to be confirmed soon, or should have been."""
    at = desk()
    with reading(at.register) as session:
        found = acknowledging.unconfirmed(session, at.now)
    shown = [
        {
            "id": one.id,
            "about": "complaint" if one.complaint else "request",
            "due": one.ack_at.isoformat(),
            "late": one.stage == alerts.LATE,
        }
        for one in found
    ]
    if as_json:
        click.echo(json.dumps(shown))
        return
    for line in shown:
        late = "  LATE" if line["late"] else ""
        click.echo(f"{line['due']:.10}  {line['about']}  {line['id']}{late}")
    click.echo(f"{len(found)} to confirm, {sum(bool(line['late']) for line in shown)} late")


@clocks.command("list")
@click.option("--json", "as_json", is_flag=True)
def list_clocks(*, as_json: bool) -> None:
    """Show what runs out of time, the most urgent first; counted now."""
    at = desk()
    with reading(at.register) as session:
        found = running.pressing(session, at.context, at.now)
    if as_json:
        click.echo(json.dumps([_shown(one) for one in found]))
        return
    for one in found:
        click.echo(_words(one))
    late = sum(_late(one) for one in found)
    click.echo(f"{len(found)} pressing, {late} late")


def _late(one: Running) -> bool:
    return one.stage == alerts.LATE and not one.paused


def _shown(one: Running) -> dict[str, Any]:
    idle = one.idle_since.isoformat() if one.idle_since else None
    return {
        "request": one.id,
        "kind": one.kind,
        "option": one.option,
        "state": one.state,
        "wait": one.wait,
        "received": one.received_at.isoformat(),
        "due": one.promised_at.isoformat(),
        "used_percent": one.stage,
        "late": _late(one),
        "unsent": one.unsent,
        "paused": one.paused or None,
        "paused_since": one.paused_at.isoformat() if one.paused_at else None,
        "extension_void": one.untold,
        "provisional": one.provisional,
        "idle_since": idle,
        "idle_because": untouched.cause(one.state, one.wait) if idle else None,
    }


_IDLE: Final = {
    untouched.STAFF: "waits for staff",
    untouched.STORE: "waits for a store",
    untouched.WORK: "its work does not move",
}


def _words(one: Running) -> str:
    marks = ["LATE"] if _late(one) else []
    still = f"stands still since {one.paused_at:%Y-%m-%d}: {one.paused}" if one.paused_at else ""
    marks += [still] if still else []
    marks += ["provisional date"] if one.provisional else []
    marks += ["more time was taken and not told in time: the date stands"] if one.untold else []
    marks += ["the answer has not gone out"] if one.unsent else []
    why = _IDLE[untouched.cause(one.state, one.wait)]
    marks += [f"untouched since {one.idle_since:%Y-%m-%d}: {why}"] if one.idle_since else []
    about = f"{one.kind}/{one.option}  {one.state} {one.wait}".rstrip()
    return "  ".join([f"{one.promised_at:%Y-%m-%d}", one.id, about, *marks])
