"""
When staff are told that time runs out: at half, three quarters, nine tenths, and at its end.

Nothing ends by a clock: what is late stays open, is told of, and is counted.

Source: NDSR 23; PIPL 50.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

STAGES: Final = (50, 75, 90, 100)
"""Shares of the time between receipt and promise, in percent."""

LATE: Final = 100
SOON: Final = 75
"""From here on something counts as due soon."""

ROLES: Final[Mapping[str, int]] = MappingProxyType({"reviewer": 50, "approver": 90, "dpo": 100})
"""Who is written to, and from which stage on where no setting says otherwise."""

OF_THE_TRAIL: Final = ("auditor", "admin")
"""Who is written to when the audit trail does not hold, and not of clocks."""


def moment(received_at: datetime, promised_at: datetime, stage: int) -> datetime:
    """Return when *stage* is reached."""
    return received_at + (promised_at - received_at) * stage / 100


def reached(received_at: datetime, promised_at: datetime, now: datetime) -> int:
    """Return the last stage that is reached; 0 before the first."""
    return max((s for s in STAGES if now >= moment(received_at, promised_at, s)), default=0)
