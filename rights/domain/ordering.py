"""
Putting things in order that depend on each other, also where some do so in a circle.

What is in a circle comes out as one group: nothing in it can be wholly before the rest of it.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping

Dependencies = Mapping[str, frozenset[str]]
"""A name to the names that must come before it; itself never among them."""


def groups(before: Dependencies, last: frozenset[str] = frozenset()) -> tuple[tuple[str, ...], ...]:
    """
    Return the names in groups, each after all it depends on; ties keep the given order.

    A group of more than one is a knot: its members depend on each other in a circle.

    Args:
        last: Names taken only when nothing else is ready.
    """
    knots = _knots(before)
    of = {name: knot[0] for knot in knots for name in knot}
    members = {knot[0]: knot for knot in knots}
    above = {
        first: frozenset(of[need] for name in knot for need in before[name]) - {first}
        for first, knot in members.items()
    }
    late = frozenset(first for first, knot in members.items() if last & frozenset(knot))
    return tuple(members[first] for first in _ordered(above, late))


def ordered(before: Dependencies, last: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Return the names of :func:`groups`, one after the other; in a knot, *last* come last."""
    return tuple(
        name for group in groups(before, last) for name in sorted(group, key=lambda n: n in last)
    )


def _ordered(before: Dependencies, last: frozenset[str]) -> Iterator[str]:
    rank = {name: (name in last, place) for place, name in enumerate(before)}
    waiting = {name: len(needs) for name, needs in before.items()}
    after: dict[str, list[str]] = {name: [] for name in before}
    for name, needs in before.items():
        for need in needs:
            after[need].append(name)
    ready = [(rank[name], name) for name, count in waiting.items() if not count]
    heapq.heapify(ready)
    while ready:
        _, name = heapq.heappop(ready)
        yield name
        for follower in after[name]:
            waiting[follower] -= 1
            if not waiting[follower]:
                heapq.heappush(ready, (rank[follower], follower))


def _knots(before: Dependencies) -> list[tuple[str, ...]]:  # noqa: C901 - one algorithm
    """
    Return the strongly connected parts, each in the given order, by their first member.

    Tarjan's algorithm, with a stack of our own in place of recursion.
    """
    place = {name: n for n, name in enumerate(before)}
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    open_: dict[str, None] = {}
    found: list[tuple[str, ...]] = []
    for start in before:
        if start in number:
            continue
        number[start] = low[start] = len(number)
        open_[start] = None
        walk = [(start, iter(sorted(before[start], key=place.__getitem__)))]
        while walk:
            name, needs = walk[-1]
            step = next(needs, None)
            if step is None:
                walk.pop()
                if walk:
                    low[walk[-1][0]] = min(low[walk[-1][0]], low[name])
                if low[name] == number[name]:
                    found.append(_closed(name, open_, place))
            elif step not in number:
                number[step] = low[step] = len(number)
                open_[step] = None
                walk.append((step, iter(sorted(before[step], key=place.__getitem__))))
            elif step in open_:
                low[name] = min(low[name], number[step])
    return sorted(found, key=lambda knot: place[knot[0]])


def _closed(root: str, open_: dict[str, None], place: Mapping[str, int]) -> tuple[str, ...]:
    members: list[str] = []
    while not members or members[-1] != root:
        members.append(open_.popitem()[0])
    return tuple(sorted(members, key=place.__getitem__))
