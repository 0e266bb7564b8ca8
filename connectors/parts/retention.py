"""Which rows a retention rule still holds."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date, datetime, timedelta

from rights.domain.datamap import Collection, Retention
from rights.domain.errors import Misconfigured
from rights.domain.holds import BY_ITSELF

_PERIOD = re.compile(r"(?P<count>[1-9][0-9]{0,3})(?P<unit>[dwmy])")
_MONTHS = {"m": 1, "y": 12}
_DAYS = {"d": 1, "w": 7}
_LONGEST_SLIP = 4
"""Days by which a month that is too short may move an end."""


def cutoff(collection: Collection, now: datetime) -> datetime | None:
    """
    Return the moment after which the collection's rows are still held, or None for no rule.

    A row is held while ``retention.from_`` is later than that moment. A row without a value
    there is held too: its period has not begun, and deletion cannot be taken back.

    Raises:
        Misconfigured: the period is not a number of days, weeks, months or years.
    """
    rule, ruling = collection.retention, collection.ruling
    if rule is None or rule.with_ or not binds(collection):
        return None
    judged = ruling.at if ruling and ruling.at else now
    return _before(judged.astimezone(UTC), rule, collection.path)


def binds(collection: Collection) -> bool:
    """Return whether the collection's own rule holds rows: by its rank, or as approved."""
    rule, ruling = collection.retention, collection.ruling
    if rule is None:
        return False
    return rule.rank in BY_ITSELF or (ruling is not None and ruling.approved)


def ends(collection: Collection, value: object) -> datetime | None:
    """
    Return when the hold of a row with *value* in ``retention.from_`` is over.

    None when its period has not begun. The first moment at which :func:`held` says no, so a
    29 February may end on 1 March.
    """
    rule, began = collection.retention, since(value)
    if rule is None or began is None:
        return None
    end = _shifted(began, rule, collection.path, 1)
    for _ in range(_LONGEST_SLIP):
        if not held(value, _before(end, rule, collection.path)):
            break
        end += timedelta(days=1)
    return end


def held(value: object, moment: datetime) -> bool:
    """Return whether a row with *value* in ``retention.from_`` is held at *moment*."""
    began = since(value)
    return began is None or began > moment


def _before(now: datetime, rule: Retention, path: str) -> datetime:
    return _shifted(now, rule, path, -1)


def _shifted(moment: datetime, rule: Retention, path: str, sign: int) -> datetime:
    match = _PERIOD.fullmatch(rule.period)
    if match is None:
        raise Misconfigured(
            f"{path}: retention period {rule.period!r} is not understood; write 30d, 6m or 3y"
        )
    count, unit = int(match["count"]) * sign, match["unit"]
    if unit in _DAYS:
        return moment + timedelta(days=count * _DAYS[unit])
    years, month = divmod(moment.year * 12 + moment.month - 1 + count * _MONTHS[unit], 12)
    day = min(moment.day, calendar.monthrange(years, month + 1)[1])
    return moment.replace(year=years, month=month + 1, day=day)


def since(value: object) -> datetime | None:
    """Read what a hold counts from; naive values are UTC, as the SQL comparison takes them."""
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
