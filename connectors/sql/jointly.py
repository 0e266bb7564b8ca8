"""
Several people's erasures in one pass: the same statements over all their keys at once.

What is done is done to every row as it would be for its person alone, in one transaction, with
a journal row for each person and collection. Which row counts for whom is told by the key that
led to it. Whatever does not come to the same as one after the other is not done here: the
caller is told so, and nothing was changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connectors.parts.deadlines import on_time
from connectors.parts.digest import RowDigest
from connectors.parts.fates import moment
from connectors.parts.joining import Whose, joined
from connectors.parts.standing import ways
from connectors.sdk import KeySet, Receipt, Target, Work
from connectors.sql.chunks import Chunks
from connectors.sql.drafting import Draft, given
from connectors.sql.engines import Engines
from connectors.sql.erasing import Erasing
from connectors.sql.escrowing import Escrow
from connectors.sql.facts import columns
from connectors.sql.journal import Journal
from connectors.sql.journal_of_many import JournalOfMany
from connectors.sql.keysets import LONGEST_LIST, load
from connectors.sql.plans import Plan, Plans, Prepared
from connectors.sql.predicates import Rows
from connectors.sql.reflection import Schema
from connectors.sql.values import comparing
from rights.failpoints import Point, hit

Member = Sequence[tuple[Target, Work]]
"""One person's collections, in the order in which they are acted on."""


class _Apart(Exception):
    """These have to be erased one after the other."""


class Jointly:
    """``erase_jointly``."""

    def __init__(
        self,
        engines: Engines,
        schema: Schema,
        plans: Plans,
        journal: Journal,
        chunks: Chunks,
        escrow: Escrow,
    ) -> None:
        self._escrow = escrow
        self._engines, self._schema, self._plans = engines, schema, plans
        self._journal, self._notes, self._chunks = journal, JournalOfMany(journal), chunks

    def erase(self, members: Sequence[Member]) -> list[list[Receipt]] | None:
        """
        Erase for every member; return a receipt per member and collection.

        Returns:
            None where it has to be one after the other; nothing was changed then.

        Raises:
            Fenced: a newer worker has one of the steps.
        """
        keys = joined([member[0][0].keys for member in members])
        many = keys and any(len(keys.keys(anchor)) > LONGEST_LIST for anchor in keys.anchors)
        if keys is None or many or not self._journal.usable():
            return None
        try:
            return self._all(members, keys)
        except _Apart:
            return None

    def _all(self, members: Sequence[Member], keys: KeySet) -> list[list[Receipt]]:
        works = [work for member in members for _, work in member]
        for member in members:
            on_time(member[0][1])
        passes = [self._pass(members, n, keys) for n in range(len(members[0]))]
        with self._engines.acting.begin() as connection:
            if not self._notes.claim(connection, works):
                raise _Apart  # some were done before: each finds its own receipt
            done = [one.run(connection) for one in passes]
            receipts = [[by_path[n] for by_path in done] for n in range(len(members))]
            noted = (receipt for mine in receipts for receipt in mine)
            self._notes.finish(connection, zip(works, noted, strict=True))
            hit(Point.STORE_BEFORE)
        hit(Point.STORE_AFTER)
        return receipts

    def _pass(self, members: Sequence[Member], number: int, keys: KeySet) -> Pass:
        """Return one collection's part, or raise where it cannot be done for all at once."""
        rows = [member[number] for member in members]
        # What is held is judged at the earliest moment: none goes before its time.
        target, work = min(rows, key=_moment)
        target = replace(target, keys=keys)
        if self._chunks.due(target, work):
            raise _Apart
        table = self._schema.table(target.collection)
        key = self._schema.key(target.collection)
        if any(name not in table.c for reach in ways(target, key) for name in reach.columns):
            raise _Apart  # what leads to a row is inside a document
        plan = self._plans.get(
            ("jointly", work.anonymise),
            target,
            lambda rows: Draft(
                rows, anonymise=work.anonymise, telling=_telling(rows), escrow=self._escrow
            ).erasing(),
        )
        if plan.built.seal or plan.built.tree:
            raise _Apart
        whose = Whose(
            target,
            [t.keys for t, _ in rows],
            key,
            comparing(table, target.collection.path),
        )
        return Pass(plan, target, [work for _, work in rows], key, whose)


