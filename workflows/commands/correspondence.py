"""``rights messages``, ``rights appeals`` and ``rights complaints``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click
from sqlmodel import Session

from rights.services import appeals as appealing
from rights.services import complaints as complaining
from rights.services import messages as writing
from rights.services import requests, untold
from rights.services.staff import staff_named
from rights.services.writings import Written
from rights.store.db import reading
from rights.store.models import Staff
from workflows.commands.acting import AS, FILE, act, desk, text_in

AS_JSON = click.option("--json", "as_json", is_flag=True)
TEXT = click.option("--file", "file", required=True, type=FILE, help="Its text, UTF-8; - reads it.")


@click.group()
def messages() -> None:
    """What people write about their requests, and what they are answered."""


@messages.command("list")
@AS_JSON
def list_messages(*, as_json: bool) -> None:
    """Show the requests whose last message is the person's."""
    at = desk()
    with reading(at.register) as session:
        found = [
            {"request": one.request_id, "since": one.since.isoformat(), "due": one.due.isoformat()}
            for one in writing.waiting(session)
        ]
    _listed(found, as_json=as_json)


@messages.command("show")
@click.argument("request_id")
@AS
def show_messages(request_id: str, who: str) -> None:
    """Print the messages about REQUEST_ID, oldest first; the trail says who read them."""
    at = desk()

    def do(session: Session, staff: Staff) -> list[Written]:
        request = requests.locked(session, request_id)
        return writing.read_by(session, at.context, request, staff, now=at.now)

    _printed(act(at, who, do))


@messages.command("send")
@click.argument("request_id")
@AS
@TEXT
def send_message(request_id: str, who: str, file: Path) -> None:
    """Write to the person about REQUEST_ID; they are told that there is something to read."""
    at, text = desk(), text_in(file)

    def do(session: Session, staff: Staff) -> None:
        request = requests.locked(session, request_id)
        writing.from_staff(session, at.context, request, text, staff, now=at.now)

    act(at, who, do)
    click.echo("done")


@click.group()
def appeals() -> None:
    """Appeals against how requests ended."""


@appeals.command("list")
@AS_JSON
def list_appeals(*, as_json: bool) -> None:
    """Show the appeals that wait for a decision, the most urgent first."""
    at = desk()
    with reading(at.register) as session:
        found = [
            {
                "appeal": appeal.id,
                "request": request.id,
                "kind": str(request.kind),
                "ended": str(request.state),
                "due": appeal.promised_at.isoformat(),
                "late": appeal.promised_at < at.now,
                "assigned": appeal.assigned_to,
            }
            for appeal, request in appealing.open_ones(session)
        ]
    _listed(found, as_json=as_json)


@appeals.command("show")
@click.argument("appeal_id")
@AS
def show_appeal(appeal_id: str, who: str) -> None:
    """Print what APPEAL_ID says; the trail says who read it."""
    at = desk()

    def do(session: Session, staff: Staff) -> list[Written]:
        request, _ = appealing.find(session, appeal_id)
        return appealing.read_by(session, at.context, request, staff, now=at.now)

    _printed(act(at, who, do))


@appeals.command("assign")
@click.argument("appeal_id")
@click.option("--to", "to", required=True, help="Name of who is to decide.")
@AS
def assign_appeal(appeal_id: str, to: str, who: str) -> None:
    """Give APPEAL_ID to somebody who had no part in the request."""
    at = desk()

    def do(session: Session, staff: Staff) -> None:
        other = staff_named(session, to)
        request, appeal = appealing.find(session, appeal_id)
        appealing.assign(session, request, appeal, other, staff, now=at.now)

    act(at, who, do)
    click.echo("done")


@appeals.command("decide")
@click.argument("appeal_id")
@click.option("--uphold", "outcome", flag_value="uphold", default=None, help="It was right.")
@click.option("--dismiss", "outcome", flag_value="dismiss", help="The outcome stays.")
@click.option(
    "--reason-file", "file", required=True, type=FILE, help="Why, in words for the person; UTF-8."
)
@AS
def decide_appeal(appeal_id: str, outcome: str | None, file: Path, who: str) -> None:
    """Decide APPEAL_ID; prints the request that does it anew, where it is upheld."""
    if outcome is None:
        raise click.UsageError("say how it is decided: --uphold or --dismiss")
    at, text = desk(), text_in(file)

    def do(session: Session, staff: Staff) -> str:
        request, appeal = appealing.find(session, appeal_id)
        appealing.decide(
            session,
            at.context,
            request,
            appeal,
            staff,
            uphold=outcome == "uphold",
            reasons=text,
            now=at.now,
        )
        return appeal.led_to

    click.echo(act(at, who, do) or "done")


@click.group()
def complaints() -> None:
    """Complaints and reports."""


@complaints.command("list")
@AS_JSON
def list_complaints(*, as_json: bool) -> None:
    """Show the complaints that wait for an answer, the most urgent first."""
    at = desk()
    with reading(at.register) as session:
        found = [
            {
                "complaint": one.id,
                "request": one.request_id,
                "received": one.received_at.isoformat(),
                "due": one.promised_at.isoformat(),
                "late": one.promised_at < at.now,
            }
            for one in complaining.open_ones(session)
        ]
    _listed(found, as_json=as_json)


@complaints.command("show")
@click.argument("complaint_id")
@AS
def show_complaint(complaint_id: str, who: str) -> None:
    """Print what COMPLAINT_ID says and where to reply to; the trail says who read it."""
    at = desk()

    def do(session: Session, staff: Staff) -> tuple[list[Written], dict[str, str]]:
        found = complaining.find(session, complaint_id, lock=True)
        return complaining.read_by(session, at.context, found, staff, now=at.now)

    written, reply = act(at, who, do)
    click.echo(json.dumps({"reply_to": reply}, ensure_ascii=False))
    _printed(written)


@complaints.command("answer")
@click.argument("complaint_id")
@AS
@TEXT
def answer_complaint(complaint_id: str, who: str, file: Path) -> None:
    """Answer COMPLAINT_ID; who made it is told that there is something to read."""
    at, text = desk(), text_in(file)

    def do(session: Session, staff: Staff) -> None:
        found = complaining.find(session, complaint_id, lock=True)
        complaining.answer(session, at.context, found, text, staff, now=at.now)

    act(at, who, do)
    click.echo("done")


@complaints.command("told")
@click.argument("complaint_id")
@click.option("--how", required=True, type=click.Choice(untold.WAYS))
@AS
def complaint_told(complaint_id: str, how: str, who: str) -> None:
    """Say how who made COMPLAINT_ID was told what its letters, given up, were to tell."""
    at = desk()

    def do(session: Session, staff: Staff) -> None:
        found = complaining.find(session, complaint_id, lock=True)
        untold.told_of_complaint(session, found, staff, how, now=at.now)

    act(at, who, do)
    click.echo("done")


def _listed(found: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(found))
        return
    for one in found:
        click.echo(_words(one))
    click.echo(f"{len(found)} waiting")


def _words(one: Mapping[str, Any]) -> str:
    late = "LATE  " if one.get("late") else ""
    said = (str(value) for name, value in one.items() if name not in ("late", "due") and value)
    return f"{one['due'][:10]}  {late}{'  '.join(said)}"


def _printed(written: Iterable[Written]) -> None:
    """One JSON object a line: what people write cannot act on a terminal."""
    for one in written:
        line = {"at": one.at.isoformat(), "what": one.purpose, "text": one.text}
        click.echo(json.dumps(line, ensure_ascii=False))
