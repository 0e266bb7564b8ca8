"""``rights not-me``: what staff decide after somebody said that a request was not theirs."""

from __future__ import annotations

import sys
from collections.abc import Callable

import click

from rights.domain.errors import RightsError
from rights.services import requests
from rights.settings import load
from rights.store.db import RegisterClock, open_engine, reading, transaction
from workflows import tasks as work
from workflows.commands.staff import AS

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
    from workflows.building import context_for

    settings = load()
    context, register = context_for(settings), open_engine(settings.database_url)
    told = sys.stdin.read() if reason == "-" else reason
    now = RegisterClock(register).now()
    with reading(register) as session:
        staff = work.staff_named(session, who)
    try:
        with transaction(register) as session:
            request = requests.locked(session, request_id)
            decide(session, context, request, staff, reason=told, now=now)
    except RightsError as error:
        with transaction(register) as session:
            work.refused(session, staff, error, now=now)
        raise
    click.echo("done")
