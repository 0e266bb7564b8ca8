"""
Which requests a list shows, as it stands in the address of the page.

Only what is no personal data can be asked for: who somebody is, is looked up elsewhere, by an
exact identifier, and noted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

from sqlalchemy import ColumnElement
from sqlmodel import col, select

from rights.domain.kinds import Kind
from rights.domain.lifecycle import TERMINAL, State, Wait
from rights.domain.representation import AgeBand
from rights.services import acknowledging, targets, ticking, untold
from rights.services.console import searching
from rights.services.places import YEARS
from rights.services.ticking import Book
from rights.store.ids import ID
from rights.store.models import Assignment, Request

UNTOLD: Final = "untold"
CLOCKS: Final = ("late", "today", "week", "unconfirmed", "target", UNTOLD)
STATES: Final = ("open", "closed", "all", *State)
CHANNELS: Final = ("api", "portal", "internal", "letter", "phone", "counter", "email")
_OF_THEIR_OWN: Final = ("late", "today", "week", UNTOLD)
"""Clocks that say what is open, or ask for more. Said twice, a planner believes that few are."""
ME: Final = "me"
NOBODY: Final = "nobody"

_MOST_WORDS: Final = 5


@dataclass(frozen=True, slots=True)
class Filters:
    """
    What somebody asked for; what cannot be read is as if it were not there, and is named.

    Args:
        state: ``open``, ``closed``, ``all`` or a state.
        clock: ``late``, ``today`` or ``week``: by the promised date; ``unconfirmed``: receipt
            should have been confirmed; ``target``: wanted at once, and missed; ``untold``:
            closed, and the answer was given up; found with ``open`` all the same.
        assigned: ``me``, ``nobody``, or the id of a member of staff.
        words: Of a free search.
        since, until: Days of receipt, both counted in.
        unread: Names of what could not be read.
    """

    state: str = "open"
    kind: str = ""
    wait: str = ""
    regime: str = ""
    channel: str = ""
    age: str = ""
    product: str = ""
    clock: str = ""
    assigned: str = ""
    words: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    newest: bool = False
    unread: tuple[str, ...] = field(default=(), compare=False)

    @property
    def query(self) -> dict[str, str]:
        """Return what stands in an address that shows the same."""
        out = {
            one.name: str(value)
            for one in fields(self)
            if one.name not in ("words", "newest", "unread")
            and (value := getattr(self, one.name)) not in ("", None)
        }
        if self.words:
            out["q"] = " ".join(self.words)
        if self.newest:
            out["sort"] = "newest"
        return out


def read(given: Mapping[str, str], regimes: Sequence[str]) -> Filters:
    """Return what an address asks for."""
    unread: list[str] = []
    allowed: Mapping[str, Sequence[str]] = {
        "state": STATES,
        "kind": tuple(Kind),
        "wait": tuple(one for one in Wait if one),
        "regime": tuple(regimes),
        "channel": CHANNELS,
        "age": tuple(AgeBand),
        "clock": CLOCKS,
    }
    chosen = {name: one_of(given, name, values, unread) for name, values in allowed.items()}
    chosen["state"] = chosen["state"] or "open"
    return Filters(
        **chosen,
        product=id_of(given, "product", (), unread),
        assigned=id_of(given, "assigned", (ME, NOBODY), unread),
        words=tuple(given.get("q", "").casefold()[: searching.LONGEST * 2].split()[:_MOST_WORDS]),
        since=day_of(given, "since", unread),
        until=day_of(given, "until", unread),
        newest=given.get("sort") == "newest",
        unread=tuple(unread),
    )


def one_of(given: Mapping[str, str], name: str, allowed: Sequence[str], unread: list[str]) -> str:
    """Return what an address says, if it is allowed; else nothing, and it is named as unread."""
    said = given.get(name, "")
    if said and said not in allowed:
        unread.append(name)
        return ""
    return said


def id_of(given: Mapping[str, str], name: str, words: Sequence[str], unread: list[str]) -> str:
    """Return the id that an address says, or one of some words; as :func:`one_of`."""
    said = given.get(name, "")
    if said and said not in words and not ID.fullmatch(said):
        unread.append(name)
        return ""
    return said


def day_of(given: Mapping[str, str], name: str, unread: list[str]) -> date | None:
    """Return the day that an address says; as :func:`one_of`."""
    said = given.get(name, "")
    try:
        found = date.fromisoformat(said) if said else None
    except ValueError:
        found = date.min
    if found is not None and found.year not in YEARS:
        unread.append(name)
        return None
    return found


def conditions(
    asked: Filters, book: Book, *, staff_id: str, now: datetime, zone: tzinfo
) -> Iterator[ColumnElement[bool]]:
    """
    Yield what the rows of a list have in common, but for its words: those are searched for apart.

    Args:
        book: The laws there are: of some the time runs before anything is proved.
        staff_id: Who ``me`` is.
        zone: Where days begin.
    """
    if asked.state != "open" or asked.clock not in _OF_THEIR_OWN:
        yield from _state(asked)
    yield from _chosen(asked)
    if asked.clock:
        yield _clock(asked.clock, book, now, zone)
    if asked.assigned:
        yield _assigned(asked.assigned, staff_id)
    if asked.since:
        yield col(Request.received_at) >= midnight(asked.since, zone)
    if asked.until:
        yield col(Request.received_at) < midnight(asked.until + timedelta(days=1), zone)


def _chosen(asked: Filters) -> Iterator[ColumnElement[bool]]:
    for column, value in (
        (Request.kind, asked.kind),
        (Request.wait, asked.wait),
        (Request.channel, asked.channel),
        (Request.age_band, asked.age),
        (Request.backend_id, asked.product),
    ):
        if value:
            yield col(column) == value
    if asked.regime:
        yield searching.under(asked.regime)


def _state(asked: Filters) -> Iterator[ColumnElement[bool]]:
    if asked.state == "open" and asked.assigned not in ("", NOBODY):
        # Few are one person's; with the index of all that is open, all of them would be read.
        yield col(Request.state).not_in(sorted(TERMINAL))
    elif asked.state == "open":
        yield col(Request.closed_at).is_(None)
    elif asked.state == "closed":
        yield col(Request.closed_at).is_not(None)
    elif asked.state != "all":
        yield col(Request.state) == asked.state


_NAMED: Final[Mapping[str, Callable[[datetime], ColumnElement[bool]]]] = {
    "unconfirmed": lambda now: acknowledging.missed(Request, now),
    "target": targets.was_missed,
    UNTOLD: lambda _: untold.given_up(),
}


def _clock(said: str, book: Book, now: datetime, zone: tzinfo) -> ColumnElement[bool]:
    if said in _NAMED:
        return _NAMED[said](now)
    # a clock that stands still is not late
    running = ticking.runs(book) & (col(Request.pause_cause) == "")
    if said == "late":
        return running & (col(Request.promised_at) < now)
    days = 1 if said == "today" else 7
    today = now.astimezone(zone).date()
    ends = midnight(today + timedelta(days=days), zone)
    return running & (col(Request.promised_at) >= now) & (col(Request.promised_at) < ends)


def _assigned(said: str, staff_id: str) -> ColumnElement[bool]:
    given = select(Assignment.request_id)
    if said == NOBODY:
        return col(Request.id).not_in(given)
    wanted = staff_id if said == ME else said
    return col(Request.id).in_(given.where(Assignment.staff_id == wanted))


def midnight(day: date, zone: tzinfo) -> datetime:
    """Return the moment at which a day begins somewhere."""
    return datetime.combine(day, time(), zone)
