"""What a contract test is told about one store: a filled one, and one person in it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.sdk import Change, Collection, Document, Item, KeySet, Switch, Target, Verb, Work

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
_steps = itertools.count(1)


def work(**changes: Any) -> Work:
    """A unit of work like no other, with ten minutes to do it in."""
    deadline = datetime.now(UTC) + timedelta(minutes=10)
    unit = Work(step_id=f"step-{next(_steps)}", fence=1, chunk=0, deadline=deadline, now=NOW)
    return replace(unit, **changes)


@dataclass(frozen=True)
class Case:
    """
    A filled store, and one person in it.

    Args:
        connect: A new connector to the store, as another worker would make it.
        target: Reaches exactly ``mine`` items, all of them the person's alone.
        others: Something comparable that changes when anybody else's item does.
        put_back: Makes one of the person's items appear again after an erasure.
        canary: A value among the person's keys; it may be in no message.
        unmapped: A text in the person's items that no field of the map declares.
        values: What the person's items hold in a column now.
        change, switch: For a connector that corrects, that suppresses.
        new: For one that adds: a target that names a row which is not there and one which is, and
            what such a row holds.
        down, denied, lost: A connector to a store that does not answer, that does not let us
            in, and to a collection that does not exist; None where that cannot be.
        close: Lets go of what the case itself opened.
        journals: The store remembers what was done, so that a repeat returns the same receipt.
    """

    connect: Callable[[], Any]
    target: Target
    mine: int
    others: Callable[[], object]
    put_back: Callable[[], None]
    canary: str
    unmapped: str = ""
    values: Callable[[str], list[Any]] | None = None
    change: Change | None = None
    switch: Switch | None = None
    new: tuple[Target, tuple[Change, ...]] | None = None
    down: Callable[[], Any] | None = None
    denied: Callable[[], Any] | None = None
    lost: Collection | None = None
    journals: bool = True
    close: Callable[[], None] = lambda: None

    @property
    def collection(self) -> Collection:
        return self.target.collection

    def empty(self) -> Target:
        """The same predicate, and nobody's keys."""
        return replace(self.target, keys=KeySet())


def record(item: Item) -> dict[str, Any]:
    return dict(item.record if isinstance(item, Document) else item)


def said(error: BaseException | None) -> Iterator[str]:
    """Everything an error would tell a log, its causes included."""
    while error is not None:
        yield f"{error} {error!r} {error.args!r}"
        error = error.__cause__ or error.__context__


class StoreContract:
    """The fixtures every part of the contract stands on; ``case`` is supplied by the subclass."""

    @pytest.fixture
    def opened(self, case: Case) -> Iterator[Callable[[Any], Any]]:
        """Remembers connectors, and closes them after the test."""
        made: list[Any] = []

        def remember(connector: Any) -> Any:
            made.append(connector)
            return connector

        yield remember
        for connector in made:
            connector.close_connections()
        case.close()

    @pytest.fixture
    def connector(self, case: Case, opened: Callable[[Any], Any]) -> Any:
        return opened(case.connect())

    @pytest.fixture
    def another(self, case: Case, opened: Callable[[Any], Any]) -> Any:
        """A second worker's connector to the same store."""
        return opened(case.connect())

    def able(self, connector: Any, *verbs: Verb) -> None:
        missing = set(verbs) - connector.manifest.verbs
        if missing:
            pytest.skip(f"declares no {', '.join(sorted(missing))}")
