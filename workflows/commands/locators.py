"""``rights locators``: where people say that something public is about them, looked at by staff."""

from __future__ import annotations

import json
from collections.abc import Callable

import click
from sqlmodel import Session

from rights.services import locators as service
from rights.services import requests
from rights.store.models import Staff
from workflows.commands.acting import AS, act, desk


@click.group()
def locators() -> None:
    """Pages and public names in requests: for verifiers."""


@locators.command()
@click.argument("request_id", metavar="REQUEST")
@AS
def show(request_id: str, who: str) -> None:
    """Print what the person of REQUEST says is about them, and what they proved."""
    at = desk()

    def do(session: Session, staff: Staff) -> dict[str, dict[str, str]]:
        request = requests.locked(session, request_id)
        return service.read_by(session, at.context, request, staff, now=at.now)

    click.echo(json.dumps(act(at, who, do), ensure_ascii=False))


@locators.command()
@click.argument("request_id", metavar="REQUEST")
@AS
def accept(request_id: str, who: str) -> None:
    """Say that what stands there is about who asks: REQUEST goes on with it."""
    _decide(request_id, who, service.accept)


@locators.command()
@click.argument("request_id", metavar="REQUEST")
@AS
def refuse(request_id: str, who: str) -> None:
    """Say that this is not shown: REQUEST goes on without it, and its answer says so."""
    _decide(request_id, who, service.refuse)


def _decide(request_id: str, who: str, decide: Callable[..., None]) -> None:
    at = desk()

    def do(session: Session, staff: Staff) -> None:
        request = requests.locked(session, request_id)
        decide(session, at.context, request, staff, now=at.now)

    act(at, who, do)
    click.echo("done")
