"""
What people are told of a clock that runs longer or stands still, and of a date not yet settled.

Words are in ``rights/catalogue/clocks.yaml``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from rights import yaml_file
from rights.store.models import Request

_FILE: Final = Path(__file__).parents[1] / "catalogue" / "clocks.yaml"


@cache
def _words() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    found: Mapping[str, Any] = yaml_file.read(_FILE)
    return found


def reasons() -> Mapping[str, Mapping[str, str]]:
    """Return why more time can be taken, by code and language."""
    return _words()["extension_reasons"]


def causes() -> Mapping[str, Mapping[str, str]]:
    """Return for what a clock can stand still, by code and language."""
    return _words()["pause_causes"]


def shown(request: Request) -> dict[str, Any]:
    """Return by when a request is answered, and what moved that date; JSON-native."""
    return {
        "due_at": request.promised_at.isoformat(),
        "due_provisional": request.due_provisional,
        "extension": _extension(request),
        "paused": _pause(request),
        "paused_days": request.paused_days,
    }


def _extension(request: Request) -> dict[str, Any] | None:
    if not request.extension_reason or request.first_due_at is None:
        return None
    return {
        "reason": request.extension_reason,
        "text": dict(reasons().get(request.extension_reason, reasons()["other"])),
        "first_due_at": request.first_due_at.isoformat(),
    }


def _pause(request: Request) -> dict[str, Any] | None:
    if not request.pause_cause or request.paused_at is None:
        return None
    return {
        "cause": request.pause_cause,
        "text": dict(causes()[request.pause_cause]),
        "since": request.paused_at.isoformat(),
    }
