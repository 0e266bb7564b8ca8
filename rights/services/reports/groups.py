"""
By what requests are told apart in a report: kind and option, channel, age, law, and who asks.

Every group is there whether anything is in it or not: a row that is missing would say "none".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import ColumnElement, String, case, cast
from sqlmodel import col

from rights.domain.kinds import OPTIONS
from rights.domain.representation import MINORS, AgeBand, Role
from rights.services.arrivals import CHANNELS
from rights.services.reports.register import Window, laws_since
from rights.store.models import Request

UNSETTLED: Final = "unsettled"
"""The age of somebody whose request is open: a product may yet say it."""

MINOR: Final = "minor"
SEVERAL: Final = "several"
OTHER: Final = "other"

Key = tuple[str, ...]
Group = tuple[str, Key]
"""The name of a breakdown, and one of its rows."""

TOTAL: Final = "total"
KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    TOTAL: (),
    "kinds": ("kind", "option"),
    "channels": ("channel",),
    "ages": ("age",),
    "regimes": ("regime",),
    "askers": ("asker",),
}
"""What the parts of a row's key are, by breakdown."""


def every(regimes: Iterable[str]) -> dict[str, tuple[Key, ...]]:
    """Return every row of every breakdown."""
    bands = [str(band) for band in AgeBand]
    roles = [str(role) for role in Role]
    return {
        TOTAL: ((),),
        "kinds": tuple((str(k), str(o)) for k, options in OPTIONS.items() for o in options),
        "channels": tuple((name,) for name in ("api", "portal", *CHANNELS, OTHER)),
        "ages": tuple((name,) for name in (*bands, UNSETTLED)),
        "regimes": tuple((name,) for name in (*regimes, SEVERAL, OTHER)),
        "askers": tuple((name,) for name in (MINOR, *roles)),
    }


NAMES: Final = ("kind", "option", "channel", "band", "laws", "asked_as", "since")
"""Names of :func:`columns`: a database groups by these, not by what they come from."""


def columns(at: Window) -> tuple[Any, ...]:
    """Return what requests are grouped by in the database."""
    return (
        col(Request.kind).label("kind"),
        col(Request.option).label("option"),
        col(Request.channel).label("channel"),
        age(at).label("band"),
        cast(col(Request.regimes), String).label("laws"),
        col(Request.requester_role).label("asked_as"),
        laws_since(at).label("since"),
    )


def age(at: Window) -> ColumnElement[str]:
    """Return how old the person is; unsettled as long as the request is open at the end."""
    ended = ~at.open_at_end(col(Request.closed_at))
    found: ColumnElement[str] = case((ended, cast(col(Request.age_band), String)), else_=UNSETTLED)
    return found


class Sort(NamedTuple):
    """What requests that are told apart have in common."""

    kind: str
    option: str
    channel: str
    age: str
    laws: tuple[str, ...]
    role: str


class Into:
    """
    Where requests of each sort are counted; remembered, for there are few sorts.

    Args:
        of: Returns the rows that a sort is counted in.
    """

    def __init__(self, of: Callable[[Sort], Iterable[Group]]) -> None:
        self._of = of
        self._known: dict[tuple[Any, ...], tuple[Group, ...]] = {}

    def __call__(self, row: Any) -> tuple[Group, ...]:
        """Return the rows that requests are counted in whose columns begin with :data:`NAMES`."""
        found = tuple(row[: len(NAMES)])
        if found not in self._known:
            kind, option, channel, band, laws, role, since = map(str, found)
            sort = Sort(kind, option, channel, band, tuple(_laws(laws, since)), role)
            self._known[found] = tuple(self._of(sort))
        return self._known[found]


def _laws(now: str, since: str) -> Iterator[str]:
    """Yield the laws as they were at the end: those of now, less those that were added since."""
    added = {name for some in orjson.loads(f"[{since}]") for name in some}
    yield from (name for name in orjson.loads(now) if name not in added)


def of(sort: Sort, known: Mapping[str, tuple[Key, ...]]) -> Iterator[Group]:
    """Yield the row of every breakdown that requests of a sort are counted in."""
    channel = (sort.channel,)
    regime = (sort.laws[0] if len(sort.laws) == 1 else SEVERAL,)
    yield TOTAL, ()
    yield "kinds", (sort.kind, sort.option)
    yield "channels", channel if channel in known["channels"] else (OTHER,)
    yield "ages", (sort.age,)
    yield "regimes", regime if regime in known["regimes"] else (OTHER,)
    yield "askers", (_asker(sort.role, sort.age),)


def _asker(role: str, band: str) -> str:
    return MINOR if role == Role.SELF and band in MINORS else role
