"""
Reading an effect back.

Nothing here is shared with the statements that acted: rows are fetched by the plainest query,
"this column is one of those keys", and each row is judged in Python.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable, Iterator, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Connection

from connectors.parts.deadlines import on_time
from connectors.parts.fates import Outcome, cut, cuts, erasable, fate
from connectors.parts.native import at_path, canonical
from connectors.parts.standing import FOLDED, Same, Standings, ways
from connectors.sdk import Collection, Erasure, Found, Key, Reach, Target, Work
from connectors.sql.emptying import PREFIX, neutral
from connectors.sql.engines import Engines
from connectors.sql.facts import COMPUTED, column
from connectors.sql.inside import Inside, Some, as_inside
from connectors.sql.keysets import Legible
from connectors.sql.nobody import clears, nobody
from connectors.sql.octets import is_bytes, is_loose, key_part, octets, spellings, written
from connectors.sql.reflection import Schema
from connectors.sql.values import NO_FIT, as_json, comparable, comparing, legible

CHUNK = 1_000
"""Keys asked about at once."""

PAGE = 500
"""Rows held at once; beyond the first page a server-side cursor takes over."""

Row = Mapping[str, Any]
Judge = Callable[[], Standings]
"""Returns the standings, made at the first row: most often there is none."""


class Verifier:
    """``verify``."""

    def __init__(self, engines: Engines, schema: Schema) -> None:
        self._engines = engines
        self._schema = schema
        self._statements: dict[Hashable, sa.Select[Any]] = {}

    def forget(self) -> None:
        """Build everything anew: the schema was not what we thought."""
        self._statements.clear()

    def erased(self, target: Target, work: Work) -> Found:
        """Count the rows that an erasure should not have left, or not so."""
        table, collection = self._schema.table(target.collection), target.collection
        judge = self._judge(target)
        replaces = work.anonymise or collection.erasure is Erasure.ANONYMISE
        wrong = held = 0
        for row in self._rows(target, judge, work):
            due = fate(row, judge(), collection, work)
            # A row that was emptied may keep a pointer that has to be set, at a person as empty.
            loose = replaces and due.outcome is Outcome.CUT
            cut = (n for n in due.columns if not loose or n not in table.c or clears(table.c[n]))
            names = (*cut, *(n for n in due.pointers if clears(table.c[n])))
            full = any(not _blank(table, row, name, collection) for name in names)
            if full or due.outcome is Outcome.DELETE:
                wrong += 1
            elif due.outcome is Outcome.HOLD:
                held += 1
        return Found(rows=wrong, restricted=held)

    def assigned(self, target: Target, work: Work, values: Mapping[str, Any]) -> Found:
        """Count the persons' own rows whose columns do not hold *values*."""
        judge = self._judge(target)
        same = comparing(self._schema.table(target.collection), target.collection.path)
        wrong = 0
        for row in self._rows(target, judge, work, tuple(values)):
            differs = any(same(name, row[name]) != same(name, v) for name, v in values.items())
            wrong += differs and judge().own(row)
        return Found(rows=wrong)

    def added(self, target: Target, work: Work, values: Mapping[str, Any]) -> Found:
        """Count the named rows that are not there, or do not hold *values*."""
        judge, names = self._judge(target), target.collection.key
        same = comparing(self._schema.table(target.collection), target.collection.path)
        lost = {tuple(map(same, names, key)) for key in target.named}
        for row in self._rows(target, judge, work, tuple(values)):
            holds = all(same(name, row[name]) == same(name, v) for name, v in values.items())
            if holds and judge().own(row):
                lost.discard(tuple(same(name, row[name]) for name in names))
        return Found(rows=len(lost))

    def _judge(self, target: Target) -> Judge:
        table, collection = self._schema.table(target.collection), target.collection

        @functools.cache
        def judge() -> Standings:
            same = _pointed(table, _keyed(table, collection.path))
            return Standings(target, self._schema.key(collection), same)

        return judge

    def _rows(
        self, target: Target, judge: Judge, work: Work, more: tuple[str, ...] = ()
    ) -> Iterator[Row]:
        """Yield every row that any key still leads to, once."""
        key = self._schema.key(target.collection)
        reaches = tuple(dict.fromkeys(ways(target, key)))
        names = _needed(target.collection, key, reaches, more)
        with self._engines.reading.connect() as connection:
            for reach in reaches:
                for chunk in _chunks(target.keys.keys(reach.anchor)):
                    on_time(work)
                    for found in self._fetch(connection, target.collection, reach, names, chunk):
                        row = opened(found, reaches, target.collection)
                        hits = judge().hits(row)
                        if hits and hits[0].reach == reach:
                            yield row

    def _fetch(
        self,
        connection: Connection,
        collection: Collection,
        reach: Reach,
        names: tuple[str, ...],
        keys: list[Key],
    ) -> Iterator[Row]:
        """Yield the rows that *keys* lead to, in constant memory however many there are."""
        table = self._schema.table(collection)
        columns = [column(table, name, collection.path) for name in reach.columns]
        fold = reach.normalise in FOLDED
        types = [c.type for c in columns]
        fitted = (tuple(map(key_part, types, key)) for key in keys if len(key) == len(types))
        whole = [_lowered(key) if fold else key for key in fitted if NO_FIT not in key]
        if not whole:
            return
        sent: list[Any] = [k[0] for k in whole] if len(columns) == 1 else whole
        loose = len(columns) == 1 and is_loose(types[0], connection.dialect.name)
        if loose:
            sent = list(spellings(sent)) + ([] if fold else octets(sent))
        place = (table.fullname, reach.columns, names, fold)
        inner = as_inside(columns[0]) if len(columns) == 1 else None
        statement = self._statements.get(place)
        if statement is None and inner is not None:
            statement = self._statements[place] = _within(inner, names, fold=fold)
        if statement is None:
            arrays = connection.dialect.name == "postgresql"
            statement = _select(table, names, columns, fold=fold, arrays=arrays, loose=loose)
            self._statements[place] = statement
        first = connection.execute(statement.limit(PAGE + 1), {"keys": sent}).mappings().all()
        if len(first) <= PAGE:
            yield from map(dict, first)
            return
        options = {"stream_results": True, "yield_per": PAGE}
        with (
            self._engines.streaming.connect() as streaming,
            streaming.execute(statement, {"keys": sent}, execution_options=options) as found,
        ):
            yield from map(dict, found.mappings())


