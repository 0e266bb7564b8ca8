"""Settings of what this service shows of itself: metrics, reports for products."""

from __future__ import annotations

from typing import Literal

from pydantic_settings import BaseSettings


class OutwardSettings(BaseSettings):
    """What an operator lets out, and where to. Each default is the cautious one."""

    report_periods: Literal["year", "quarter"] = "year"
    """Of which periods products are given figures: never both, the difference can be small."""

    metrics_listen: str = ""
    """``host:port`` at which this process serves metrics and readiness; empty: nowhere."""
