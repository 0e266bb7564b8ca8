"""What every command has on which a member of staff acts by name."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import click
from sqlalchemy import Engine
from sqlmodel import Session

from rights.domain.errors import FieldError, Invalid, RightsError
from rights.services.context import Context
from rights.services.live_settings import values as live
from rights.services.staff import Tried, refused, staff_named
from rights.settings import Settings, load
from rights.store.db import RegisterClock, reading, transaction
from rights.store.ids import ID
from rights.store.models import Staff
from workflows.commands.opening import opened

AS = click.option("--as", "who", required=True, help="Name of the member of staff.")
AGREED = click.option(
    "--agreed-by",
    default="",
    metavar="NAME",
    help="Who agrees to ask once more: approver, legal or dpo.",
)
FILE = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
Made = TypeVar("Made")
_ID_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Desk:
    """The register that is worked in, its facts and its time."""

    context: Context
    register: Engine
    now: datetime


def desk() -> Desk:
    """Return the desk of the settings."""
    settings = load()
    register = opened(settings)
    return Desk(context_in(register, settings), register, RegisterClock(register).now())


def context_in(register: Engine, settings: Settings) -> Context:
    """Return the context of *settings*, under what staff set in *register* since."""
    from workflows.building import context_for

    context = context_for(settings)
    live.refresh(register, context, at=time.monotonic())
    return context


def as_staff(register: Engine, who: str, do: Callable[[Session, Staff, datetime], Made]) -> Made:
    """
    Do it in one transaction, as the member of staff *who*; a refusal is an entry too.

    Args:
        do: Takes the time of the register too, and its answer is returned.
    """
    now = RegisterClock(register).now()
    with reading(register) as session:
        staff = staff_named(session, who)
    try:
        with transaction(register) as session:
            return do(session, staff, now)
    except RightsError as error:
        with transaction(register) as session:
            refused(session, staff, error, tried(), now=now)
        raise


def tried(request_id: str = "") -> Tried:
    """
    Return which command this is, and which request it is about, if it is about one.

    Args:
        request_id: Which one of several.
    """
    context = click.get_current_context(silent=True)
    if context is None:
        return Tried()
    named = [context.params.get(name) for name in ("request_id", "request", "step")]
    several: tuple[str, ...] = context.params.get("request_ids") or ()
    one = several[0] if len(several) == 1 else ""
    about = str(request_id or next(filter(None, named), one))[:_ID_LENGTH]
    return Tried(_name(context), about if ID.fullmatch(about) else "")


def _name(context: click.Context) -> str:
    """Return the words of a command behind ``rights``."""
    above = context.parent
    group = _name(above) if above is not None and above.parent is not None else ""
    return f"{group} {context.info_name}".strip()


def supervisor(session: Session, name: str) -> Staff | None:
    """Return who agrees to something; None where nobody was named. Raises Forbidden."""
    return staff_named(session, name) if name else None


def act(at: Desk, who: str, do: Callable[[Session, Staff], Made]) -> Made:
    """Do it in one transaction at this desk, as *who*."""
    return as_staff(at.register, who, lambda session, staff, _: do(session, staff))


def text_in(file: Path) -> str:
    """Return what a file says, or standard input for ``-``. Raises Invalid: it is no UTF-8 text."""
    try:
        with click.open_file(str(file), "rb") as opened:
            return bytes(opened.read()).decode("utf-8-sig")
    except UnicodeDecodeError:
        wrong = FieldError("file", "is not text in UTF-8")
        raise Invalid("the file is not text in UTF-8", [wrong]) from None
