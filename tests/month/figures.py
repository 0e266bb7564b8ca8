"""The figures that a report must have, counted request by request from the stories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from rights.domain.kinds import OPTIONS, Kind, Option
from rights.domain.lifecycle import State
from rights.domain.representation import Role
from tests.month import story as told
from tests.month.laws import LAWS
from tests.month.replay import Expected
from tests.month.story import Story
from tests.services.reports.expected import CHANNELS, Count
from tests.services.reports.town import Case

AGES = ("under_14", "14_17", "adult", "unknown", "unsettled")
Row = dict[str, Any]
Of = Callable[[Case], object]


def case(story: Story, made: Expected, last: datetime) -> Case:
    """Return one story as a report may count it; what comes after *last* has not happened."""
    found = Case(
        story.id,
        story.kind,
        story.option,
        story.received,
        story.entered,
        made.promised,
        story.channel,
        story.role,
        story.age,
        list(story.laws),
        made.proved,
        made.closed,
        State(made.state),
        merged="first" if story.end == told.MERGED and made.closed else "",
        reason=_told_as(story.reason) if made.state == told.DENIED else "",
        pauses=[(began, over) for began, over in _pauses(story, last)],
    )
    if found.state in _ANSWERED:
        found.letters = [*_letters(story, made.out)]
    return found


def _letters(story: Story, out: datetime | None) -> Iterator[tuple[str, datetime | None]]:
    if story.unaddressed:
        yield ("told", out) if out else ("unaddressed", None)
    elif story.told and out:
        yield "sent", out


def _told_as(reason: str) -> str:
    """Return what a refusal is called once it has left: of two nobody learns which it was."""
    return "neutral_refusal" if reason in told.SECRET else reason


_ANSWERED = (State.FULFILLED, State.PARTIALLY_FULFILLED, State.DENIED)


def _pauses(story: Story, last: datetime) -> Iterator[tuple[datetime, datetime | None]]:
    asked = story.asked if story.paused else None
    for began, over in ((story.doubted, story.proved), (asked, story.answered)):
        if began is not None and began < last:
            yield began, over if over is not None and over < last else None


def _groups(count: Count) -> Iterator[tuple[str, Row, Of, object]]:
    """Yield every row there is: its table, its key, and what its requests have in common."""
    yield "total", {}, lambda _: True, True
    for kind, options in OPTIONS.items():
        for option in options:
            key = {"kind": str(kind), "option": str(option)}
            yield "kinds", key, lambda c: (c.kind, c.option), (kind, option)
    for name in (*CHANNELS, "other"):
        yield "channels", {"channel": name}, lambda c: c.channel, name
    for age in AGES:
        yield "ages", {"age": age}, count.age, age
    for law in (*LAWS, "several", "other"):
        yield "regimes", {"regime": law}, _law, law
    for asker in ("minor", *map(str, Role)):
        yield "askers", {"asker": asker}, count.asker, asker


def _law(one: Case) -> str:
    return one.laws[0] if len(one.laws) == 1 else "several"


def tables(count: Count) -> dict[str, list[Row]]:
    """Return the rows of every breakdown, in no order."""
    found: dict[str, list[Row]] = {}
    for table, key, of, same in _groups(count):
        row = count.row(lambda c, of=of, same=same: of(c) == same)  # type: ignore[misc]  # mypy knows no default of a lambda
        found.setdefault(table, []).append({**key, **row})
    return found


def reasons(count: Count) -> Counter[str]:
    """Return for what was denied in the period."""
    return Counter(c.reason for c in count.cases if count.within(c.closed) and c.reason)


def appeals(stories: Sequence[Story], count: Count, last: datetime) -> dict[str, int]:
    """Return the appeals of the period, and what became of them."""
    made = [one for one in stories if one.appealed is not None and one.appealed < last]
    done = [one for one in made if one.decided and one.decided < last]
    decided = [one for one in done if count.within(one.decided)]
    over = {one.number for one in done if one.decided and one.decided < count.end}
    return {
        "appeals_received": sum(count.within(one.appealed) for one in made),
        "appeals_upheld": sum(one.upheld for one in decided),
        "appeals_dismissed": sum(not one.upheld for one in decided),
        "appeals_open_after": sum(
            bool(one.appealed and one.appealed < count.end) and one.number not in over
            for one in made
        ),
    }


_OUT = frozenset({Option.PERSONALISED_OFF, Option.PUSH_OFF, Option.COMMERCIAL_MESSAGES_OFF,
                  Option.OBJECT_MARKETING, Option.REFUSE_SOLE_AUTOMATION})  # fmt: skip
_LIMITED = frozenset({Option.RESTRICT, Option.OBJECT_PUBLIC_INFO})
_KNOWN = frozenset({Kind.ACCESS, Kind.COPY, Kind.PORTABILITY})
_ERASED = frozenset({Kind.DELETION, Kind.ACCOUNT_CANCELLATION})

RIGHTS: dict[str, Callable[[Case], bool]] = {
    "delete": lambda c: c.kind in _ERASED or c.option is Option.TAGS_DELETE,
    "correct": lambda c: c.kind is Kind.CORRECTION,
    "know": lambda c: c.kind in _KNOWN or c.option is Option.TAGS_LIST,
    "opt_out": lambda c: c.kind is Kind.CONSENT_WITHDRAWAL or c.option in _OUT,
    "limit": lambda c: c.option in _LIMITED,
}
"""California's five, and what is counted as each. Source: 11 CCR 7102(a)(1)."""


def california(count: Count) -> list[Row]:
    found = []
    for right, of in RIGHTS.items():
        row = count.row(of)
        complied = row["fulfilled"] + row["partially_fulfilled"]
        counts = {"received": row["received"], "complied": complied, "denied": row["denied"]}
        found.append({"right": right, **counts, "median_days": row["median_days"]})
    return found