@dataclass(frozen=True, slots=True)
class Pass:
    """One collection, for all members."""

    plan: Plan[Erasing]
    target: Target
    works: Sequence[Work]
    key: tuple[str, ...]
    whose: Whose

    def run(self, connection: Connection) -> list[Receipt]:
        """Run its statements in the caller's transaction."""
        erasing, first = self.plan.built, self.works[0]
        loaded = load(connection, self.plan.slots, self.target.keys)
        parameters = {**loaded, **given(self.target, first)}
        erasing.hold_still(connection, parameters)
        if any(count.count(connection, parameters) for count, _ in erasing.stuck):
            raise _Apart  # one of them is refused, and by name
        return self._act(connection, parameters)

    def _act(self, connection: Connection, parameters: Mapping[str, Any]) -> list[Receipt]:
        erasing = self.plan.built
        spared = self._each(erasing.spared, connection, parameters)
        held = self._each(erasing.held, connection, parameters)
        kept = self._each(erasing.kept, connection, parameters)
        gone = self._each(erasing.going, connection, parameters)
        for statement in (*((erasing.hold,) if erasing.hold else ()), *erasing.unhooks):
            statement.run(connection, parameters)
        if erasing.goes and erasing.going:
            erasing.goes.run(connection, parameters)
        elif erasing.goes:
            gone = self._each(erasing.goes, connection, parameters)
        for statement in erasing.cuts:
            statement.run(connection, parameters)
        return [
            _receipt(erasing.because, *counts, digest=bool(erasing.keyed and self.key))
            for counts in zip(gone, spared, held, kept, strict=True)
        ]

    def _each(
        self, statement: Prepared | None, connection: Connection, parameters: Mapping[str, Any]
    ) -> list[RowDigest]:
        """Return how many of the statement's rows count for each member, with their keys."""
        out = [RowDigest(work.step_id) for work in self.works]
        if statement is None:
            return out
        found = statement.run(connection, parameters)
        names = tuple(found.keys())
        for values in found:
            row = dict(zip(names, values, strict=True))
            number = self.whose.number(row)
            if number is None:
                raise _Apart  # a row that cannot be told apart is left to its person's own step
            out[number].add(row[name] for name in self.key)
        return out


def _moment(row: tuple[Target, Work]) -> datetime:
    target, work = row
    ruling = target.collection.ruling
    return (ruling.at if ruling else None) or moment(work)


def _receipt(
    because: tuple[str, str],
    gone: RowDigest,
    spared: RowDigest,
    held: RowDigest,
    kept: RowDigest,
    *,
    digest: bool,
) -> Receipt:
    grounds = {ground for ground, n in zip(because, (held.count, kept.count), strict=True) if n}
    return Receipt(
        affected=gone.count,
        decorrelated=spared.count,
        retained=held.count + kept.count,
        because="; ".join(sorted(grounds)),
        digest=gone.hex() if digest else "",
    )


def _telling(rows: Rows) -> tuple[sa.Column[Any], ...]:
    """Return the columns by which a row's person is told, and those that name it."""
    reaches = ways(rows.target, rows.key)
    names: Iterable[str] = (
        *rows.key,
        *(name for reach in reaches for name in reach.columns),
        *(link.type_column for link in rows.target.collection.links if link.type_column),
        *(name for link in rows.target.collection.links for name in link.columns),
    )
    whole = (name for name in dict.fromkeys(names) if name in rows.table.c)
    return columns(rows.table, whole, rows.path)
