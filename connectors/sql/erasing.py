"""
Erasing, set by set.

A collection takes one statement where nothing can survive, and a few more where rows have
several owners, are held by law, or are merely seen by the person. The order matters: what
goes, goes first, so that what is cut afterwards is only what stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Connection

from connectors.parts.digest import RowDigest
from connectors.sdk import Receipt, Refused, Work
from connectors.sql.plans import Prepared
from connectors.sql.sealing import Sealing

ROWS = "rights_rows"
"""The parameter that takes the keys of rows."""

_CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class Erasing:
    """
    The statements of one erasure, in the order they run; None where nothing can match.

    Args:
        lock: Holds rows that two people could erase at the same time, so that the last owner
            is seen to be the last.
        stuck: Counts rows whose pointer cannot be cut, with the column's name.
        spared: Counts the rows whose columns ``cuts`` will cut.
        held: Counts the rows a rule keeps; ``hold`` empties and flags them.
        unhooks: Cut before anything goes: pointers at rows of this same collection.
        going: Reads the rows that will go, where they are to be told apart and ``goes`` cannot say.
        goes: Deletes or anonymises; ``tree`` does it where rows that go point at each other
            and the database minds (MariaDB checks foreign keys row by row).
        seal: Puts the rows that ``held`` counts away, where they may not stay in the table.
        kept: Counts the rows a link keeps.
        settles: A row that was treated matches nothing here any more.
        left: Counts the rows that are still to go, or to be cut.
    """

    path: str
    because: tuple[str, str]
    lock: Prepared | None = None
    stuck: tuple[tuple[Prepared, str], ...] = ()
    spared: Prepared | None = None
    held: Prepared | None = None
    hold: Prepared | None = None
    seal: Sealing | None = None
    unhooks: tuple[Prepared, ...] = ()
    going: Prepared | None = None
    goes: Prepared | None = None
    tree: Tree | None = None
    keyed: bool = False
    kept: Prepared | None = None
    cuts: tuple[Prepared, ...] = ()
    settles: bool = True
    left: Prepared | None = None

    def refuse(self, connection: Connection, parameters: Mapping[str, Any]) -> None:
        """
        Stop before anything is changed.

        Raises:
            Refused: a pointer at the person cannot be cut.
        """
        for count, name in self.stuck:
            if count.count(connection, parameters):
                raise Refused(
                    f"{self.path}: column {name} points at the person, may not be empty and has no"
                    " neutral value; make it nullable, or declare 'on_erasure' for its link"
                )

    def run(self, connection: Connection, parameters: Mapping[str, Any], work: Work) -> Receipt:
        """Run them in the caller's transaction."""
        self.hold_still(connection, parameters)
        self.refuse(connection, parameters)
        return self._act(connection, parameters, work)

    def chunk(self, connection: Connection, parameters: Mapping[str, Any], work: Work) -> Receipt:
        """Run those of one range; :meth:`refuse` was asked before the first."""
        self.hold_still(connection, parameters)
        return self._act(connection, parameters, work)

    def hold_still(self, connection: Connection, parameters: Mapping[str, Any]) -> None:
        """Lock the rows that somebody else could erase at the same time."""
        if self.lock:
            self.lock.run(connection, parameters).close()

    def _act(self, connection: Connection, parameters: Mapping[str, Any], work: Work) -> Receipt:
        spared = self._count(self.spared, connection, parameters)
        held = self._count(self.held, connection, parameters)
        kept = self._count(self.kept, connection, parameters)
        if self.seal:
            self.seal.run(connection, parameters)
        for statement in (*((self.hold,) if self.hold else ()), *self.unhooks):
            statement.run(connection, parameters)
        affected, digest = self._go(connection, parameters, work)
        cut = [statement.run(connection, parameters).rowcount for statement in self.cuts]
        grounds = {ground for ground, n in zip(self.because, (held, kept), strict=True) if n}
        return Receipt(
            affected=affected,
            decorrelated=spared if self.spared else sum(cut),
            retained=held + kept,
            because="; ".join(sorted(grounds)),
            digest=digest,
        )

    def _go(
        self, connection: Connection, parameters: Mapping[str, Any], work: Work
    ) -> tuple[int, str]:
        if self.goes is None:
            return 0, ""
        gone: Iterable[Any]
        if self.tree:
            gone = self.tree.fell(connection, parameters)
        elif self.keyed:
            gone = self.goes.run(connection, parameters)
        else:
            return self.goes.run(connection, parameters).rowcount, ""
        digest = RowDigest(work.step_id)
        for row in gone:
            digest.add(row)
        return digest.count, digest.hex()

    def _count(
        self, statement: Prepared | None, connection: Connection, parameters: Mapping[str, Any]
    ) -> int:
        return statement.count(connection, parameters) if statement else 0


@dataclass(frozen=True, slots=True)
class Tree:
    """Deletes rows that point at each other: first every pointer is cut, then the rows go."""

    keys: Prepared
    cut: Prepared
    delete: Prepared
    single: bool

    def fell(self, connection: Connection, parameters: Mapping[str, Any]) -> list[Any]:
        """Do it, and return the keys of the rows."""
        found = self.keys.run(connection, parameters).all()
        chunks = [found[n : n + _CHUNK] for n in range(0, len(found), _CHUNK)]
        for statement in (self.cut, self.delete):
            for chunk in chunks:
                sent = [row[0] if self.single else tuple(row) for row in chunk]
                statement.run(connection, {ROWS: sent})
        return list(found)
