"""How the register's clock was found when a relay looked at it last."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlmodel import Field, SQLModel

from rights.store.columns import UtcDateTime

ONLY: Final = 1
"""There is one row, or none."""


class ClockMark(SQLModel, table=True):
    """
    Up to when the register's clock was seen to run, and how much of that is believed.

    Args:
        seen_at: What it said.
        settled_at: What of that is believed. Where it was moved, this is what it would say
            otherwise: who begins now does not take the moved time for what was always there.
        since: What it said when it was moved; empty while all of it is believed.
    """

    __tablename__ = "clock_mark"

    id: int = Field(default=ONLY, primary_key=True)
    seen_at: datetime = Field(sa_type=UtcDateTime)
    settled_at: datetime = Field(sa_type=UtcDateTime)
    since: datetime | None = Field(default=None, sa_type=UtcDateTime)
