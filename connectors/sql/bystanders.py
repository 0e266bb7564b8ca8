"""
Rows of other people, looked at around an effect: did our own transaction change one?

A few rows that no key of the person's leads to are read inside the transaction before the effect
and again after it. Where one differs, a connection outside is asked. What everybody else sees as
well was changed by somebody else; what only this transaction sees was changed by it, or by a
trigger or a foreign key in it. Only digests are kept, and those for as long as the effect lasts.

Nothing is locked and no table is read through: rows are looked up near numbers drawn by the step.
"""

from __future__ import annotations

import hashlib
import itertools
import random
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connectors.parts.standing import Standings
from connectors.sdk import Receipt, Target, Work
from connectors.sql.engines import Engines
from connectors.sql.facts import columns
from connectors.sql.reflection import Schema
from connectors.sql.values import comparing

MOST_KEYS = 20_000
"""Frozen keys up to which it is judged whose a row is: more would cost more than the look."""

_LETTERS = string.digits + string.ascii_letters

_LAST = 0xD7FF
"""The last character before those that stand for nothing alone."""

Digests = Mapping[tuple[Any, ...], bytes]


@dataclass(frozen=True, slots=True)
class Group:
    """
    The rows that are looked at around one effect.

    Args:
        before: Key to digest, as the transaction saw them before the effect.
    """

    before: Digests = field(default_factory=dict, repr=False)
    read: sa.Select[Any] | None = None
    outside: sa.Engine | None = field(default=None, repr=False)
    key: tuple[str, ...] = ()

    def told(self, connection: Connection, receipt: Receipt) -> Receipt:
        """Return *receipt* with how many rows were looked at, and how many we changed."""
        if not self.before:
            return receipt
        return replace(receipt, bystanders=len(self.before), disturbed=self._disturbed(connection))

    def _disturbed(self, connection: Connection) -> int:
        """Return how many rows differ in here while everybody else sees them as they were."""
        after = self._now(connection, self.before)
        differing = [key for key, digest in self.before.items() if after.get(key) != digest]
        if not differing or self.outside is None:  # SQLite has one writer at a time: ourselves
            return len(differing)
        with self.outside.connect() as other:
            other = other.execution_options(isolation_level="AUTOCOMMIT")  # noqa: PLW2901 - the same connection, told how
            there = self._now(other, differing)
        return sum(there.get(key) == self.before[key] for key in differing)

    def _now(self, connection: Connection, keys: Iterable[tuple[Any, ...]]) -> Digests:
        if self.read is None:
            return {}
        sent = [key[0] if len(key) == 1 else key for key in keys]
        found = connection.execute(self.read, {"keys": sent}).mappings()
        return {_key(row, self.key): _digest(row) for row in found}


class Bystanders:
    """Chooses rows of other people in the tables of one store."""

    def __init__(self, engines: Engines, schema: Schema) -> None:
        self._engines, self._schema = engines, schema
        self._near: dict[tuple[str, int], sa.CompoundSelect[Any]] = {}

    def forget(self) -> None:
        """Build everything anew: the schema was not what we thought."""
        self._near.clear()

    def around(self, connection: Connection, target: Target, work: Work, salt: int = 0) -> Group:
        """
        Return the rows to look at around an effect that is about to happen; perhaps none.

        Args:
            salt: Number of the part of the effect: each looks at other rows.
        """
        key = self._schema.key(target.collection)
        if not work.bystanders or not key or len(target.keys) > MOST_KEYS:
            return Group()
        table = self._schema.table(target.collection)
        drawn = random.Random(f"{work.step_id}:{work.chunk}:{salt}")  # noqa: S311 - not a secret
        points = _points(connection, table.c[key[0]], drawn, work.bystanders)
        if not points:
            return Group()
        near = self._near_by(table, key, len(points))
        given = {f"near_{n}": point for n, point in enumerate(points)}
        found = {_key(row, key): row for row in connection.execute(near, given).mappings()}
        others = self._others(target, key, found.values()) if found else []
        outside = None if connection.dialect.name == "sqlite" else self._engines.acting
        return Group(
            {_key(row, key): _digest(row) for row in others},
            _reading(table, key),
            outside,
            key,
        )

    def _others(
        self, target: Target, key: tuple[str, ...], rows: Iterable[Mapping[Any, Any]]
    ) -> list[Mapping[Any, Any]]:
        """Return those of *rows* that no key leads to, as Python judges it and not as SQL does."""
        same = comparing(self._schema.table(target.collection), target.collection.path)
        standings = Standings(target, key, same)
        return [row for row in rows if not standings.hits(row)]

    def _near_by(self, table: sa.Table, key: tuple[str, ...], count: int) -> sa.CompoundSelect[Any]:
        place = (table.fullname, count)
        if place not in self._near:
            self._near[place] = _near(table, key, count)
        return self._near[place]


def _points(
    connection: Connection, first: sa.Column[Any], drawn: random.Random, count: int
) -> list[Any]:
    """Return where to look: values of the first column of the key, or none for its type."""
    if isinstance(first.type, sa.Uuid):
        return [UUID(int=drawn.getrandbits(128)) for _ in range(count)]
    text = isinstance(first.type, sa.String) and not isinstance(first.type, sa.Enum)
    if not text and not isinstance(first.type, sa.Integer):
        return []
    ends = connection.execute(sa.select(sa.func.min(first), sa.func.max(first))).one()
    if ends[0] is None:
        return []
    if text:
        return [_between(*ends, drawn) for _ in range(count)]
    return [drawn.randint(*ends) for _ in range(count)]


def _between(least: str, most: str, drawn: random.Random) -> str:
    """Return a text somewhere between two others, as far as one character decides."""
    pairs = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(least, most, strict=False))
    shared = "".join(one for one, _ in pairs)
    low, high = (ord(end[len(shared) : len(shared) + 1] or " ") for end in (least, most))
    low, high = sorted((min(low, _LAST), min(high, _LAST)))
    return shared + chr(drawn.randint(low, high)) + drawn.choice(_LETTERS)


def _near(table: sa.Table, key: tuple[str, ...], count: int) -> sa.CompoundSelect[Any]:
    """Return "the first row at or after each point"."""
    first = table.c[key[0]]
    order = [table.c[name] for name in key]
    parts = []
    for n in range(count):
        point = sa.bindparam(f"near_{n}", type_=first.type)
        one = sa.select(*_read(table)).where(first >= point).order_by(*order).limit(1)
        parts.append(sa.select(one.subquery(f"part_{n}")))
    return sa.union_all(*parts)


def _reading(table: sa.Table, key: tuple[str, ...]) -> sa.Select[Any]:
    named = columns(table, key, table.fullname)
    chosen: Any = sa.tuple_(*named) if len(named) > 1 else named[0]
    return sa.select(*_read(table)).where(chosen.in_(sa.bindparam("keys", expanding=True)))


def _read(table: sa.Table) -> list[sa.Column[Any]]:
    """Return the columns that are compared: files in a table are not fetched for this."""
    return [c for c in table.columns if not isinstance(c.type, sa.LargeBinary)]


def _key(row: Mapping[Any, Any], key: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(row[name] for name in key)


def _digest(row: Mapping[Any, Any]) -> bytes:
    text = "\x1f".join(f"{name}={row[name]!r}" for name in sorted(row))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
