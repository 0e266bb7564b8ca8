"""``rights stores``: how the stores are, until there is a console."""

from __future__ import annotations

import json

import click

from rights.settings import load
from rights.store.db import RegisterClock, reading
from workflows.commands.opening import opened


@click.command()
@click.option("--json", "as_json", is_flag=True)
def stores(*, as_json: bool) -> None:
    """Show who is at work and who waits at each store, and which is left alone."""
    from workflows.building import context_for
    from workflows.overview import overview, told

    settings = load()
    register = opened(settings)
    now = RegisterClock(register).now()
    with reading(register) as session:
        found = overview(session, context_for(settings).datamap, now)
    if as_json:
        click.echo(json.dumps(found))
        return
    for line in found:
        click.echo(told(line))
