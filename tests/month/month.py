"""Let the month happen: what people do between two rounds is one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice

from rights.domain.regime import Regime
from rights.services.context import Context
from tests.month.acting import Deed, People, deeds, hire, rung
from tests.month.drawing import stories
from tests.month.rounds import BEGUN, LOADED, Relay, Round, both, rounds
from tests.month.story import Story
from tests.web.house import House
from workflows.embedded.smtp import Sink

OFFICE = "office.example"
"""Where staff are mailed to, by their roles."""

YEARS = "2026"
"""Stands in the subject of the mail about a year that is missing, and of no other."""

_TOGETHER = 100


def blind(context: Context, year: int) -> Context:
    """Return what a deployment knows that has not loaded a year's Chinese working days yet."""
    unseen = {}
    for name, law in context.regimes.items():
        unseen[name] = _without(law, year) if law.counting.name == "cn" else law
    return replace(context, regimes=unseen)


def _without(law: Regime, year: int) -> Regime:
    calendar = law.counting.calendar
    assert calendar is not None
    assert calendar.known_years is not None
    cut = replace(
        calendar,
        off_days=frozenset(day for day in calendar.off_days if day.year != year),
        makeup_workdays=frozenset(day for day in calendar.makeup_workdays if day.year != year),
        known_years=calendar.known_years - {year},
    )
    return replace(law, counting=replace(law.counting, calendar=cut))


@dataclass
class Month:
    """
    The house in which it happens, and the post office.

    Args:
        alerted: Which roles were mailed of clocks, and in which rounds.
    """

    house: House
    sink: Sink
    stories: list[Story]
    rounds: list[Round]
    alerted: set[tuple[str, datetime]] = field(default_factory=set)

    @property
    def last(self) -> datetime:
        """The last round: what was to come after it has not happened."""
        return self.rounds[-1].at

    def happen(self) -> None:
        """Let everything happen, in the order of time."""
        seeing, unseeing = self.house.context, blind(self.house.context, 2026)
        people = People(unseeing, self.house.partner.id, self.stories)
        self.house.clock.at = BEGUN
        with self.house.writing() as session:
            people.staff = hire(session, BEGUN)
        relays = Relay(self.house, unseeing), Relay(self.house, unseeing)
        waiting = iter(sorted(deed for one in self.stories for deed in deeds(one)))
        nxt = next(waiting, None)
        for one in self.rounds:
            todo: list[Deed] = []
            while nxt and nxt.at < one.at:
                todo.append(nxt)
                nxt = next(waiting, None)
            self._do(people, todo)
            if one.at >= LOADED and people.context is not seeing:
                people.context = seeing
                relays = Relay(self.house, seeing), Relay(self.house, seeing)
            self._look(relays, one)

    def _do(self, people: People, todo: Sequence[Deed]) -> None:
        for together in _batched(todo, _TOGETHER):
            self.house.clock.at = together[-1].at
            with self.house.writing() as session:
                for deed in together:
                    people.do(session, deed)

    def _look(self, relays: tuple[Relay, Relay], one: Round) -> None:
        self.house.clock.at = one.at
        with self.house.writing() as session:
            rung(session)
        self.sink.put_off.clear()
        if not one.mail:
            self.sink.put_off.update(story.address for story in self.stories)
            self.sink.put_off.update(f"rep-{story.address}" for story in self.stories)
        before = len(self.sink.messages)
        if one.two:
            both(*relays)
        else:
            relays[0].round()
        for mail in self.sink.messages[before:]:
            name, _, place = mail["X-Envelope-To"].partition("@")
            if place == OFFICE and YEARS not in mail["Subject"]:
                self.alerted.add((name, one.at))


def _batched(every: Sequence[Deed], size: int) -> Iterator[list[Deed]]:
    it = iter(every)
    while found := list(islice(it, size)):
        yield found


def month(house: House, sink: Sink, number: int, seed: int) -> Month:
    """Return a month that is about to happen."""
    return Month(house, sink, stories(number, seed), rounds())
