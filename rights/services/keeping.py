"""
How long records of requests are kept at least: no deployment keeps them for less than a law asks.

Source: PIPL 19; 11 CCR 7101.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from rights.domain.calendars import add_months
from rights.domain.errors import ConfigError
from rights.domain.regime import Period, Regime, Unit
from rights.settings import Settings

_FOUR_YEARS: Final = [date(2023 + n // 12, n % 12 + 1, 1) for n in range(48)]
"""The first of each month, a leap day among them."""


def check(settings: Settings, book: Mapping[str, Regime]) -> None:
    """
    Refuse records that would go before a law allows it.

    A request may name any law that is known here, so all of them count.

    Raises:
        ConfigError: each law that asks for more, and the days that are enough.
    """
    wrong = [
        f"RIGHTS_RECORD_DAYS: {settings.record_days} is less than {one.name} asks for:"
        f" {one.keep_records.count} {one.keep_records.unit}s, {days} days or more"
        for one in book.values()
        if one.keep_records and (days := longest(one.keep_records)) > settings.record_days
    ]
    if wrong:
        raise ConfigError("; ".join(wrong), wrong)


def longest(period: Period) -> int:
    """Return the most days that *period* can have; it counts days or months."""
    if period.unit is Unit.DAY:
        return period.count
    return max((add_months(day, period.count) - day).days for day in _FOUR_YEARS)
