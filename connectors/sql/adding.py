"""
Rows that a person adds: one for each key that is named, made where there is none yet.

Set and made in one transaction, with its fence and its journal row, so that it happens once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.engine import Connection

from connectors.sdk import Key, Receipt, Refused, Target, Transient, Work
from connectors.sql.effects import Effects
from connectors.sql.facts import COMPUTED, column
from connectors.sql.reflection import Schema
from connectors.sql.values import comparing


class Adder:
    """``correct`` of a target that is ``adding``."""

    def __init__(self, schema: Schema, effects: Effects) -> None:
        self._schema = schema
        self._effects = effects

    def add(self, target: Target, work: Work, values: Mapping[str, Any]) -> Receipt:
        """
        Set *values* in the rows that are there, and make the others.

        Raises:
            Refused: the store does not take such a row; a column it insists on is named.
            Transient: somebody else made the row at this moment.
        """
        setting = self._effects.assigning(target, values)
        written = self._effects.written(target, values)

        def act(connection: Connection) -> Receipt:
            done = setting(connection).affected
            made = sum(self._made(connection, target, key, written) for key in target.named)
            return Receipt(affected=done + made)

        return self._effects.once(target, work, act)

    def _made(
        self, connection: Connection, target: Target, key: Key, written: Mapping[str, Any]
    ) -> bool:
        """Make one row unless it is there; return whether it was made."""
        names = target.collection.key
        row = self._effects.written(target, dict(zip(names, key, strict=True)))
        if self._there(connection, target, row):
            return False
        statement = sa.insert(self._schema.table(target.collection)).inline()
        refused = False
        try:
            with connection.begin_nested():
                connection.execute(statement, {**row, **written})
        except exc.IntegrityError:
            refused = True  # raised below: the driver's message has values in it
        if refused and self._there(connection, target, row):
            raise Transient(
                f"{target.collection.path}: such a row was just made; it is tried again"
            )
        if refused:
            raise self._not_taken(target, {**row, **written})
        return True

    def _there(self, connection: Connection, target: Target, row: Mapping[str, Any]) -> bool:
        """Return whether a row has exactly this key, whatever the store takes for equal."""
        table, path = self._schema.table(target.collection), target.collection.path
        same = comparing(table, path)
        columns = [column(table, name, path) for name in row]
        mine = (one == value for one, value in zip(columns, row.values(), strict=True))
        found = connection.execute(sa.select(*columns).where(*mine)).mappings()
        return any(all(same(n, one[n]) == same(n, v) for n, v in row.items()) for one in found)

    def _not_taken(self, target: Target, row: Mapping[str, Any]) -> Refused:
        table = self._schema.table(target.collection)
        lacks = sorted(
            c.name
            for c in table.columns
            if not (c.nullable or c.server_default is not None or c.info.get(COMPUTED))
            and c.name not in row
            and c is not table.autoincrement_column
        )
        why = f"it insists on {', '.join(lacks)}" if lacks else "one of its rules forbids it"
        return Refused(f"{target.collection.path}: the table takes no such row: {why}")
