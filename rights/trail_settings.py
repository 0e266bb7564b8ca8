"""Settings about the audit trail: how often it is signed, and how often all of it is checked."""

from __future__ import annotations

from pydantic import BaseModel, Field


class TrailSettings(BaseModel):
    """A part of ``rights.settings``; each default is the cautious one."""

    checkpoint_s: float = Field(default=60.0, gt=0)
    trail_check_s: float = Field(default=86_400.0, gt=0, le=86_400)
    """How often the whole trail is checked: at least daily."""
    trail_check_most_s: float = Field(default=3600.0, gt=0)
    """How long that may take: meanwhile the database keeps what it would tidy away."""
