"""``rights tasks``, ``approve`` and ``ask-proof``: what staff do until there is a console."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from sqlmodel import Session

from rights.services import plans, requests, staff_desk
from rights.services import tasks as work
from rights.services.datamap import load as load_datamap
from rights.services.denials import CHANNELS
from rights.services.reasons import for_staff
from rights.settings import load
from rights.store.db import RegisterClock, reading
from rights.store.models import Staff
from workflows.commands import task_documents
from workflows.commands.acting import AS, as_staff
from workflows.commands.opening import opened


@click.group()
def tasks() -> None:
    """Steps that wait for a person."""


@tasks.command("list")
@click.option("--json", "as_json", is_flag=True)
def list_tasks(*, as_json: bool) -> None:
    """Show what waits, the most urgent first."""
    settings = load()
    register = opened(settings)
    now = RegisterClock(register).now()
    with reading(register) as session:
        found = staff_desk.waiting(session, load_datamap(settings.datamap), now)
    if as_json:
        click.echo(json.dumps(found))
        return
    for task in found:
        click.echo(f"{task['due'][:10]}  {task['step']}  {task['state']}  {task['note']}")
        for line in _by_hand(task.get("by_hand")):
            click.echo(f"    {line}")
    click.echo(f"{len(found)} waiting")


def _by_hand(work: dict[str, Any] | None) -> Iterator[str]:
    """Yield where something is done by hand, to how many rows, how, and whom to ask."""
    for place in work["collections"] if work else ():
        rows = ", ".join(f"{name} {n}" for name, n in place["rows"].items())
        title = place["title"].get("en") or place["collection"]
        yield f"{title} ({place['collection']}): {rows or 'not counted'}"
        yield f"    how: {place['how'].get('en') or 'the data map does not say: ask the owner'}"
    if work:
        yield f"owner: {work['owner'] or 'the data map names none'}"


@tasks.command("plan")
@click.argument("request_id")
@click.option("--json", "as_json", is_flag=True)
def show_plan(request_id: str, *, as_json: bool) -> None:
    """Show what would be done for REQUEST_ID and to how many rows, with the hash to approve."""
    with reading(opened(load())) as session:
        found = plans.shown(session, request_id)
    if as_json:
        click.echo(json.dumps(found))
        return
    for step in found["steps"]:
        click.echo(f"{step['step']}  {step['by_hand']}".rstrip())
        for path, counts in step["collections"].items():
            counted = ", ".join(f"{name} {n}" for name, n in counts.items())
            click.echo(f"    {path}  {counted or 'not counted'}")
    for warning in found["warnings"]:
        click.echo(f"warning: {warning['text']['en']}")
    if found["again"]:
        click.echo(f"again: a plan before this one was approved, but {found['again']}")
    click.echo(f"plan: {found['plan']}")


@tasks.command()
@click.argument("step")
@AS
@click.option("--proof", default="", help="Reference of a ticket or document; no personal data.")
@click.option(
    "--proof-file",
    "files",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="A PDF, PNG or JPEG that shows it; repeated. Only of a step of a request.",
)
def complete(step: str, who: str, proof: str, files: tuple[Path, ...]) -> None:
    """Say that STEP was done by hand: a step, an incident, or a store's maintenance."""
    if files:
        task_documents.complete(step, who, proof, files)
        return
    _act(who, lambda s, staff, now: staff_desk.complete(s, step, staff, now=now, proof=proof))


tasks.add_command(task_documents.unlock)


@tasks.command()
@click.argument("step")
@AS
def retry(step: str, who: str) -> None:
    """Let the failed STEP run again."""
    _act(who, lambda s, staff, now: work.retry(s, step, staff, now=now))


@tasks.command("leave-out")
@click.argument("step")
@AS
@click.option("--reason", required=True, type=click.Choice(for_staff()))
@click.option("--answer", default="", help="What the person is told beside it; - reads it.")
def leave_out(step: str, who: str, reason: str, answer: str) -> None:
    """Go on without STEP; the answer names it with the reason."""
    from workflows.building import context_for

    context = context_for(load())
    left = work.Left(reason, sys.stdin.read() if answer == "-" else answer)
    _act(who, lambda s, staff, now: work.leave_out_telling(s, context, step, staff, left, now=now))


