"""
What holds now: what a process was started with, under what staff set since.

Whatever the environment or its file names stays as it is named there. A process looks at the
register again before it works on, at most every few seconds; what it cannot read it keeps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, select

from rights.domain.errors import Invalid
from rights.domain.settable import Value
from rights.logs import get
from rights.services.context import Context
from rights.services.live_settings.catalogue import settables
from rights.settings import Settings
from rights.store.db import reading
from rights.store.models import SettingValue

FRESH_S: Final = 5.0
"""Seconds after which every process works by what was set."""


def in_force(session: Session) -> tuple[dict[str, Value], frozenset[str]]:
    """
    Return what staff set, by name, and what of it is beyond today's bounds: one query.

    What is beyond does not hold, nor what is unknown here: the process's own value does.
    """
    rows = session.exec(select(SettingValue).where(SettingValue.value != "")).all()
    read = {row.name: set_in(row) for row in rows if row.name in settables()}
    found = {name: value for name, value in read.items() if value is not None}
    return found, frozenset(read.keys() - found.keys())


def set_in(row: SettingValue | None) -> Value | None:
    """Return what staff set, where they did and it is within today's bounds."""
    one = settables().get(row.name) if row is not None else None
    if row is None or one is None or not row.value:
        return None
    try:
        return one.read(row.value)
    except Invalid:
        return None


def fixed(given: Settings, name: str) -> bool:
    """Return whether a process was started with this: the environment wins."""
    return name in given.model_fields_set


def laid_over(given: Settings, found: Mapping[str, Value]) -> Settings:
    """Return what a process started with *given* works by."""
    free = {name: value for name, value in found.items() if not fixed(given, name)}
    return given.model_copy(update=free) if free else given


def refresh(register: Engine, context: Context, *, at: float) -> None:
    """
    Let *context* say what holds now, unless it was looked at a moment ago.

    Of several threads one asks, and the others go on with what held. A value that does not hold,
    written past the services perhaps, is warned of when it is seen first.

    Args:
        at: Seconds of a clock that never goes back.
    """
    held = context.in_force
    if not held.begin(at, every=FRESH_S):
        return
    try:
        with reading(register) as session:
            found, beyond = in_force(session)
    except SQLAlchemyError:
        get().warning("settings.unread")
        return
    for name in held.news(beyond):
        get().warning("settings.beyond", name=name)
    held.lay(found, laid_over(held.given, found), at=at)
