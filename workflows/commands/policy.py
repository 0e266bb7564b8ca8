"""``rights policy check``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from rights.services.policy_files import examined

BAD_INPUT = 2


@click.group()
def policy() -> None:
    """What this deployment decides about intake and verification."""


@policy.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True)
def check(file: Path, *, as_json: bool) -> None:
    """Report everything that FILE may not say, with the requirement behind it. Exit 2 if any."""
    _, refusals, problems = examined(file)
    for problem in problems:
        click.echo(problem, err=as_json)
    if as_json:
        rules = [
            {"rule": r.rule, "requirement": r.requirement, "place": r.place, "text": dict(r.text)}
            for r in refusals
        ]
        told = {"ok": not problems, "problems": problems, "refusals": rules}
        click.echo(json.dumps(told, ensure_ascii=False))
    elif not problems:
        click.echo("nothing is wrong")
    sys.exit(BAD_INPUT if problems else 0)