@tasks.command()
@click.argument("request_id")
@AS
@click.option("--reason", required=True, help="A code of the catalogue; a wrong one names all.")
@click.option(
    "--channel",
    type=click.Choice(CHANNELS),
    default=CHANNELS[0],
    show_default=True,
    help="How you tell it beside the document that goes out anyway; a minor is told in writing.",
)
@click.option(
    "--note-basis",
    "facts",
    default="",
    help="The facts of this case, in words for the person; - reads them from standard input.",
)
@click.option("--law", default="", help="The provision that forbids an answer; never told.")
@click.option("--rank", default="", help="Of that provision; a wrong one names those that do.")
def deny(request_id: str, who: str, reason: str, channel: str, **given: str) -> None:
    """Propose to deny REQUEST_ID as a whole; prints the id that a colleague confirms."""
    from rights.services import denial_proposals, denials
    from workflows.building import context_for

    context = context_for(load())
    told = sys.stdin.read() if given["facts"] == "-" else given["facts"]

    def act(session: Session, staff: Staff, now: datetime) -> str:
        request = requests.locked(session, request_id)
        said = denials.Said(reason, told, channel, given["law"], given["rank"])
        return denial_proposals.propose(session, context, request, staff, said, now=now).id

    _act(who, act)


@tasks.command()
@click.argument("request_id")
@click.option("--because", required=True, help="Why, in words for the person; - reads them.")
@AS
def indicate(request_id: str, because: str, who: str) -> None:
    """Tell the person that REQUEST_ID is to be refused as manifestly unfounded or excessive."""
    from rights.services import beforehand
    from workflows.building import context_for

    context = context_for(load())
    told = sys.stdin.read() if because == "-" else because

    def act(session: Session, staff: Staff, now: datetime) -> None:
        request = requests.locked(session, request_id)
        beforehand.indicate(session, context, request, staff, told, now=now)

    _act(who, act)


@tasks.command()
@click.argument("request_id")
@click.option("--on", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The day it ends.")
@click.option("--because", required=True, help="Why, in words for the person; - reads them.")
@AS
def lift(request_id: str, who: str, on: datetime, because: str) -> None:
    """Tell the person that the restriction REQUEST_ID ends, and lift it on that day."""
    from rights.services import lifting
    from workflows.building import context_for

    context = context_for(load())
    told = sys.stdin.read() if because == "-" else because

    def act(session: Session, staff: Staff, now: datetime) -> str:
        said: dict[str, Any] = {"because": told, "on": on.date(), "now": now}
        return lifting.announce_as(session, context, request_id, staff, **said).id

    _act(who, act)


@click.command()
@click.argument("request_id")
@click.option("--plan", "plan_hash", default="", help="Hash of the plan that was looked at.")
@click.option("--show", is_flag=True, help="Only look: the plan with its sample, as JSON.")
@AS
def approve(request_id: str, plan_hash: str, who: str, *, show: bool) -> None:
    """Let the plan of REQUEST_ID be carried out, or look at it first."""
    if show == bool(plan_hash):
        raise click.UsageError("either --show, or --plan with the hash of what was looked at")
    if show:
        _show(request_id, who)
        return

    def act(session: Session, staff: Staff, now: datetime) -> None:
        request = requests.locked(session, request_id)
        plans.approve(session, request, plan_hash, staff, now)

    _act(who, act)


def _show(request_id: str, who: str) -> None:
    from workflows.building import context_for

    vault, shown = context_for(load()).vault, dict[str, Any]()

    def look(session: Session, staff: Staff, now: datetime) -> None:
        request = requests.locked(session, request_id)
        shown.update(plans.show(session, vault, request, staff, now))

    _act(who, look, said="")
    click.echo(json.dumps(shown, ensure_ascii=False, indent=2))


@click.command("ask-proof")
@click.argument("request_id")
@click.option("--way", required=True, help="A way of proof; a wrong one names all.")
@click.option("--reason", default="", help="Why one outside the plan is needed; - reads it.")
@AS
def ask_proof(request_id: str, way: str, reason: str, who: str) -> None:
    """Ask the person of REQUEST_ID to prove who they are in this way."""
    from rights.services import verification_plan
    from workflows.building import context_for

    context = context_for(load())
    told = sys.stdin.read() if reason == "-" else reason

    def act(session: Session, staff: Staff, now: datetime) -> None:
        said: dict[str, Any] = {"reason": told, "now": now}
        verification_plan.demand_as(session, context, request_id, way, staff, **said)

    _act(who, act)


def _act(
    who: str, do: Callable[[Session, Staff, datetime], str | None], *, said: str = "done"
) -> None:
    """Do it as a member of staff; say *said*, or what it returned."""
    said = as_staff(opened(load()), who, do) or said
    if said:
        click.echo(said)
