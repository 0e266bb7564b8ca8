"""Settings about the work of staff: when they are told of something, how much they do at once."""

from __future__ import annotations

from pydantic import BaseModel, Field, field_validator

from rights.domain.alerts import ROLES, STAGES


class WorkingLimits(BaseModel):
    """A part of ``rights.settings``; each default is the cautious one."""

    idle_days: int = Field(default=3, ge=1, le=30)
    """What waits for staff and is touched by nobody for so long is told of."""
    alert_reviewer: int = ROLES["reviewer"]
    """From which share of the time on, in percent, who reviews is written to; so below."""
    alert_approver: int = ROLES["approver"]
    alert_dpo: int = ROLES["dpo"]
    bulk_most: int = Field(default=200, ge=1, le=200)
    """Of how many requests at most something is said in one go in the console."""

    @field_validator("alert_reviewer", "alert_approver", "alert_dpo")
    @classmethod
    def _a_stage(cls, value: int) -> int:
        if value not in STAGES:
            raise ValueError(f"is one of {', '.join(map(str, STAGES))}")
        return value

    def alerted_from(self, role: str) -> int:
        """Return from which share of the time on *role* is written to, in percent."""
        found: int = getattr(self, f"alert_{role}")
        return found
