"""The register as a command opens it: until the command has ended."""

from __future__ import annotations

from pathlib import Path

import click
from sqlalchemy import Engine

from rights.settings import Settings, load
from rights.store.db import open_engine

STATE = click.option("--state", type=click.Path(path_type=Path), help="That of `rights execute`.")
MAP = click.option("--datamap", "map_file", type=click.Path(exists=True, path_type=Path))


def opened(settings: Settings) -> Engine:
    """Open the register; its connections are closed with the command that runs now."""
    register = open_engine(settings.database_url)
    click.get_current_context().call_on_close(register.dispose)
    return register


def chosen(state: Path | None, map_file: Path | None) -> Settings:
    """Return the settings of the service, or of the folder that `rights execute` was given."""
    from workflows.inline import settings_in

    if (state is None) != (map_file is None):
        raise click.UsageError("give --state and --datamap together, or neither")
    return settings_in(map_file, state) if state and map_file else load()
