"""
Who sets prices, or decides who may have a service, does not learn who used a right.

Nothing is told to such a backend, and what it tried is an entry of the day's chain.

Source: NDSR 46(3); PIPL 16, 24(1).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from sqlmodel import Session

from rights import yaml_file
from rights.domain import uses
from rights.domain.errors import Forbidden
from rights.services import audit
from rights.store.models import Backend

CODE: Final = "equal_service"
REFUSED: Final = "telling_refused"
OPEN_SCOPES: Final = ("suppression:check",)
"""What a key of such a backend can still be for: whether a store that was restored may serve."""

_FILE: Final = Path(__file__).parents[1] / "catalogue" / "uses.yaml"


@cache
def words() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """Return what each use means, in both languages."""
    found: Mapping[str, Any] = yaml_file.read(_FILE)
    return found["uses"]  # type: ignore[no-any-return]  # as the file is written


def refusal() -> Forbidden:
    """Return the error for a backend that may not be told."""
    return Forbidden(
        "who sets prices, or decides who may have a service, does not learn who used a right",
        code=CODE,
    )


def told(session: Session, backend_id: str) -> bool:
    """Return whether a backend may be told of people's requests, as the register has it now."""
    backend = session.get(Backend, backend_id)
    return backend is None or not uses.decides(backend.uses)


def note(session: Session, actor: str, tried: str, *, now: datetime, **ids: str) -> None:
    """Write down that something was refused."""
    audit.append_day(session, audit.Line(REFUSED, actor, {"tried": tried, **ids}), now=now)
