"""``rights requests ask`` and ``go-on``: what a request lacks, asked of the person once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import click
from sqlmodel import Session

from rights.domain.errors import FieldError, Invalid
from rights.services import asking, requests
from rights.services.askable import Point
from rights.store.models import Staff
from workflows.commands.acting import AGREED, AS, FILE, act, desk, supervisor, text_in

_MOST: Final = 65_536
_KEYS: Final = ("point", "question", "why")
_IDENTIFIES: Final = "identifies"


@click.command()
@click.argument("request_id", metavar="REQUEST")
@click.option(
    "--file",
    "file",
    required=True,
    type=FILE,
    help='JSON: [{"point": "changes", "why": "…"}, {"question": "…", "why": "…"}]; - reads it.',
)
@AGREED
@AS
def ask(request_id: str, file: Path, agreed_by: str, who: str) -> None:
    """
    Ask the person of REQUEST for all that is missing, at once; prints what was asked for.

    "identifies": true marks a question for what would tell the person apart: without one, nobody
    is denied as not_identifiable under the GDPR. The due date stays. A second time takes
    --agreed-by.
    """
    at, points = desk(), _points(text_in(file))

    def do(session: Session, staff: Staff) -> list[str]:
        request = requests.locked(session, request_id)
        other = supervisor(session, agreed_by)
        given: dict[str, Any] = {"supervisor": other, "now": at.now}
        return asking.ask(session, at.context, request, points, staff, **given)

    click.echo(", ".join(act(at, who, do)))


@click.command("go-on")
@click.argument("request_id", metavar="REQUEST")
@AS
def go_on(request_id: str, who: str) -> None:
    """Let REQUEST go on without what staff asked, three days after; prints what is dropped."""
    at = desk()

    def do(session: Session, staff: Staff) -> list[str]:
        return asking.go_on(session, requests.locked(session, request_id), staff, now=at.now)

    click.echo(", ".join(act(at, who, do)))


def _points(text: str) -> list[Point]:
    """Return what a file asks for. Raises Invalid."""
    wrong = FieldError("file", 'is not JSON like [{"question": "…", "why": "…"}]')
    try:
        found = json.loads(text) if len(text) <= _MOST else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or not all(map(_fits, found)):
        raise Invalid(f"the file {wrong.message}", [wrong])
    return [
        Point(one.get("point", ""), one.get("question", ""), one.get("why", ""), _identifies(one))
        for one in found
    ]


def _identifies(one: dict[str, Any]) -> bool:
    return one.get(_IDENTIFIES, False) is True


def _fits(one: Any) -> bool:
    return (
        isinstance(one, dict)
        and one.keys() <= {*_KEYS, _IDENTIFIES}
        and all(isinstance(one.get(key, ""), str) for key in _KEYS)
        and isinstance(one.get(_IDENTIFIES, False), bool)
    )
