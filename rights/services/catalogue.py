"""
What can be asked for here: kinds, options, needed fields, promised times, in both languages.

Only what works is listed. Words are in ``rights/catalogue/kinds.yaml``; which field may name
what comes from the data map.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from rights import yaml_file
from rights.domain.clock import due
from rights.domain.kinds import Kind, Option
from rights.domain.parameters import VALUES, WAIT_DAYS, needed, taken
from rights.domain.regime import Clock, Period
from rights.services import law_levels, pauses
from rights.services.context import Context

_FILE: Final = Path(__file__).parents[1] / "catalogue" / "kinds.yaml"
_CATEGORIES: Final = _FILE.with_name("categories.yaml")


@cache
def words() -> Mapping[str, Any]:
    """Return the words of the catalogue file."""
    found: Mapping[str, Any] = yaml_file.read(_FILE)
    return found


@cache
def categories() -> Mapping[str, Mapping[str, str]]:
    """Return the categories of data that have words, by their names in data maps."""
    found: Mapping[str, Any] = yaml_file.read(_CATEGORIES)
    return found["categories"]  # type: ignore[no-any-return]  # as the file is written


def listing(context: Context, *, now: datetime) -> list[dict[str, Any]]:
    """Return every kind that is offered, JSON-native; *now* is when it would be received."""
    return [_kind(context, kind, now) for kind in context.policy.kinds()]


def _kind(context: Context, kind: Kind, now: datetime) -> dict[str, Any]:
    said = words()["kinds"][kind]
    return {
        "kind": str(kind),
        "title": said["title"],
        "about": said["about"],
        "default_option": str(context.policy.offered(kind)[0]),
        "options": [_option(context, kind, option, now) for option in context.policy.offered(kind)],
    }


def _option(context: Context, kind: Kind, option: Option, now: datetime) -> dict[str, Any]:
    return {
        "option": str(option),
        "title": words()["kinds"][kind]["options"][option],
        "level_needed": law_levels.needed(
            context, kind, option, context.settings.default_regimes, now
        ),
        "parameters": [_field(n, kind, option) for n in _parameters(context, kind, option, now)],
        "values": [_field(n, kind, option) for n in VALUES.get((kind, option), ())],
        "promised": [
            _promised(context, name, clock, now)
            for name in context.regimes
            if (clock := context.regimes[name].clock(kind, option)) is not None
        ],
    }


def _parameters(context: Context, kind: Kind, option: Option, now: datetime) -> list[str]:
    """Return what may stand beside an option here: nobody is offered to wait where none can."""
    rules = context.settings.default_regimes
    waits = pauses.most(context, kind, option, rules, now) > 0
    return [name for name in taken(kind, option) if name != WAIT_DAYS or waits]


def _field(name: str, kind: Kind, option: Option) -> dict[str, Any]:
    return {
        "name": name,
        "title": words()["fields"][name],
        "needed": name in needed(kind, option),
    }


def _promised(context: Context, name: str, clock: Clock, now: datetime) -> dict[str, Any]:
    regime = context.regimes[name]
    counted = due(clock, now, regime.counting)
    return {
        "regime": name,
        "title": dict(regime.titles),
        "immediate": clock.response.immediate,
        "limit": _period(clock.response.period),
        "due_at": counted.promised_at.isoformat(),
    }


def _period(period: Period | None) -> dict[str, Any] | None:
    return {"count": period.count, "unit": str(period.unit)} if period else None
