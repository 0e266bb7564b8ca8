"""
The pictures of the first page: geometry only, drawn by the template as SVG.

Each says in words what it shows and has its numbers in a table beside it: nothing is told by colour
or shape alone. Source: WCAG 2.2, 1.1.1, 1.4.1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from rights.domain.kinds import Kind
from rights.domain.lifecycle import State
from rights.services import catalogue, reasons
from rights.services.console.figures import SHARES, UNNAMED, WEEKS
from rights.services.words import Words
from rights.store.models import Figures
from rights.web.parts import parts

_WIDTH: Final = 100.0
_HUNDRED: Final = 100
_GOOD: Final = 95
_FAIR: Final = 80
COLOURS: Final = 10
"""How many different fillings the style sheet has; a kind of request each."""


@dataclass(frozen=True, slots=True)
class Bar:
    """
    One line of a picture.

    Args:
        width: 0 to 100.
        text: What stands behind it.
        mark: Of the style sheet.
    """

    label: str
    width: float
    text: str
    mark: str = "plain"


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a column, 0 to 100 from the bottom."""

    y: float
    height: float
    mark: str


@dataclass(frozen=True, slots=True)
class Picture:
    """
    One picture.

    Args:
        bars: Drawn beneath each other; or
        columns: side by side, each of pieces.
        legend: Filling and its words.
        table: The same in words and numbers: head, then rows.
        choices: Of what it can be shown alone: code, words, whether it is now.
    """

    name: str
    title: str
    about: str
    bars: tuple[Bar, ...] = ()
    columns: tuple[tuple[Piece, ...], ...] = ()
    legend: tuple[tuple[str, str], ...] = ()
    table: tuple[tuple[str, ...], ...] = field(default=())
    choices: tuple[tuple[str, str, bool], ...] = ()


def all_of(counted: Figures, w: Words, kind: str = "") -> list[Picture]:
    """
    Return every picture of what was counted.

    Args:
        kind: Of which requests it is shown how they stood; those of every kind without one.
    """
    drawn = [draw(counted.body.get(name), w) for name, draw in _DRAWN.items()]
    drawn.insert(1, _standing(counted.body.get("standing"), w, kind))
    return drawn


def _kind(w: Words, kind: str) -> str:
    return w.either(catalogue.words()["kinds"].get(kind, {}).get("title", {}), kind)


def _picture(name: str, w: Words, **more: Any) -> Picture:
    return Picture(name, w.say("pictures", name, "title"), w.say("pictures", name, "about"), **more)


def _bars(found: Sequence[tuple[str, int]], w: Words) -> tuple[Bar, ...]:
    most = max((n for _, n in found), default=0) or 1
    return tuple(Bar(label, _WIDTH * n / most, w.number(n)) for label, n in found)


