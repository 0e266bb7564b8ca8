"""
The command line: a composition root that loads only what the command needs.

``rights web`` must end up with no connector and no other module of this package in memory, so
every other command lives in a module of its own and is imported when it is called.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import click

from rights.domain.errors import ConfigError, FieldError, Invalid, RightsError

LAZY: Final[Mapping[str, str]] = MappingProxyType(
    {
        "worker": "processes:worker",
        "relay": "processes:relay",
        "datamap": "datamap:datamap",
        "policy": "policy:policy",
        "organisation": "organisation:organisation",
        "execute": "execute:execute",
        "audit": "records:audit",
        "receipt": "records:receipt",
        "requirements": "records:requirements",
        "tasks": "staff:tasks",
        "approve": "staff:approve",
        "ask-proof": "staff:ask_proof",
        "denials": "denials:denials",
        "requests": "arrivals:requests",
        "not-me": "not_me:not_me",
        "stores": "stores:stores",
        "clocks": "clocks:clocks",
        "alerts": "staff_hooks:alerts",
        "regimes": "regimes:regimes",
        "backend": "parties:backend",
        "staff": "members:staff",
        "settings": "settings:settings",
        "replay": "replay:replay",
        "recheck": "replay:recheck",
        "restored": "replay:restored",
        "holds": "holds:holds",
        "reports": "reports:reports",
        "incidents": "incidents:incidents",
        "packages": "packages:packages",
        "redactions": "redactions:redactions",
        "messages": "correspondence:messages",
        "minors": "minors:minors",
        "locators": "locators:locators",
        "appeals": "correspondence:appeals",
        "complaints": "correspondence:complaints",
        "evidence": "evidence:documents",
        "keys": "keys:keys",
        "purge": "keys:purge",
    }
)
"""Command to ``module:attribute`` under ``workflows.commands``."""


class Lazy(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name every command, loaded or not."""
        return sorted({*super().list_commands(ctx), *LAZY})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module when it is one of the lazy ones."""
        place = LAZY.get(cmd_name)
        if not place:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = place.partition(":")
        found = getattr(importlib.import_module(f"workflows.commands.{module}"), attribute)
        return found if isinstance(found, click.Command) else None


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Answer people's rights over their personal data."""


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8080, show_default=True)
@click.option("--workers", default=1, show_default=True, help="Processes.")
@click.option("--threads", default=8, show_default=True, help="Threads of each process.")
@click.option("--surface", "surfaces", multiple=True, default=("api", "portal"), show_default=True)
def web(host: str, port: int, workers: int, threads: int, surfaces: tuple[str, ...]) -> None:
    """Serve the API and the portal; the console with `--surface console`."""
    from rights.app import serve
    from rights.settings import load

    serve(load(), host=host, port=port, workers=workers, threads=threads, surfaces=surfaces)


@cli.command()
def migrate() -> None:
    """Bring the register's tables up to date."""
    from rights.settings import load
    from rights.store.migrate import upgrade

    upgrade(load().database_url)


def main() -> None:
    """Run the command line; a deliberate error is one line and exit code 2, not a trace."""
    try:
        cli.main(standalone_mode=True)
    except ConfigError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    except RightsError as error:
        click.echo(f"{error.code}: {error}", err=True)
        for wrong in error.errors if isinstance(error, Invalid) else ():
            if wrong.message not in str(error):
                click.echo(_said(wrong), err=True)
        sys.exit(1)


def _said(wrong: FieldError) -> str:
    allowed = f": {', '.join(wrong.allowed)}" if wrong.allowed else ""
    return f"  {wrong.field} {wrong.message}{allowed}"


if __name__ == "__main__":
    main()