def _select(
    table: sa.Table,
    names: tuple[str, ...],
    columns: list[sa.Column[Any]],
    *,
    fold: bool,
    arrays: bool,
    loose: bool,
) -> sa.Select[Any]:
    """Return "those columns, of rows whose columns are one of the keys", and no more."""
    source = sa.table(_quoted(table.name), schema=table.schema)
    read: list[sa.ColumnClause[Any]] = [sa.column(_quoted(name)) for name in names]
    sides: list[sa.ColumnElement[Any]] = []
    for c in columns:
        side: sa.ColumnElement[Any] = sa.column(_quoted(c.name))
        if _opaque(c) and (fold or not loose):
            side = sa.cast(side, sa.Text())
        if fold and is_bytes(c.type):
            side = sa.cast(side, sa.Text()) if loose else Legible(side)
        sides.append(sa.func.lower(side) if fold else side)
    if len(sides) > 1:
        listed: sa.BindParameter[Any] = sa.bindparam("keys", expanding=True)
        return sa.select(*read).select_from(source).where(sa.tuple_(*sides).in_(listed))
    texts = _opaque(columns[0]) or (fold and is_bytes(columns[0].type))
    type_ = sa.Text() if texts else comparable(columns[0].type)
    if loose:
        type_ = sa.types.NullType()
    if arrays:  # the same text however many keys, so that it stays prepared
        keys = sa.bindparam("keys", type_=postgresql.ARRAY(type_))
        return sa.select(*read).select_from(source).where(sides[0] == sa.any_(keys))
    listed = sa.bindparam("keys", expanding=True, type_=type_)
    return sa.select(*read).select_from(source).where(sides[0].in_(listed))


def _within(inner: Inside, names: tuple[str, ...], *, fold: bool) -> sa.Select[Any]:
    """Return "those columns, of rows with such a value inside a column"."""
    side = sa.func.lower(inner.element) if fold else inner.element
    found = side.in_(sa.bindparam("keys", expanding=True, type_=sa.Text()))
    read = (inner.table.c[name] for name in names)
    return sa.select(*read).where(Some(inner, found) if inner.many else found)