def _table(w: Words, name: str, rows: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    head = w.say("pictures", name, "head").split("|")
    return (tuple(head), *(tuple(row) for row in rows))


def _weeks(body: Any, w: Words) -> Picture:
    """Draw what was received in each week, a piece a kind."""
    counts: dict[int, dict[str, int]] = {}
    for week, kind, n in body or ():
        counts.setdefault(int(week), {})[kind] = n
    most = max((sum(one.values()) for one in counts.values()), default=0) or 1
    order = [str(kind) for kind in Kind]
    columns = tuple(_column(counts.get(week, {}), order, most) for week in range(WEEKS))
    there = [kind for kind in order if any(kind in one for one in counts.values())]
    rows = [
        (w.say("pictures", "weeks", "ago", count=WEEKS - 1 - week), *_numbers(one, there, w))
        for week, one in sorted(counts.items())
    ]
    head = (w.say("pictures", "weeks", "head"), *(_kind(w, kind) for kind in there))
    legend = tuple((f"kind-{order.index(kind)}", _kind(w, kind)) for kind in there)
    return _picture("weeks", w, columns=columns, legend=legend, table=(head, *rows))


def _numbers(one: Mapping[str, int], kinds: Sequence[str], w: Words) -> list[str]:
    return [w.number(one.get(kind, 0)) for kind in kinds]


def _column(one: Mapping[str, int], order: Sequence[str], most: int) -> tuple[Piece, ...]:
    pieces, at = [], 0.0
    for place, kind in enumerate(order):
        height = _WIDTH * one.get(kind, 0) / most
        if height:
            pieces.append(Piece(_WIDTH - at - height, height, f"kind-{place % COLOURS}"))
        at += height
    return tuple(pieces)


def _standing(body: Any, w: Words, kind: str) -> Picture:
    """Draw how requests stood at the end of each week, a piece a state."""
    weeks: Mapping[str, Sequence[Any]] = dict(sorted((body or {}).get("weeks", {}).items()))
    kinds = {one for rows in weeks.values() for one, _, _ in rows}
    chosen = kind if kind in kinds else ""
    counts = [_by_state(rows, chosen) for rows in weeks.values()]
    most = max((sum(one.values()) for one in counts), default=0) or 1
    order = [str(state) for state in State]
    there = [state for state in order if any(state in one for one in counts)]
    said = {state: w.say("pictures", "standing", "states", state) for state in there}
    head = (w.say("pictures", "standing", "head"), *said.values())
    days = [w.day(date.fromisoformat(day)) for day in weeks][:-1]
    days.append(w.say("pictures", "standing", "now"))
    rows = [(day, *_numbers(one, there, w)) for day, one in zip(days, counts, strict=False)]
    choices = [("", w.say("pictures", "standing", "every"), not chosen)]
    choices += [(one, _kind(w, one), one == chosen) for one in map(str, Kind) if one in kinds]
    return _picture(
        "standing",
        w,
        columns=tuple(_column(one, order, most) for one in counts) if there else (),
        legend=tuple((f"kind-{order.index(state)}", text) for state, text in said.items()),
        table=(head, *rows) if there else (),
        choices=tuple(choices) if len(kinds) > 1 else (),
    )


def _by_state(rows: Sequence[Any], kind: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for one, state, number in rows:
        if kind in ("", one):
            found[state] += number
    return found


def _states(body: Any, w: Words) -> Picture:
    found = [(w.say("states", state), n) for state, n in sorted((body or {}).items())]
    rows = [(label, w.number(n)) for label, n in found]
    return _picture("states", w, bars=_bars(found, w), table=_table(w, "states", rows))


def _ages(body: Any, w: Words) -> Picture:
    """Draw how much of their time running requests have used up."""
    begins = (0, *SHARES)
    found = []
    for begin, end in zip(begins, (*SHARES, SHARES[-1] + 1), strict=True):
        late = end > _HUNDRED
        label = w.say("pictures", "ages", "late") if late else f"{begin}–{end} %"
        found.append((label, int((body or {}).get(str(end), 0)), "bad" if late else "plain"))
    most = max((n for _, n, _ in found), default=0) or 1
    bars = tuple(Bar(label, _WIDTH * n / most, w.number(n), mark) for label, n, mark in found)
    rows = [(label, w.number(n)) for label, n, _ in found]
    return _picture("ages", w, bars=bars, table=_table(w, "ages", rows))


def _times(body: Any, w: Words) -> Picture:
    """Draw in how many days nine of ten requests of a kind were answered."""
    found = sorted((body or {}).items())
    most = max((one.get("p90", 0) for _, one in found), default=0) or 1
    bars = tuple(
        Bar(
            _kind(w, kind),
            _WIDTH * one.get("p90", 0) / most,
            w.say("pictures", "times", "days", p50=one["p50"], p90=one["p90"], p95=one["p95"]),
        )
        for kind, one in found
    )
    rows = [
        (_kind(w, kind), *(w.number(one[p]) for p in ("p50", "p90", "p95"))) for kind, one in found
    ]
    return _picture("times", w, bars=bars, table=_table(w, "times", rows))


def _rates(name: str, found: Sequence[tuple[str, Sequence[int]]], w: Words) -> Picture:
    """Draw shares of a whole, each with the two numbers behind it."""
    bars = tuple(
        Bar(label, _share(good, every), _said(good, every, w), _mark(good, every))
        for label, (good, every) in found
    )
    rows = [
        (label, w.number(good), w.number(every), f"{_share(good, every):.0f} %")
        for label, (good, every) in found
    ]
    return _picture(name, w, bars=bars, table=_table(w, name, rows))


def _share(good: int, every: int) -> float:
    return _WIDTH * good / every if every else 0.0


def _said(good: int, every: int, w: Words) -> str:
    return w.say("pictures", "share", share=f"{_share(good, every):.0f}", every=w.number(every))


def _mark(good: int, every: int) -> str:
    share = _share(good, every)
    return "good" if share >= _GOOD else "fair" if share >= _FAIR else "bad"


def _in_time(body: Any, w: Words) -> Picture:
    said = body or {}
    laws = parts().context.regimes
    found = [(_kind(w, kind), n) for kind, n in sorted(said.get("kind", {}).items())]
    found += [
        (w.either(laws[name].titles, name) if name in laws else name, n)
        for name, n in sorted(said.get("regime", {}).items())
    ]
    return _rates("in_time", found, w)


def _automatic(body: Any, w: Words) -> Picture:
    found = [(_kind(w, kind), n) for kind, n in sorted((body or {}).items())]
    return _rates("automatic", found, w)


def _denials(body: Any, w: Words) -> Picture:
    known = reasons.catalogue()
    found = [
        (w.either(known[code].texts, code) if code in known else _unnamed(code, w), n)
        for code, n in sorted((body or {}).items(), key=lambda one: -one[1])
    ]
    rows = [(label, w.number(n)) for label, n in found]
    return _picture("denials", w, bars=_bars(found, w), table=_table(w, "denials", rows))


def _unnamed(code: str, w: Words) -> str:
    """Say that no reason was given; a code that left the catalogue stays what it is."""
    return w.say("pictures", "denials", "unnamed") if code == UNNAMED else code


def _stores(body: Any, w: Words) -> Picture:
    """Draw how much waits for each store, and whether it is well."""
    found = body or ()
    most = max((n for _, _, n in found), default=0) or 1
    health = {
        good: w.say("pictures", "stores", "well" if good else "ill") for good in (True, False)
    }
    bars = tuple(
        Bar(
            name,
            _WIDTH * n / most,
            _of_store(health[bool(good)], n, w),
            "plain" if good else "bad",
        )
        for name, good, n in found
    )
    rows = [(name, health[bool(good)], w.number(n)) for name, good, n in found]
    return _picture("stores", w, bars=bars, table=_table(w, "stores", rows))


def _of_store(health: str, waiting: int, w: Words) -> str:
    return health + w.say("comma") + w.say("pictures", "stores", "waiting", count=waiting)


_DRAWN: Final[Mapping[str, Callable[[Any, Words], Picture]]] = MappingProxyType(
    {
        "weeks": _weeks,
        "states": _states,
        "ages": _ages,
        "times": _times,
        "in_time": _in_time,
        "denials": _denials,
        "automatic": _automatic,
        "stores": _stores,
    }
)
