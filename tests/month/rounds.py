"""The rounds of the relay: when they are, what goes wrong in them, and one of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlmodel import col, select

from rights.services.context import Context
from rights.store.models import Notice
from tests.web.house import House
from workflows import relaying, sweep
from workflows.relay import Chore

BEGUN = datetime(2025, 12, 30, 23, 30, tzinfo=UTC)
UNTIL = datetime(2026, 5, 3, tzinfo=UTC)
LOADED = datetime(2026, 1, 13, 5, 30, tzinfo=UTC)
"""From then on the relay knows the working days of 2026."""

_DAY = timedelta(days=1)
_CALM = datetime(2026, 2, 12, tzinfo=UTC)
_DOWN = (
    (datetime(2026, 1, 8, 3, tzinfo=UTC), datetime(2026, 1, 9, 4, tzinfo=UTC)),  # a day
    (datetime(2026, 2, 3, tzinfo=UTC), datetime(2026, 2, 6, 20, tzinfo=UTC)),  # the clock jumps
)
_JUMP = _DOWN[1]
_NO_MAIL = (
    (datetime(2026, 1, 20, 4, tzinfo=UTC), datetime(2026, 1, 20, 20, tzinfo=UTC)),
    (datetime(2026, 1, 30, 1, tzinfo=UTC), datetime(2026, 1, 31, 8, tzinfo=UTC)),
)
_TWO = (
    (datetime(2026, 1, 15, tzinfo=UTC), datetime(2026, 1, 16, tzinfo=UTC)),
    (datetime(2026, 2, 10, tzinfo=UTC), datetime(2026, 2, 11, tzinfo=UTC)),
)
_OF_CLOCKS = (
    "settled", "sweep", "warnings", "mail", "watch", "clocks", "schedules", "alerts", "years",
    "queues",
)  # fmt: skip
"""The chores that have to do with time; the others are about stores, documents and pictures."""


@dataclass(frozen=True)
class Round:
    """
    One look of everything the relay looks at.

    Args:
        settled: The time by which what cannot be undone is done: it waits a round after the jump,
            and where a relay begins hours after the last look.
    """

    at: datetime
    mail: bool
    two: bool
    settled: datetime


def _within(at: datetime, spans: tuple[tuple[datetime, datetime], ...]) -> bool:
    return any(begin <= at < end for begin, end in spans)


def rounds() -> list[Round]:
    """Return every round there is: four a day, one once it is calm; none while nothing runs."""
    found, at = [], BEGUN
    while at < UNTIL:
        if not _within(at, _DOWN):
            mail, two = not _within(at, _NO_MAIL), _within(at, _TWO)
            found.append(Round(at, mail, two, _settled(at)))
        at += _DAY / 4 if at < _CALM else _DAY
    return found


def _settled(at: datetime) -> datetime:
    if at == LOADED:
        return at - _DAY / 4
    return at - (_JUMP[1] - _JUMP[0]) if _JUMP[1] <= at < _JUMP[1] + _DAY / 4 else at


class Relay:
    """A relay's own chores, put together as its process does, and run by hand."""

    def __init__(self, house: House, context: Context) -> None:
        self.house = house
        made = relaying.build(context.settings, context, self._passed)
        known = {one.name: one for one in made.chores}
        self.chores = [known[name] for name in _OF_CLOCKS]

    def _passed(self) -> float:
        """Return the seconds that really passed: the clock jumps, and nobody had that time."""
        at = self.house.clock.at
        return (at - (_JUMP[1] - _JUMP[0]) if at >= _JUMP[1] else at).timestamp()

    def round(self) -> None:
        """Do every chore until there is nothing left for it to do."""
        for one in self.chores:
            self.until_done(one)

    def until_done(self, chore: Chore) -> None:
        """Do one chore as often as it finds something to do."""
        done = chore.run()
        while (chore.name, done) == ("sweep", sweep.BATCH) or self._more(chore, done):
            done = chore.run()

    def _more(self, chore: Chore, done: object) -> bool:
        if chore.name != "mail":
            return chore.name == "alerts" and bool(done)
        due = select(Notice.id).where(
            Notice.state == "waiting", col(Notice.next_at) <= self.house.clock.now()
        )
        with self.house.reading() as session:
            return session.exec(due.limit(1)).first() is not None


def both(one: Relay, other: Relay) -> None:
    """Let two relays do the same at the same moment, chore after chore."""
    with ThreadPoolExecutor(2) as pool:
        for pair in zip(one.chores, other.chores, strict=True):
            relays = zip((one, other), pair, strict=True)
            for done in [pool.submit(relay.until_done, chore) for relay, chore in relays]:
                done.result()
