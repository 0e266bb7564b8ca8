"""What goes into a verb and what comes out of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from rights.domain.datamap import Collection, Link, Role, Scalar
from rights.domain.keys import Key, KeySet, Standing

Record = Mapping[str, Any]
"""One row, keyed by field name, JSON-native values only (nested lists and objects allowed)."""


class Verb(StrEnum):
    """What a store may be able to do. The value is the method's name."""

    FREEZE = "freeze"
    LOCATE = "locate"
    COLLECT = "collect"
    CORRECT = "correct"
    ERASE = "erase"
    RESTRICT = "restrict"
    SUPPRESS = "suppress"
    CLOSE = "close"
    VERIFY = "verify"
    DISCOVER = "discover"


@dataclass(frozen=True, slots=True)
class Manifest:
    """
    What the planner, the console and the docs know about a connector without running it.

    Args:
        name: The value of ``connector:`` in the data map. Lower case, stable for ever.
        verbs: What it can do. A verb that is absent becomes a task for staff, never a no-op.
        settings: A frozen dataclass; its fields are the YAML keys under ``settings:``.
        restrictions: The restriction strategies it knows (``flag``, …).
        journal: How an effect is made to happen once: ``transaction`` (the journal row and
            the effect commit together), ``intent`` (written before and after) or ``key``
            (the store itself deduplicates by step id).
        timeout: The longest one step may run, wall clock.
        anonymises: The methods by which it anonymises a row, of those that are registered in
            ``connectors/parts/anonymisation.yaml``. A method ``methods(target, work)`` of the
            connector may say which of them one collection needs.
        adds: ``correct`` makes the rows of a target that is ``adding``. Without it, what a person
            adds is a task for staff.
    """

    name: str
    title: Mapping[str, str]
    verbs: frozenset[Verb]
    settings: type[Any]
    restrictions: frozenset[str] = frozenset()
    journal: str = "intent"
    timeout: timedelta = timedelta(minutes=10)
    anonymises: frozenset[str] = frozenset({"empty"})
    adds: bool = False


@dataclass(frozen=True, slots=True)
class Reach:
    """
    One way by which rows of a collection are reached.

    Args:
        columns: Columns of the collection, compared with the anchor's keys in order.
        anchor: ``identifier:<type>`` or ``<store>.<collection>[:columns]`` in the key set.
        role: What reaching a row this way says about whose it is. A collection that
            identifies people is reached by its own identifier columns as ``owner``.
        link: The data map's link; None for the identifier columns of an identity row.
        normalise: The identifier type's ``normalise``, where the anchor is one: ``email`` and
            ``lower`` make the comparison blind to case, anything else compares exactly.
        person: A row with a value here *is* that person, so whoever else owns it by a link does
            not own it alone.
    """

    columns: tuple[str, ...]
    anchor: str
    role: Role
    link: Link | None = None
    normalise: str = ""
    person: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """
    What a verb acts on: rows of one collection, reached from frozen keys.

    Args:
        keys: Frozen keys of the parents, of one person or of many. Also holds the
            collection's own frozen keys under its own path when it has children.
        predicate: Every way the rows are reached; a row counts when any of them holds.
            Computed once from the data map by the planner.
        freezing: Whose the rows are is being found out: no row is theirs for having been so.
        unhooked: Pointers by which rows were found are cut already, to break a circle of foreign
            keys: what was frozen as theirs alone goes by its own key.
        adding: The keys under the collection's own path name rows of which some may not be there
            yet: ``correct`` makes those, of their key and of what it sets.
    """

    collection: Collection
    keys: KeySet = field(repr=False)
    predicate: tuple[Reach, ...] = ()
    freezing: bool = False
    unhooked: bool = False
    adding: bool = False

    @property
    def named(self) -> tuple[Key, ...]:
        """The rows that an ``adding`` target names, each once."""
        return tuple(dict.fromkeys(self.keys.keys(self.collection.path)))


