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


def in_force(session: Session) -> dict[str, Value]:
    """
    Return what staff set, by name: one query.

    What is unknown here, or beyond today's bounds, is left out: the process's own value holds.
    """
    rows = session.exec(select(SettingValue).where(SettingValue.value != "")).all()
    read = ((row.name, set_in(row)) for row in rows)
    return {name: value for name, value in read if value is not None}


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

    Args:
        at: Seconds of a clock that never goes back.
    """
    if at - context.looked_at < FRESH_S:
        return
    context.looked_at = at  # before it is read: of several threads one asks
    try:
        with reading(register) as session:
            found = in_force(session)
    except SQLAlchemyError:
        get().warning("settings.unread")
        return
    if found != context.laid:
        context.settings, context.laid = laid_over(context.given, found), found
