"""
The SQL connector: PostgreSQL, MariaDB, MySQL and SQLite through SQLAlchemy Core.

Everything is done in sets: a handful of statements per collection, whatever the number of rows
or people. Effects, their fence and their journal row are one transaction.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import ClassVar

import sqlalchemy as sa
from sqlalchemy import exc

from connectors.parts.fates import erasable, overridden
from connectors.parts.wanted import wanted
from connectors.sdk import (
    Change,
    Collection,
    Erasure,
    Expect,
    Foreseen,
    Found,
    Inventory,
    Item,
    KeySet,
    Manifest,
    Reach,
    Receipt,
    Restriction,
    Strain,
    Switch,
    Target,
    Verb,
    Work,
)
from connectors.sql.adding import Adder
from connectors.sql.bystanders import Bystanders
from connectors.sql.chunks import Chunks
from connectors.sql.effects import Effects
from connectors.sql.emptying import METHODS, emptied
from connectors.sql.engines import Engines, SqlSettings
from connectors.sql.eraser import Eraser
from connectors.sql.errors import explain, guarded, guarded_stream
from connectors.sql.escrowed import Escrowed
from connectors.sql.escrowing import Escrow
from connectors.sql.foreseeing import Foreseer
from connectors.sql.jointly import Jointly, Member
from connectors.sql.journal import Journal
from connectors.sql.plans import Plans
from connectors.sql.predicates import Rows
from connectors.sql.reading import Reader
from connectors.sql.reflection import Schema
from connectors.sql.sealing import Sealed
from connectors.sql.sizes import Sizes
from connectors.sql.strain import Gauge
from connectors.sql.stretches import Stretches
from connectors.sql.verifying import Verifier

__all__ = ["Sql", "SqlSettings"]


class Sql:
    """One relational database."""

    manifest: ClassVar[Manifest] = Manifest(
        name="sql",
        title={
            "en": "Relational database (PostgreSQL, MariaDB, MySQL, SQLite)",
            "zh-CN": "关系数据库（PostgreSQL、MariaDB、MySQL、SQLite）",
        },
        verbs=frozenset(Verb),
        settings=SqlSettings,
        restrictions=frozenset({"flag", "seal", "escrow"}),
        journal="transaction",
        anonymises=frozenset(METHODS),
        adds=True,
    )

    def __init__(self, settings: SqlSettings) -> None:
        self._engines = Engines(settings)
        self._schema = Schema(self._engines, settings)
        self._plans = Plans(self._schema)
        self._reader = Reader(self._engines, self._schema, self._plans)
        journal = Journal(self._engines, settings)
        self._effects = Effects(self._engines, self._schema, self._plans, journal)
        self._adder = Adder(self._schema, self._effects)
        self._sizes = Sizes(self._engines, self._schema, self._plans, settings.whale_rows)
        self._escrow = Escrow(settings)
        stretches = Stretches(self._schema, self._plans, self._sizes, self._escrow)
        self._bystanders = Bystanders(self._engines, self._schema)
        self._chunks = Chunks(
            settings, self._engines, stretches, journal, self._sizes, self._bystanders
        )
        self._eraser = Eraser(
            self._plans, self._effects, self._chunks, self._bystanders, self._escrow
        )
        self._jointly = Jointly(
            self._engines, self._schema, self._plans, journal, self._chunks, self._escrow
        )
        self._foreseer = Foreseer(
            self._engines, self._schema, self._plans, self._sizes, self._escrow
        )
        self._verifier = Verifier(self._engines, self._schema)
        place = (self._engines, self._schema, self._effects, settings)
        self._sealed, self._escrowed = Sealed(*place), Escrowed(*place, self._escrow)
        self._gauge = Gauge(self._engines, replica=bool(settings.read_url))

    @guarded
    def probe(self) -> None:
        """Ask the database for a one."""
        for engine in dict.fromkeys((self._engines.reading, self._engines.acting)):
            with engine.connect() as connection:
                connection.execute(sa.text("SELECT 1"))

    def close_connections(self) -> None:
        """Let go of every connection, and of what was learnt about the schema."""
        self._engines.dispose()
        self._schema.forget()
        self._plans.forget()
        self._verifier.forget()
        self._sizes.forget()
        self._bystanders.forget()
        self._escrow.close()

    @guarded
    def freeze(
        self,
        collection: Collection,
        parents: KeySet,
        predicate: tuple[Reach, ...],
        columns: tuple[tuple[str, ...], ...],
    ) -> KeySet:
        """Return the keys of the reached rows, by standing."""
        if _put_away(collection):
            return self._away(collection).freeze(collection, parents, columns)
        return self._reader.freeze(collection, parents, predicate, columns)

    @guarded
    def locate(self, target: Target, work: Work) -> Found:  # noqa: ARG002 - the protocol's
        """Count the rows reached now."""
        return self._reader.locate(target)

    @guarded
    def foresee(self, target: Target, work: Work, *, erasing: bool = True) -> Foreseen:
        """Count what an erasure would do, and weigh the rows; nothing is changed."""
        return self._foreseer.foresee(target, work, erasing=erasing)

    @guarded_stream
    def collect(self, target: Target, work: Work) -> Iterator[Item]:
        """
        Stream the reached rows, disclosed fields only, masks applied, ordered by key.

        Of rows put away, which only a ticket lets anybody read, all that is kept.
        """
        if _put_away(target.collection):
            yield from self._away(target.collection).collect(target)
        else:
            yield from self._reader.collect(target, work)

    @guarded
    def erase(self, target: Target, work: Work) -> Receipt:
        """Delete or anonymise rows that are the persons' alone; cut their columns elsewhere."""
        if _put_away(target.collection):
            return self._away(target.collection).erase(target, work)
        return self._eraser.erase(target, work)

    @guarded
    def erase_jointly(self, members: Sequence[Member]) -> list[list[Receipt]] | None:
        """
        Erase for several people in one pass; None where it has to be one after the other.

        Args:
            members: For each person the collections, the same ones in the same order.

        Returns:
            For each person a receipt per collection.
        """
        return self._jointly.erase(members)

    @guarded
    def in_chunks(self, target: Target, work: Work) -> bool:
        """Return whether *target* is too large for one transaction, or was begun in chunks."""
        return self._chunks.due(target, work)

    @guarded
    def methods(self, target: Target, work: Work) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's
        """Return by which methods the columns of *target* are anonymised, as its table is."""
        collection = target.collection
        rows = Rows(target, self._schema.facts(collection))
        names = overridden if collection.erasure is Erasure.KEEP else erasable
        return emptied(rows, names(collection, rows.key)).methods

    @guarded
    def unhook(self, target: Target, work: Work, columns: tuple[str, ...]) -> Receipt:
        """Empty the pointer *columns* of rows that hang on the persons' own."""
        return self._eraser.unhook(target, work, columns)

    @contextlib.contextmanager
    def together(
        self, work: Work, chunks: Iterable[int], *, deferred: bool = False
    ) -> Iterator[None]:
        """
        Let the effects inside share one transaction, each with a chunk of its own.

        A small step with several collections then commits once. Either all of them happen or,
        when one raises, none. ``deferred``: foreign keys that can wait are checked at its end.
        """
        failure = None
        try:
            with self._effects.together(work, chunks, deferred=deferred):
                yield
        except exc.SQLAlchemyError as error:
            failure = explain(error, "sql")
        if failure:
            raise failure

    @guarded
    def correct(self, target: Target, work: Work, changes: Iterable[Change]) -> Receipt:
        """Compare and set the named columns of the persons' own rows; make those to be added."""
        asked = tuple(changes)
        values = wanted(target.collection, Expect.CORRECTED, asked)
        if target.adding:
            return self._adder.add(target, work, values)
        return self._effects.assign(target, work, values, asked)

    @guarded
    def restrict(self, target: Target, work: Work) -> Receipt:
        """Set the restriction flag on the persons' own rows; lock those in escrow anew."""
        if _put_away(target.collection):
            return self._away(target.collection).hold(target, work)
        return self._effects.assign(target, work, wanted(target.collection, Expect.RESTRICTED))

    @guarded
    def suppress(self, target: Target, work: Work, switch: Switch) -> Receipt:
        """Set the switch to off on the persons' own rows."""
        values = wanted(target.collection, Expect.SUPPRESSED, switch=switch)
        return self._effects.assign(target, work, values)

    @guarded
    def close(self, target: Target, work: Work) -> Receipt:
        """Set the columns that close the account."""
        return self._effects.assign(target, work, wanted(target.collection, Expect.CLOSED))

    @guarded
    def verify(
        self,
        target: Target,
        work: Work,
        expect: Expect,
        *,
        changes: Iterable[Change] = (),
        switch: Switch | None = None,
    ) -> Found:
        """Count the rows that are not as the effect should have left them."""
        if expect is Expect.ERASED:
            if _put_away(target.collection):
                return self._away(target.collection).verify(target, work)
            found = self._verifier.erased(target, work)
            rule = target.collection.restriction
            away = self._away(target.collection).count(target.collection) if _leaves(rule) else 0
            return replace(found, restricted=max(found.restricted, away)) if away else found
        values = wanted(target.collection, expect, changes, switch)
        if expect is Expect.ADDED:
            return self._verifier.added(target, work, values)
        return self._verifier.assigned(target, work, values)

    @guarded
    def discover(self) -> Inventory:
        """List tables, keys and foreign keys of the live database."""
        return self._schema.discover()

    @guarded
    def strain(self, *, lag: bool, locks: bool) -> Strain:
        """Return how far replicas are behind and how many wait for locks, of what was asked."""
        return self._gauge.read(lag=lag, locks=locks)

    @guarded
    def survey(self) -> Inventory:
        """List the same with triggers, rules and privileges; asked once while connected."""
        return self._schema.survey()

    def escrow_ready(self) -> None:
        """
        Make sure that rows can be put into escrow.

        Raises:
            Misconfigured: the store names no bucket, or one without object lock.
            Transient: the bucket could not be asked.
        """
        self._escrow.bucket.ready()

    def _away(self, collection: Collection) -> Sealed | Escrowed:
        """Return where held rows of *collection* are put away."""
        rule = collection.restriction
        return self._escrowed if rule is not None and rule.escrow else self._sealed


def _leaves(rule: Restriction | None) -> bool:
    return rule is not None and rule.away


def _put_away(collection: Collection) -> bool:
    """Return whether the rows meant are those sealed for a request, not the live ones."""
    return collection.ruling is not None and collection.ruling.sealed
