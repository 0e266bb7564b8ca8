"""By when something is due, worked out from the tables of this folder and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.month import days
from tests.month.days import Known
from tests.month.laws import ACK, DAY, SAME_DAY, WORKING, Rule, place, rule


@dataclass(frozen=True)
class Dates:
    """What is kept, what the law allows, what is promised, when receipt is confirmed, the aim."""

    kept: datetime
    legal: datetime
    promised: datetime
    confirmed: datetime
    aim: datetime | None = None
    estimate: bool = False


@dataclass(frozen=True)
class Asked:
    """What is asked for, under which laws, and when it arrived."""

    laws: tuple[str, ...]
    kind: str
    option: str
    received: datetime

    def rules(self) -> list[tuple[str, Rule]]:
        """Return the rules in force on the day of receipt; where none is, all there are."""
        every = [(law, rule(law, self.kind, self.option)) for law in self.laws]
        year = self.received.year
        return [(law, one) for law, one in every if one.binds <= year] or every


Limit = tuple[datetime, datetime, bool]


def _last(
    where: str, since: datetime, period: tuple[int, str], known: Known, paused: int = 0
) -> Limit:
    start, (number, unit) = days.local(where, since), period
    day, estimate = days.count(where, start, number, unit, known)
    kept = legal = day + paused * days.ONE
    if unit != WORKING:
        kept, legal = days.kept_and_legal(where, start, kept, known)
    return days.end(where, kept), days.end(where, legal), estimate


def _limits(
    asked: Asked, law: str, one: Rule, known: Known, paused: int, proved: datetime | None
) -> Iterator[Limit]:
    where, received = place(law), asked.received
    begun = proved if one.proved else received
    if one.at_once and begun is not None:
        yield begun + timedelta(hours=24), begun + timedelta(hours=24), False
    if not one.at_once or one.proved:
        yield _last(where, received, (one.count, one.unit), known, paused)
    if one.also:
        yield _last(where, received, (one.also, DAY), known, paused)


def _aim(
    asked: Asked, law: str, one: Rule, known: Known, proved: datetime | None
) -> list[datetime]:
    begun = proved if one.proved else asked.received
    if one.target is None or begun is None:
        return []
    if one.target == SAME_DAY:
        return [days.end(place(law), days.local(place(law), begun))]
    if isinstance(one.target, timedelta):
        return [begun + one.target]
    return [_last(place(law), begun, (int(one.target), WORKING), known)[0]]


def _of(
    asked: Asked, law: str, one: Rule, known: Known, paused: int, proved: datetime | None
) -> Dates:
    where = place(law)
    limits = [*_limits(asked, law, one, known, paused, proved)]
    kept, _, estimate = min(limits)
    promised = kept
    if one.promise:
        own = _last(where, asked.received, (one.promise, DAY), known, paused)
        promised = min(kept, own[0])
    ack = ACK[where] if (where, asked.kind) != ("uk", "complaint") else (30, DAY)
    return Dates(
        kept,
        min(legal for _, legal, _ in limits),
        promised,
        _last(where, asked.received, ack, known)[0],
        min(_aim(asked, law, one, known, proved), default=None),
        estimate,
    )


def _strictest(every: Sequence[Dates]) -> Dates:
    first = min(every, key=lambda one: one.kept)
    return Dates(
        first.kept,
        min(one.legal for one in every),
        min(one.promised for one in every),
        min(one.confirmed for one in every),
        min((one.aim for one in every if one.aim), default=None),
        first.estimate,
    )


def dates(asked: Asked, known: Known, *, paused: int = 0, proved: datetime | None = None) -> Dates:
    """Return the dates under all of the laws: of each the earliest."""
    return _strictest([_of(asked, law, one, known, paused, proved) for law, one in asked.rules()])


def longer(asked: Asked, known: Known, *, paused: int = 0) -> Dates:
    """Return the dates once more time was taken, counted from receipt as one period."""
    found = []
    for law, one in asked.rules():
        assert one.more, f"{law} knows no more time for this"
        period = (one.count + one.more, one.unit)
        kept, legal, estimate = _last(place(law), asked.received, period, known, paused)
        first = _of(asked, law, one, known, paused, None)
        found.append(Dates(kept, legal, kept, first.confirmed, first.aim, estimate))
    return _strictest(found)


def may_take_more(asked: Asked) -> bool:
    return all(one.more for _, one in asked.rules())


def may_pause(asked: Asked, cause: str) -> bool:
    return all(cause in one.pauses for _, one in asked.rules())
