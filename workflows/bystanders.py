"""
Whether an erasure changed rows of other people: which erasures are looked at, and what is found.

Small ones are looked at by a share of their steps, large ones always. A finding is an incident
for staff and an entry of the trail; the erasure is done, and goes on to be read back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlmodel import Session

from rights.services import incidents
from rights.store.models import Request

ROWS: Final = 16
"""Rows of other people that are looked at around one effect."""

_WHOLE: Final = 1 << 32


def rows(share: float) -> int:
    """Return how many rows to look at where an erasure is looked at."""
    return ROWS if share else 0


def sampled(step_id: str, share: float) -> bool:
    """Return whether a small erasure is looked at; the same for each attempt at its step."""
    drawn = int.from_bytes(hashlib.sha256(step_id.encode()).digest()[:4], "big")
    return drawn < share * _WHOLE


def noted(session: Session, request: Request, result: Mapping[str, Any], *, now: datetime) -> None:
    """Open an incident when a finished step says that it changed rows of other people."""
    receipts = result.get("collections", {})
    found = {path: n for path, r in receipts.items() if (n := r.get("disturbed", 0))}
    if found:
        incidents.open_for(session, request, incidents.BYSTANDER_CHANGED, found, now=now)
