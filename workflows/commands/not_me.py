"""``rights not-me``: what staff decide after somebody said that a request was not theirs."""

from __future__ import annotations

import sys
from collections.abc import Callable

import click
from sqlmodel import Session

from rights.services import requests
from rights.store.models import Staff
from workflows.commands.acting import AS, act, desk

REASON = click.option(
    "--reason",
    required=True,
    help="How it was found out who asked; kept sealed; - reads it from standard input.",
)


@click.group("not-me")
def not_me() -> None:
    """Requests of which somebody says that they did not make them."""


@not_me.command()
@click.argument("request_id")
@AS
@REASON
def release(request_id: str, who: str, reason: str) -> None:
    """Let REQUEST_ID go on: it was found out that its person asked."""
    from rights.services import not_me as decided

    _decide(request_id, who, reason, decided.release)


@not_me.command()
@click.argument("request_id")
@AS
@REASON
def trust(request_id: str, who: str, reason: str) -> None:
    """Let REQUEST_ID go on although its address was changed lately: it is the person's own."""
    from rights.services import not_me as decided

    _decide(request_id, who, reason, decided.trust)


def _decide(request_id: str, who: str, reason: str, decide: Callable[..., None]) -> None:
    at = desk()
    told = sys.stdin.read() if reason == "-" else reason

    def do(session: Session, staff: Staff) -> None:
        request = requests.locked(session, request_id)
        decide(session, at.context, request, staff, reason=told, now=at.now)

    act(at, who, do)
    click.echo("done")
