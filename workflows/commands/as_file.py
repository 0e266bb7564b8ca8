"""The options of what is written as a file: who asks for it, and how and where it is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import click

from rights.services.words import LANGUAGES
from workflows.commands.acting import AS

Command = Callable[..., None]


def as_file(forms: Sequence[str]) -> Callable[[Command], Command]:
    """
    Add the options to a command.

    Args:
        forms: In which it can be written; the first one is taken where nothing is said.
    """
    options = (
        AS,
        click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="File."),
        click.option("--language", type=click.Choice(LANGUAGES), help="Default: that of staff."),
        click.option(
            "--format", "form", type=click.Choice(forms), default=forms[0], show_default=True
        ),
    )

    def added(command: Command) -> Command:
        for option in options:
            command = option(command)
        return command

    return added
