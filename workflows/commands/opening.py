"""The register as a command opens it: until the command has ended."""

from __future__ import annotations

import click
from sqlalchemy import Engine

from rights.settings import Settings
from rights.store.db import open_engine


def opened(settings: Settings) -> Engine:
    """Open the register; its connections are closed with the command that runs now."""
    register = open_engine(settings.database_url)
    click.get_current_context().call_on_close(register.dispose)
    return register
