"""
How much proof a request needs under its laws: what is asked here, and no more than a law lets ask.

A law that lets nobody ask for proof stands above the level of the kind: `level` of its clock, which
is said of one option only. What undoes such a request keeps the level of its own.

Source: 11 CCR 7026(d), 7027(e), 7221.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from rights.domain.clock import local_day
from rights.domain.kinds import Kind, Option
from rights.domain.levels import minimum
from rights.services.context import Context


def needed(
    context: Context, kind: Kind, option: Option, laws: Iterable[str], received_at: datetime
) -> int:
    """Return the level that a request asks for."""
    return _most(context, (kind, option), laws, received_at, context.policy.level(kind, option))


def least(
    context: Context, kind: Kind, option: Option, laws: Iterable[str], received_at: datetime
) -> int:
    """Return the level below which no step of a request may run."""
    return _most(context, (kind, option), laws, received_at, minimum(kind, option))


def _most(
    context: Context,
    wanted: tuple[Kind, Option],
    laws: Iterable[str],
    received_at: datetime,
    asked: int,
) -> int:
    for law in (context.regimes[name] for name in laws if name in context.regimes):
        clock = law.clock(*wanted)
        if clock is None or clock.level is None:
            continue
        if clock.binds(local_day(law.counting, received_at)):
            asked = min(asked, clock.level)
    return asked
