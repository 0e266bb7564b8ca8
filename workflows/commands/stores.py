"""``rights stores``: how the stores are, until there is a console."""

from __future__ import annotations

import json
from typing import Any

import click

from rights.domain.breaker import Circuit
from rights.services.stores import overview
from rights.settings import load
from rights.store.db import RegisterClock, reading
from workflows.commands.opening import opened


@click.command()
@click.option("--json", "as_json", is_flag=True)
def stores(*, as_json: bool) -> None:
    """Show who is at work and who waits at each store, and which is left alone."""
    from workflows.building import context_for

    settings = load()
    register = opened(settings)
    now = RegisterClock(register).now()
    with reading(register) as session:
        found = overview(session, context_for(settings).datamap, now)
    if as_json:
        click.echo(json.dumps(found))
        return
    for line in found:
        click.echo(_words(line))


def _words(line: dict[str, Any]) -> str:
    """Return one line for people."""
    limit = f" of {line['concurrent']}" if line["concurrent"] else ""
    words = [line["store"], line["circuit"], f"{line['at_work']}{limit} at work"]
    if line["circuit"] != Circuit.CLOSED:
        words[1] += f" ({line['reason']})" + (f" until {line['until']}" if line["until"] else "")
    if line["waiting"]:
        words.append(f"{line['waiting']} waiting since {line['waiting_since']}")
    if line["healthy"] is False:
        words.append("not reachable when last looked at")
    return "  ".join(words)