def opened(row: Row, reaches: tuple[Reach, ...], collection: Collection) -> Row:
    """Return *row* with the values inside its columns that say whose it is."""
    named = (
        *(n for r in reaches for n in r.columns),
        *(n for k in collection.links for n in k.columns),
    )
    paths = {name for name in named if name not in row}
    return {**row, **{name: texts(row, name) for name in paths}} if paths else row


def texts(row: Row, path: str) -> Any:
    """Return what *path* finds in *row*: a text, or of a list one for each element."""
    head, _, rest = path.partition(".")
    holder, many = head.removesuffix("[]"), head.endswith("[]")
    value = as_json(row[holder])
    found = at_path(value, f"[].{rest}" if rest else "[]") if many else at_path(value, rest)
    if "[]" in path:
        return [None if isinstance(one, dict | list) else canonical(one) for one in found or ()]
    return canonical(found)


def _quoted(name: str) -> str:
    """Return a name that is quoted always: which words a database reserves is its own affair."""
    return sa.quoted_name(name, quote=True)


def _opaque(target: sa.Column[Any]) -> bool:
    return isinstance(target.type, sa.types.NullType | postgresql.ENUM)


def _needed(
    collection: Collection, key: tuple[str, ...], reaches: tuple[Reach, ...], more: tuple[str, ...]
) -> tuple[str, ...]:
    """Return every column the judgement of a row may look at."""
    links = collection.links
    rule = collection.retention
    fields = (
        *erasable(collection, key),
        *(n for reach in reaches if cuts(reach, key) for n in cut(reach)),
    )
    return tuple(
        dict.fromkeys(
            (
                *key,
                *more,
                *(_head(name) for reach in reaches for name in reach.columns),
                *(_head(name) for link in links for name in link.columns),
                *(link.type_column for link in links if link.type_column),
                *map(_head, fields),
                *collection.lets_go,
                *((rule.from_,) if rule and rule.from_ else ()),
            )
        )
    )


def _head(name: str) -> str:
    """Return the column that a path begins with."""
    return name.partition(".")[0].removesuffix("[]")


def _blank(table: sa.Table, row: Row, name: str, collection: Collection) -> bool:
    """Return whether nothing about the person is left in one field."""
    path, said = collection.path, collection.field(name)
    if name not in table.columns:
        found = texts(row, name)
        return not any(found) if isinstance(found, list) else found is None
    value, target = row[name], column(table, name, path)
    if said and said.emptied_to:
        value = as_json(value) if isinstance(target.type, sa.JSON) else value
        return comparing(table, path)(name, value) == comparing(table, path)(
            name, said.emptied_to[0]
        )
    said_for_nobody = legible(value) if is_bytes(target.type) else value
    if value is None or (isinstance(said_for_nobody, str) and said_for_nobody.startswith(PREFIX)):
        return True
    if target.info[COMPUTED]:
        return True  # made of other columns, which are looked at themselves
    if target.nullable:
        return False
    same = comparing(table, path)
    if isinstance(value, datetime):
        value = value.replace(tzinfo=None)
    return same(name, value) == same(name, neutral(target, path))


def _keyed(table: sa.Table, path: str) -> Callable[[str, object], Hashable]:
    """Return the comparison of keys, for which bytes that are text are that text."""
    plain = comparing(table, path)

    def same(name: str, value: object) -> Hashable:
        return plain(name, value) if name not in table.c else _in_bytes(plain, table.c[name], value)

    return same


def _in_bytes(
    plain: Callable[[str, object], Hashable], target: sa.Column[Any], value: object
) -> Hashable:
    if not is_bytes(target.type):
        return plain(target.name, value)
    fit = key_part(target.type, value)
    return canonical(value) if fit is NO_FIT else canonical(written(fit))


def _pointed(table: sa.Table, same: Callable[[str, object], Hashable]) -> Same:
    """Return *same*, for which a value that points at nobody is no value."""

    def pointed(name: str, value: object) -> Hashable:
        nothing = nobody(table.c[name]) if name in table.c else None
        said = same(name, value)
        return None if nothing is not None and said == same(name, nothing) else said

    return pointed


def _chunks(keys: tuple[Key, ...]) -> Iterator[list[Key]]:
    for start in range(0, len(keys), CHUNK):
        yield list(keys[start : start + CHUNK])


def _lowered(key: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(part.lower() if isinstance(part, str) else part for part in key)