@dataclass(frozen=True, slots=True)
class Work:
    """
    Which unit of work this is, so that a late or repeated worker is harmless.

    Args:
        step_id: Unique for ever; the idempotency key towards the store.
        fence: Grows with every claim of the step. A store that can, refuses a lower one.
        chunk: Number of the part of the step, from 0; one per collection and page range.
        deadline: Aware UTC; give up before it and raise ``Transient``.
        anonymise: Replace rather than delete, where the request's option asks for it.
        keep_running: Called between batches; raises ``Fenced`` when the lease was lost.
        until: Aware UTC; an effect done in chunks gives the worker back at the first boundary
            after it and raises ``Unfinished``. None: it goes on to its end.
        waited_for: Asked after ``until``: whether anybody waits for this worker. If nobody does,
            it may go on, up to ``at_most``, and need not read everything again.
        strained: Asked at the same boundaries: whether the store has enough for now.
        bystanders: Rows of other people to look at around an erasure; 0 for none.
        sampled: Also around one that fits into one transaction.
    """

    step_id: str
    fence: int
    chunk: int
    deadline: datetime
    anonymise: bool = False
    now: datetime | None = None
    keep_running: Callable[[], None] = field(default=lambda: None, repr=False)
    until: datetime | None = None
    waited_for: Callable[[], bool] = field(default=lambda: True, repr=False)
    at_most: datetime | None = None
    strained: Callable[[], bool] = field(default=lambda: False, repr=False)
    bystanders: int = 0
    sampled: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """
    One field to correct in every reached row.

    Args:
        old: What the person or the dry run saw; ``UNKNOWN`` when nothing was seen. A row whose
            value is neither *old* nor *value* is left alone and counted as ``conflicts``. Where
            *old* is None, a text of nothing but space counts as none too.
    """

    column: str
    value: Scalar = field(repr=False)
    old: Scalar = field(default=None, repr=False)
    check_old: bool = False

    def clashes(self, held: object) -> bool:
        """Tell whether a row that holds *held* must be left alone; a blank text is no value."""
        if not self.check_old or held in (self.old, self.value):
            return False
        blank = held is None or (isinstance(held, str) and not held.strip())
        return not (blank and self.old is None)


