"""Which rows a retention rule still holds."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date, datetime, timedelta

from rights.domain.datamap import Collection, Retention
from rights.domain.errors import Misconfigured

HOLDS_BY_ITSELF = frozenset({"law", "administrative_regulation"})
"""Ranks that need nobody's approval; every other one waits for a named person (R-24-6)."""

_PERIOD = re.compile(r"(?P<count>[1-9][0-9]{0,3})(?P<unit>[dwmy])")
_MONTHS = {"m": 1, "y": 12}
_DAYS = {"d": 1, "w": 7}


def cutoff(collection: Collection, now: datetime) -> datetime | None:
    """
    Return the moment after which the collection's rows are still held, or None for no rule.

    A row is held while ``retention.from_`` is later than that moment. A row without a value
    there is held too: its period has not begun, and deletion cannot be taken back.

    Raises:
        Misconfigured: the period is not a number of days, weeks, months or years.
    """
    rule = collection.retention
    if rule is None or rule.with_ or rule.rank not in HOLDS_BY_ITSELF:
        return None
    return _before(now.astimezone(UTC), rule, collection.path)


def held(value: object, moment: datetime) -> bool:
    """Return whether a row with *value* in ``retention.from_`` is held at *moment*."""
    since = _moment(value)
    return since is None or since > moment


def _before(now: datetime, rule: Retention, path: str) -> datetime:
    match = _PERIOD.fullmatch(rule.period)
    if match is None:
        raise Misconfigured(
            f"{path}: retention period {rule.period!r} is not understood; write 30d, 6m or 3y"
        )
    count, unit = int(match["count"]), match["unit"]
    if unit in _DAYS:
        return now - timedelta(days=count * _DAYS[unit])
    years, month = divmod(now.year * 12 + now.month - 1 - count * _MONTHS[unit], 12)
    day = min(now.day, calendar.monthrange(years, month + 1)[1])
    return now.replace(year=years, month=month + 1, day=day)


def _moment(value: object) -> datetime | None:
    """Read a date or time; naive ones are UTC, as the SQL comparison takes them."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return None
