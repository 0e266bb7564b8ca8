"""
What must be true of each request afterwards, by its story and the rounds of the relay alone.

A round does its chores in the relay's order: what lapses, letters, opt-outs that are late, clocks,
what nobody touches, and at last what was counted without a year.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from rights.domain.kinds import Option
from rights.domain.representation import Role
from tests.month import story as told
from tests.month.days import Known
from tests.month.laws import UNPROVED
from tests.month.oracle import Asked, Dates, dates, longer
from tests.month.rounds import LOADED, Round
from tests.month.story import Story

BEFORE: Known = frozenset({2025})
AFTER: Known = frozenset({2025, 2026})
STAGES = (50, 75, 90, 100)
IDLE = 0
"""Stands among the stages for "nobody touched it"."""

_DAY = timedelta(days=1)
_LAPSES = 7 * _DAY
_UNTOUCHED = 3 * _DAY
_IN_HAND = timedelta(minutes=3)
_SWITCHED = frozenset(
    {
        Option.PERSONALISED_OFF,
        Option.COMMERCIAL_MESSAGES_OFF,
        Option.OBJECT_MARKETING,
        Option.TAGS_EDIT,
    }
)
"""What stores have to read back, and is told of after a minute and after a day."""


_TAKEN_BACK = (told.REVOKED, told.LAPSED)


def known(at: datetime) -> Known:
    """Return the years whose working days are known then."""
    return AFTER if at >= LOADED else BEFORE


@dataclass
class Expected:
    """
    What the register must say of one request in the end.

    Args:
        told: The stages of its clock, and when nobody touched it.
        besides: What else staff are told of: what, as which stage, when.
    """

    due: datetime
    promised: datetime
    estimate: bool
    first: Dates
    confirm_by: datetime
    paused: int = 0
    longer: str = ""
    first_due: datetime | None = None
    state: str = "verifying"
    proved: datetime | None = None
    closed: datetime | None = None
    out: datetime | None = None
    told: list[tuple[int, datetime]] = field(default_factory=list)
    besides: list[tuple[str, int, datetime]] = field(default_factory=list)
    confirmed: datetime | None = None


class Besides:
    """Of one story what is told of beside the stages of its clock, but for what is switched off."""

    def __init__(self, story: Story, made: Expected) -> None:
        self.story, self.made = story, made
        reached = story.mail if story.role is Role.SELF else story.rep_mail
        self.logged = story.channel in told.LOGGED
        self.writes = reached
        self.acked = not reached and not self.logged
        """Who asks here and gets no letter reads in the answer that theirs arrived."""
        self.stage = 0
        self.told: set[str] = set()

    def waits(self, at: datetime) -> bool:
        """Return whether something may still come of a request that is closed."""
        one = self.story
        open_ack = not self.acked and self.stage < 100 and self.made.state not in _TAKEN_BACK
        return open_ack or bool(one.appealed and "appeal" not in self.told and self._appealed(at))

    def _appealed(self, at: datetime) -> bool:
        decided = self.story.decided
        return decided is None or decided >= at

    def letter(self, at: datetime) -> None:
        """Let the letter go out that says that theirs arrived."""
        if self.writes:
            self.confirm(at)

    def confirm(self, at: datetime) -> None:
        """Let the person know now that theirs arrived, by whatever says so first."""
        if self.acked:
            return
        self.acked = True
        if at > self.made.confirm_by:
            self._acknowledge(100, at)

    def _acknowledge(self, stage: int, at: datetime) -> None:
        if stage > self.stage:
            self.stage = stage
            self.made.besides.append(("acknowledgement", stage, at))

    def round(self, at: datetime) -> None:
        """Look at everything once."""
        self._aim(at)
        begun, due = self.story.received, self.made.confirm_by
        if not self.acked and self.made.state not in _TAKEN_BACK:
            soon = (at - begun) * 100 >= (due - begun) * 75
            self._acknowledge(100 if at >= due else 75 if soon else 0, at)
        self._late_appeal(at)

    def _aim(self, at: datetime) -> None:
        one, proved = self.story, self.made.proved
        wanted = any(rule.at_once and rule.target is not None for _, rule in one.asks.rules())
        read_back = one.option in _SWITCHED  # consent is taken back here for no named purpose
        if not wanted or read_back or proved is None or self.made.closed or "aim" in self.told:
            return
        aim = dates(one.asks, known(at), paused=self.made.paused, proved=proved).aim
        if aim is not None and aim < at:
            self.told.add("aim")
            self.made.besides.append(("target", 90, at))

    def _late_appeal(self, at: datetime) -> None:
        one = self.story
        if one.appealed is None or one.appealed >= at or "appeal" in self.told:
            return
        asked = Asked(one.laws, "appeal", "", one.appealed)
        if self._appealed(at) and dates(asked, known(one.appealed)).promised < at:
            self.told.add("appeal")
            self.made.besides.append(("appeal", 100, at))


class Replay:
    """One story, gone through from round to round."""

    def __init__(self, story: Story, rounds: Sequence[Round], times: Sequence[datetime]) -> None:
        self.story, self.rounds, self.times = story, rounds, times
        first = dates(story.asks, known(story.entered))
        if story.proof == told.AT_ONCE:
            first = dates(story.asks, known(story.entered), proved=story.entered)
        self.made = Expected(first.kept, first.promised, first.estimate, first, first.confirmed)
        self.stage = 0
        self.idle: datetime | None = None
        self.touched = story.entered
        self.still: datetime | None = None
        self.stood = timedelta()
        self.asks_for_more: datetime | None = None
        self.wait = ""
        self.noted = 0
        self.besides = Besides(story, self.made)

    def run(self) -> Expected:
        """Return what comes of it."""
        deeds = self._deeds()
        at = bisect_left(self.times, self.story.entered)
        for one in self.rounds[at:]:
            while deeds and deeds[0][0] < one.at:
                when, name = deeds.pop(0)
                self._do(name, when)
            self._round(one)
            over = self.made.closed and self.made.out and self.made.confirmed and not deeds
            if over and not self.besides.waits(one.at):
                break
        return self.made

    def _deeds(self) -> list[tuple[datetime, str]]:
        one = self.story
        planned = (
            (one.entered, "enter"), (one.doubted, "stop"), (one.proved, "prove"),
            (one.asked, "ask"), (one.answered, "answer"), (one.more, "more"),
            (one.proposed, "touch"), (one.ended, "end"), (one.tells, "tell"),
            (one.appealed, "touch"), (one.decided, "touch"),
        )  # fmt: skip
        return sorted(((at, name) for at, name in planned if at), key=lambda deed: deed[0])

    # -- what people do ---------------------------------------------------------------------------

    def _do(self, name: str, at: datetime) -> None:
        self.touched = at
        getattr(self, f"_{name}", lambda _: None)(at)

    def _stop(self, at: datetime) -> None:
        self.still = at

    def _prove(self, at: datetime) -> None:
        made, one = self.made, self.story
        made.proved, made.state = at, "on_hold"
        fresh = dates(one.asks, known(at), proved=at)
        made.due, made.promised = min(made.due, fresh.kept), min(made.promised, fresh.promised)
        made.estimate = fresh.estimate if one.proof == told.LATER else made.estimate
        self._go_on(at)
        self.wait = "guardian" if one.guarded else "task"

    def _go_on(self, at: datetime) -> None:
        """Let the clock run again; whole days of a pause are added, and move the dates."""
        if self.still is None:
            return
        made, one = self.made, self.story
        self.stood += at - self.still
        whole, self.still = self.stood // _DAY, None
        if whole == made.paused:
            return
        old, new = (self._counted(at, days) for days in (made.paused, whole))
        made.due += max(new.kept - old.kept, timedelta())
        made.promised += max(new.promised - old.promised, timedelta())
        made.paused, made.estimate = whole, new.estimate
        assert not made.longer, f"story {one.number} takes more time only afterwards"

    def _counted(self, at: datetime, paused: int) -> Dates:
        return dates(self.story.asks, known(at), paused=paused, proved=self.made.proved)

    def _ask(self, at: datetime) -> None:
        self.wait, self.still = "info", at if self.story.paused else None

    def _answer(self, at: datetime) -> None:
        self._go_on(at)
        self.wait = "task"

    def _more(self, at: datetime) -> None:
        self.asks_for_more = at

    def _end(self, at: datetime) -> None:
        self.made.state, self.made.closed = self.story.end, at
        self.made.state = told.REVOKED if self.story.end == told.MERGED else self.story.end
        if self.story.end in (told.REVOKED, told.MERGED):
            self.made.out = at

    def _tell(self, at: datetime) -> None:
        self.made.out = at
        self.besides.confirm(at)

    # -- what the relay does ----------------------------------------------------------------------

    def _round(self, one: Round) -> None:
        if one.mail and self.made.confirmed is None:
            self.made.confirmed = one.at
            self.besides.letter(one.at)
        if self.made.state == told.LAPSED:
            return
        if self.made.proved is None and one.settled >= self.story.entered + _LAPSES:
            self.made.state, self.made.closed, self.made.out = told.LAPSED, one.at, one.at
            return
        self._letters(one)
        self._switch(one)
        self.besides.round(one.at)
        if (self.made.proved is not None or self._regardless) and not self.made.out:
            self._clock(one)
            self._untouched(one)
        if one.at >= LOADED and self.made.estimate:
            self._count_again(one)

    @property
    def _regardless(self) -> bool:
        """Whether its time runs though nobody has proved who asks."""
        return not UNPROVED.isdisjoint(self.story.laws)

    def _letters(self, one: Round) -> None:
        reached = self.story.told
        waits = self.made.closed and not self.made.out and not self.story.unaddressed
        if waits and (one.mail or not reached):
            self.made.out = one.at if reached else self.made.closed
        if self.asks_for_more:
            self._told_of_more(one)

    def _told_of_more(self, one: Round) -> None:
        """More time counts once the person was told, in time; it is void where that cannot be."""
        reached = self.story.rep_mail if self.story.role.value != "self" else self.story.mail
        over = one.at > self.made.promised - _IN_HAND
        if not (over or self.made.closed or not reached or one.mail):
            return  # the letter is put off
        self.asks_for_more, made = None, self.made
        if made.closed:
            return
        self.touched = one.at
        if reached and not over:
            more = longer(self.story.asks, known(one.at), paused=made.paused)
            made.first_due, made.longer = made.promised, "complexity"
            made.due = made.promised = more.kept
            self.stage = self._reached(one.at)

    def _switch(self, one: Round) -> None:
        """Note in its trail that no store has read back what was turned off."""
        proved = self.made.proved
        if self.story.option not in _SWITCHED or self.noted == 2 or proved is None:
            return
        done = self.made.closed and self.story.end in (told.FULFILLED, told.PARTLY)
        gone = one.at - proved
        step = 2 if gone >= _DAY else 1 if gone >= timedelta(minutes=1) else 0
        if step > self.noted and not done:
            self.noted, self.touched = step, one.at
            self.made.besides.append(("target", 100 if step == 2 else 90, one.at))

    def _reached(self, at: datetime) -> int:
        begun = self.story.received + self.made.paused * _DAY
        whole = self.made.promised - begun
        return max((s for s in STAGES if (at - begun) * 100 >= whole * s), default=0)

    def _clock(self, one: Round) -> None:
        if self.still is None and (stage := self._reached(one.at)) > self.stage:
            self.stage = stage
            self.made.told.append((stage, one.at))

    def _untouched(self, one: Round) -> None:
        waits = self.wait == "task" and self.made.closed is None
        fresh = self.idle is None or self.idle < self.touched
        if waits and fresh and self.touched < one.at - _UNTOUCHED:
            self.idle = one.at
            self.made.told.append((IDLE, one.at))

    def _count_again(self, one: Round) -> None:
        """Now that the year is known, the date is certain; it never moves later for that."""
        made = self.made
        if made.closed:
            return
        fresh = self._counted(one.at, made.paused)
        made.due, made.promised = min(made.due, fresh.kept), min(made.promised, fresh.promised)
        made.confirm_by = fresh.confirmed  # promised to nobody: it moves later too
        made.estimate, self.touched = False, one.at
