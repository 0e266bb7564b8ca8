"""``rights datamap check | discover | diff``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from workflows import datamap_cli as run

FILE = click.argument("file", type=click.Path(exists=True, path_type=Path))


@click.group()
def datamap() -> None:
    """The data map, against the live stores."""


@datamap.command()
@FILE
@click.option("--ci", is_flag=True, help="What is incomplete is an error.")
@click.option("--json", "as_json", is_flag=True)
def check(file: Path, *, ci: bool, as_json: bool) -> None:
    """Report every mistake of FILE and every difference to the stores. Exit 1 on errors."""
    sys.exit(run.check_command(file, environ=os.environ, out=sys.stdout, ci=ci, as_json=as_json))


@datamap.command()
@FILE
def discover(file: Path) -> None:
    """Print a draft of a data map for the stores that FILE names."""
    sys.exit(run.discover_command(file, environ=os.environ, out=sys.stdout))


@datamap.command()
@FILE
def diff(file: Path) -> None:
    """Show what the stores have and FILE has not, and the reverse. Exit 1 on drift."""
    sys.exit(run.diff_command(file, environ=os.environ, out=sys.stdout))
