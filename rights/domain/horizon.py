"""
By when deleted bytes are gone: what the data map declares of a store, laid on a date.

Nothing here is proved by us. A receipt names it as the store's declaration, apart from what was
read back.

Source: NDSR 24; Guidelines 4/2019 of the EDPB, 2.1.2 (deletion reaches backups in time).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from rights.domain.calendars import add_months
from rights.domain.datamap import Store

_PERIOD: Final = re.compile(r"(?P<count>[1-9][0-9]{0,3})(?P<unit>[dwmy])")
_DAYS: Final = {"d": 1, "w": 7}
_MONTHS: Final = {"m": 1, "y": 12}


def after(at: datetime, period: str) -> datetime:
    """
    Return the moment a *period* (``30d``, ``4w``, ``6m``, ``3y``) after *at*.

    Raises:
        ValueError: it is no period; the loader of the data map lets none such through.
    """
    match = _PERIOD.fullmatch(period)
    if match is None:
        raise ValueError(f"{period!r} is not a period: write 30d, 6m or 3y")
    count, unit = int(match["count"]), match["unit"]
    if unit in _DAYS:
        return at + timedelta(days=count * _DAYS[unit])
    day = add_months(at.date(), count * _MONTHS[unit])
    return datetime.combine(day, at.timetz())


def overwritten(store: Store, at: datetime) -> datetime | None:
    """Return by when maintenance has removed what was deleted *at*; None if nobody says."""
    return after(at, store.horizon) if store.horizon else None


def backups(store: Store, at: datetime) -> dict[str, datetime]:
    """Return the store's backups by name, each with the day the last one with the data ends."""
    return {b["name"]: after(at, b["keeps"]) for b in store.backups if b.get("keeps")}


def physically_gone(store: Store, at: datetime) -> datetime | None:
    """Return by when nothing is left anywhere; None where the map does not say."""
    own = overwritten(store, at)
    return None if own is None else max(own, *backups(store, at).values(), own)


def last_return(stores: Iterable[Store], at: datetime) -> datetime:
    """Return until when something deleted *at* can come back from what the map declares."""
    moments = [at]
    for store in stores:
        moments += [*backups(store, at).values(), overwritten(store, at) or at]
    return max(moments)
