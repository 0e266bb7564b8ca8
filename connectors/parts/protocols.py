"""The shape of a connector: what every one has, and one protocol for each verb."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Protocol

from connectors.parts.types import (
    Change,
    Expect,
    Found,
    Inventory,
    Item,
    Manifest,
    Reach,
    Receipt,
    Target,
    Work,
)
from rights.domain.datamap import Collection, Switch
from rights.domain.keys import KeySet


class Connector(Protocol):
    """
    What every connector has. The verbs are found by name: see :class:`Verb`.

    ``__init__(settings)`` takes the manifest's settings dataclass, secrets resolved, and
    opens nothing: connections are made at first use, after the worker has forked.

    * ``freeze(collection, parents: KeySet, predicate, columns) -> KeySet``
    * ``locate(target, work) -> Found``
    * ``collect(target, work) -> Iterator[Item]``
    * ``erase(target, work) -> Receipt``
    * ``correct(target, work, changes: Sequence[Change]) -> Receipt``
    * ``restrict(target, work) -> Receipt``
    * ``suppress(target, work, switch: Switch) -> Receipt``
    * ``close(target, work) -> Receipt``
    * ``verify(target, work, expect: Expect) -> Found``
    * ``discover() -> Inventory``

    A store with transactions may have ``together(work, chunks, deferred=False)``, a context
    manager: the effects inside, each with a chunk of its own out of *chunks*, all happen or none
    does. What they returned holds once the block has ended without an error. ``deferred`` lets
    foreign keys be checked at its end.

    A store that does large erasures in parts has ``in_chunks(target, work) -> bool``, which tells
    whether that one will be; ``erase`` then raises ``Unfinished`` after ``work.until``, goes on
    when it is called again, and returns the receipt of the whole at last.

    A store that can tell beforehand what an erasure comes to has ``foresee(target, work, *,
    erasing=True) -> Foreseen``; where nothing is to be erased it only says what the rows weigh.
    It changes nothing, and counts by the conditions that the erasure acts by.

    A store with foreign keys has ``survey() -> Inventory``, which is ``discover`` remembered while
    connections last, with triggers and privileges; and ``unhook(target, work, columns)``, which
    empties the pointer *columns* of rows that hang on the person's, before those are erased.

    A store whose held rows can go into escrow has ``escrow_ready()``, which raises Misconfigured
    where the bucket does not keep what it is given.
    """

    manifest: ClassVar[Manifest]

    def __init__(self, settings: Any) -> None: ...

    def probe(self) -> None:
        """Reach the store with a harmless call. Raises a ConnectorError if that fails."""

    def close_connections(self) -> None:
        """Let go of sockets and pools; the connector may be used again afterwards."""


class Freezes(Protocol):
    """Can tell which rows are reached, by key."""

    def freeze(
        self,
        collection: Collection,
        parents: KeySet,
        predicate: tuple[Reach, ...],
        columns: tuple[tuple[str, ...], ...],
    ) -> KeySet:
        """
        Return the keys of the reached rows, by standing.

        Args:
            columns: Which column tuples to return besides the key: ``()`` means the key,
                others are what links or identifier types need. The result holds one anchor
                per entry: ``path`` for the key, ``path:col,col`` for others, and for identity
                rows ``identifier:<type>`` for each of ``collection.identifies``.
        """
        ...


class Locates(Protocol):
    """Can count."""

    def locate(self, target: Target, work: Work) -> Found:
        """Count the rows reached now."""
        ...


class Collects(Protocol):
    """Can read."""

    def collect(self, target: Target, work: Work) -> Iterator[Item]:
        """Stream the reached rows, disclosed fields only, masks applied, ordered by key."""
        ...


class Erases(Protocol):
    """Can erase."""

    def erase(self, target: Target, work: Work) -> Receipt:
        """Delete ``sole`` rows (or anonymise them), decorrelate ``shared`` and ``seen`` ones."""
        ...


class Corrects(Protocol):
    """Can correct."""

    def correct(self, target: Target, work: Work, changes: Iterable[Change]) -> Receipt:
        """
        Compare and set the named columns of rows that are the person's own.

        Of a target that is ``adding``, where ``manifest.adds``: make the rows that are not there.
        """
        ...


class Restricts(Protocol):
    """Can restrict."""

    def restrict(self, target: Target, work: Work) -> Receipt:
        """Put the person's own rows out of use, kept only in storage."""
        ...


class Suppresses(Protocol):
    """Can turn a switch off."""

    def suppress(self, target: Target, work: Work, switch: Switch) -> Receipt:
        """Set ``switch.column`` to ``switch.off`` for the person."""
        ...


class Closes(Protocol):
    """Can close an account."""

    def close(self, target: Target, work: Work) -> Receipt:
        """Make the account unusable (``collection.close``), before its data goes."""
        ...


class Verifies(Protocol):
    """Can read an effect back."""

    def verify(
        self,
        target: Target,
        work: Work,
        expect: Expect,
        *,
        changes: Iterable[Change] = (),
        switch: Switch | None = None,
    ) -> Found:
        """
        Count the rows that are *not* as the effect should have left them.

        ``rows == 0`` is the proof; the statement is written apart from the one that acted.
        """
        ...


class Discovers(Protocol):
    """Can describe itself."""

    def discover(self) -> Inventory:
        """List tables, keys and foreign keys of the live store."""
        ...
