"""``rights worker`` and ``rights relay``."""

from __future__ import annotations

import click

from rights import logs
from rights.settings import load


@click.command()
@click.option("--count", type=click.IntRange(min=2), help="Workers here, at least three.")
@click.option("--burst", is_flag=True, help="Stop when the queues are empty.")
def worker(count: int | None, *, burst: bool) -> None:
    """Run workers, each for one queue: switches, what is due at once, the rest."""
    from workflows.worker import run

    logs.configure()
    settings = load(**({"workers": count} if count else {}))
    run(settings, burst=burst)


@click.command()
def relay() -> None:
    """Carry messages to the workers, send mail and webhooks, and watch the clocks."""
    from workflows.relaying import run

    logs.configure()
    run(load())