@dataclass(frozen=True, slots=True)
class Receipt:
    """
    What happened in one collection, for the audit trail and the answer to the person.

    Args:
        affected: Rows changed or removed in total by this step, repeats included once. Rows
            that are only decorrelated, or only flagged as retained, are not among them.
        decorrelated: Rows kept for others, this person's columns cut.
        retained: Rows deliberately kept.
        because: The ground for keeping them; required when ``retained`` is not 0.
        conflicts: Rows left alone because somebody changed them meanwhile.
        at_least: True when a crash may have hidden earlier effects from the count.
        digest: Hex SHA-256 over the affected keys where the store lets us know them.
        bystanders: Rows of other people that were looked at around the effect.
        disturbed: Of those, how many the effect's own transaction changed or removed.
    """

    affected: int = 0
    decorrelated: int = 0
    retained: int = 0
    because: str = ""
    conflicts: int = 0
    at_least: bool = False
    digest: str = ""
    bystanders: int = 0
    disturbed: int = 0

    def __post_init__(self) -> None:
        if self.retained and not self.because:
            raise ValueError("a receipt that retains records must say why")

    def to_json(self) -> dict[str, Any]:
        """Return JSON-native data; every field is plain already."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True)
class Document:
    """
    A file of the person's, with the record that describes it.

    Args:
        name: Relative file name for the package; sanitised by the writer.
        size: Bytes.
        chunks: The content, opened lazily; each iteration is one read of the object.
    """

    name: str
    media_type: str
    size: int
    record: Record
    chunks: Callable[[], Iterator[bytes]] = field(repr=False)


Item = Record | Document


@dataclass(frozen=True, slots=True)
class Found:
    """
    The answer of ``locate`` and ``verify``.

    Args:
        rows: ``locate``: rows reached now, whatever their standing. ``verify``: rows that are
            not as the effect should have left them.
        by_standing: The same rows, apart by whose they are.
        restricted: ``locate``: of ``rows``, how many are restricted already. ``verify`` of an
            erasure: rows still there, besides ``rows``, that retention or a ``keep`` of the
            data map holds.
        bytes: An estimate; 0 when the store cannot tell.
    """

    rows: int = 0
    by_standing: Mapping[Standing, int] = field(default_factory=dict)
    restricted: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Foreseen:
    """
    What an erasure would do to the rows of one collection, and what they weigh.

    Args:
        deleted, anonymised, decorrelated: Rows, by the conditions the erasure itself acts by.
        held: Rows that a rule or the data map holds.
        kept: Rows that stay because a link says so.
        newest: The latest moment that a hold counts from, among ``held``.
        undated: Of ``held``, those without such a moment: their period has not begun.
        row_bytes: Of one row on average, an estimate.
        measured: Rows that the average is of; 0 when there were none, or the store cannot tell.
        engine: The kind of store, as the costs name it.
        pages: That the rows are spread over, of all the table has; 0 where nothing is known.
        indexes: Of the table.
    """

    deleted: int = 0
    anonymised: int = 0
    decorrelated: int = 0
    held: int = 0
    kept: int = 0
    newest: object = None
    undated: int = 0
    row_bytes: float = 0.0
    measured: int = 0
    engine: str = ""
    pages: int = 0
    indexes: int = 0


@dataclass(frozen=True, slots=True)
class TableFound:
    """
    One table or prefix that exists in the live store.

    Args:
        columns: Column name to type, in the store's words.
        key: Primary key columns; empty when there is none.
        foreign_keys: (columns, target table, target columns) for each.
        unindexed: Foreign key columns without an index.
        nullable: Columns that may be empty, where the store tells.
        deferrable: Foreign key columns that the store can check at the end of a transaction.
        on_delete: Foreign key columns to what the store does by itself when the row they point
            at goes: ``CASCADE``, ``SET NULL``, ``SET DEFAULT``.
        triggers: Names of triggers that run when rows are changed or deleted.
        rewrites: Names of rules by which the store does something else than it is told.
        lacks: What the account may not do here: ``SELECT``, ``UPDATE``, ``DELETE``.
        documents: Columns into which a link may reach (``payload.customer.email``).
        lasting: The store never gives the key of a deleted row to a new one by itself.
    """

    name: str
    columns: Mapping[str, str]
    key: tuple[str, ...] = ()
    foreign_keys: tuple[tuple[tuple[str, ...], str, tuple[str, ...]], ...] = ()
    unindexed: tuple[tuple[str, ...], ...] = ()
    nullable: tuple[str, ...] = ()
    deferrable: tuple[tuple[str, ...], ...] = ()
    on_delete: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    triggers: tuple[str, ...] = ()
    rewrites: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    lasting: bool = False


@dataclass(frozen=True, slots=True)
class Strain:
    """
    What a store shows of its load, for ``pause_when``; of what was asked.

    Args:
        replication_lag_s: How far the slowest replica is behind; infinite where it stands still.
        lock_waits: Sessions that wait for a lock, anybody's.
    """

    replication_lag_s: float = 0.0
    lock_waits: int = 0


@dataclass(frozen=True, slots=True)
class Inventory:
    """
    What ``discover`` saw, with a hash that changes when the schema does.

    Args:
        views: What can be read like a table and is none.
    """

    tables: tuple[TableFound, ...]
    hash: str
    views: tuple[str, ...] = ()


class Expect(StrEnum):
    """What a verification looks for, independently of how the effect was made."""

    ERASED = "erased"
    CORRECTED = "corrected"
    RESTRICTED = "restricted"
    SUPPRESSED = "suppressed"
    CLOSED = "closed"
    ADDED = "added"
    """Every row that an ``adding`` target names is there, and holds the values."""
