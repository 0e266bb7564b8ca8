"""
Rows that must be kept, put away: out of the table that products read, into one of ours.

The copy, its removal and the note that it happened are one transaction. Of a row only what the
basis needs is copied. A row that rows of others still point at stays, emptied to its key.

Source: NDSR 24 (no processing but storage and security).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import Connection

from connectors.parts.digest import RowDigest
from connectors.parts.fates import moment, overridden
from connectors.parts.frozen import Frozen, Holds
from connectors.parts.native import at_path, native
from connectors.sdk import Collection, Found, KeySet, Misconfigured, Receipt, Standing, Target, Work
from connectors.sql.effects import Effects
from connectors.sql.emptying import emptied
from connectors.sql.engines import Engines, SqlSettings
from connectors.sql.facts import POINTS, Facts, Referring, columns
from connectors.sql.keysets import Condition
from connectors.sql.plans import Prepared
from connectors.sql.predicates import Rows, any_of
from connectors.sql.reflection import SEALED, Schema
from connectors.sql.values import as_json, selected

HOLDER = "rights_holder"
"""The parameter that says for which request rows are put away."""

NOW = "rights_now"
KEYS = "rights_keys"
_PAGE = 500
_KEPT = "kept by a hold"


def sealed_table(schema: str | None) -> sa.Table:
    """
    Return our table.

    ``holder`` is the request, ``row_key`` the row's key and ``body`` what is kept of it, both as
    JSON; ``basis`` why.
    """
    return sa.Table(
        SEALED,
        sa.MetaData(schema=schema),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("collection", sa.String(160), nullable=False),
        sa.Column("row_key", sa.String(400), nullable=False),
        sa.Column("body", sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")),
        sa.Column("basis", sa.String(400)),
        sa.Column("sealed_at", sa.DateTime()),
        sa.Index("ix_rights_sealed_holder", "holder", "collection"),
    )


@dataclass(frozen=True, slots=True)
class Held:
    """What is kept of one row: ``key`` names it, as JSON."""

    key: str = field(repr=False)
    body: Mapping[str, Any] = field(repr=False)


Put = Callable[[Sequence[Held]], None]


class Place(Protocol):
    """Where held rows are put."""

    @property
    def page(self) -> int:
        """How many rows are handed over at once."""

    def opened(self, connection: Connection, parameters: Mapping[str, Any]) -> Put:
        """
        Return what puts rows there, for the caller's transaction.

        Whatever is kept outside of the store is there when that has returned: the rows leave
        their table only afterwards.
        """


@dataclass(frozen=True, slots=True)
class Sealing:
    """
    Puts away the held rows of one erasure.

    Args:
        found: Their keys, locked.
        stub: Empties a row that has to stay.
    """

    facts: Facts
    found: Prepared
    rows: Prepared
    gone: Prepared
    stub: Prepared | None
    kept: tuple[str, ...]
    referring: tuple[Referring, ...]
    place: Place

    @classmethod
    def of(cls, rows: Rows, place: Place, *conditions: Condition) -> Sealing:
        """
        Return what puts the rows for which *conditions* hold into *place*.

        Raises:
            Misconfigured: the table has no key, or a column cannot be emptied.
        """
        if not rows.key:
            raise Misconfigured(f"{rows.path}: what is sealed needs a key: name it under 'key'")
        table, key = rows.table, columns(rows.table, rows.key, rows.path)
        listed = _listed(key, KEYS)
        out = emptied(rows, _emptied_names(rows))
        full = [any_of(out.full)] if out.testable and out.full else []
        stub = sa.update(table).where(listed).values(out.values) if out.values else None
        read = [selected(c, rows.dialect).label(c.name) for c in table.columns]
        return cls(
            facts=rows.facts,
            found=Prepared(
                sa.select(*key).where(*conditions, *full).order_by(*key).with_for_update()
            ),
            rows=Prepared(sa.select(*read).where(listed)),
            gone=Prepared(sa.delete(table).where(listed)),
            stub=Prepared(stub) if stub is not None else None,
            kept=_kept_names(rows),
            referring=rows.facts.referring(),
            place=place,
        )

    def run(self, connection: Connection, parameters: Mapping[str, Any]) -> None:
        """Do it in the caller's transaction."""
        keys = [tuple(row) for row in self.found.run(connection, parameters)]
        if not keys:
            return
        put = self.place.opened(connection, parameters)
        page = self.place.page
        for start in range(0, len(keys), page):
            self._page(connection, keys[start : start + page], put)

    def _page(self, connection: Connection, keys: Sequence[tuple[Any, ...]], put: Put) -> None:
        rows = [dict(r) for r in self.rows.run(connection, {KEYS: self._sent(keys)}).mappings()]
        put([Held(self._name(row), self._body(row)) for row in rows])
        self._remove(connection, rows)

    def _remove(self, connection: Connection, rows: list[dict[str, Any]]) -> None:
        """Delete what nothing points at any more, round by round; empty the rest."""
        while rows:
            needed = self._pointed_at(connection, rows)
            free = [row for n, row in enumerate(rows) if n not in needed]
            if not free:
                break
            self.gone.run(connection, {KEYS: self._sent([self._key(row) for row in free])})
            rows = [row for n, row in enumerate(rows) if n in needed]
        if rows and self.stub:
            self.stub.run(connection, {KEYS: self._sent([self._key(row) for row in rows])})

    def _pointed_at(self, connection: Connection, rows: list[dict[str, Any]]) -> set[int]:
        """Return which of *rows* a foreign key of the database points at."""
        out: set[int] = set()
        for one in self.referring:
            values = [tuple(row[name] for name in one.referred) for row in rows]
            wanted = [v for v in dict.fromkeys(values) if None not in v]
            found = _pointers(connection, one, wanted) if wanted else set()
            out |= {n for n, value in enumerate(values) if value in found}
        return out

    def _key(self, row: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(row[name] for name in self.facts.key)

    def _sent(self, keys: Sequence[tuple[Any, ...]]) -> list[Any]:
        return [key[0] for key in keys] if len(self.facts.key) == 1 else list(keys)

    def _name(self, row: Mapping[str, Any]) -> str:
        return json.dumps(native(self._key(row)), ensure_ascii=False)

    def _body(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {name: native(_value(row, name)) for name in self.kept}


@dataclass(frozen=True, slots=True)
class InTable:
    """Our table as the place of held rows."""

    path: str
    basis: str
    schema: str | None
    page: int = _PAGE

    def opened(self, connection: Connection, parameters: Mapping[str, Any]) -> Put:
        """Make the table where it is missing; return what writes rows into it."""
        table = sealed_table(self.schema)
        fresh = ensured(connection, table)

        def put(rows: Sequence[Held]) -> None:
            about = {"holder": parameters[HOLDER], "collection": self.path}
            done: set[str] = set()
            if not fresh:  # MariaDB lets no transaction read what was made after it began
                done = self._done(connection, table, parameters[HOLDER], rows)
            made = {"basis": self.basis[:400], "sealed_at": parameters[NOW]}
            new = [
                {**about, **made, "row_key": row.key, "body": _text(row.body)}
                for row in rows
                if row.key not in done
            ]
            if new:
                connection.execute(sa.insert(table), new)

        return put

    def _done(
        self, connection: Connection, table: sa.Table, holder: str, rows: Sequence[Held]
    ) -> set[str]:
        known = sa.select(table.c.row_key).where(
            table.c.holder == holder,
            table.c.collection == self.path,
            table.c.row_key.in_([row.key for row in rows]),
        )
        return set(connection.execute(known).scalars())


class Sealed:
    """Reads and deletes what was put away, for one request at a time."""

    def __init__(
        self, engines: Engines, schema: Schema, effects: Effects, settings: SqlSettings
    ) -> None:
        self._engines, self._schema, self._effects = engines, schema, effects
        self._default = settings.schema or None

    def collect(self, target: Target) -> Iterator[dict[str, Any]]:
        """Yield what is kept of each row, whatever is disclosed: for a reading under a ticket."""
        with self._engines.reading.connect() as connection:
            for _, body in self._rows(connection, target.collection):
                yield body

    def freeze(
        self, collection: Collection, parents: KeySet, asked: tuple[tuple[str, ...], ...]
    ) -> KeySet:
        """Return the keys of the rows put away; those still held are told apart."""
        holds = Holds(collection, parents, datetime.now(UTC))
        frozen = Frozen(collection, self._schema.key(collection), asked, holds)
        with self._engines.reading.connect() as connection:
            for _, body in self._rows(connection, collection):
                frozen.add(body, Standing.SOLE)
        return frozen.keys()

    def hold(self, target: Target, work: Work) -> Receipt:  # noqa: ARG002 - as in escrow
        """Do nothing more: nobody but us deletes what is in our table."""
        return Receipt()

    def erase(self, target: Target, work: Work) -> Receipt:
        """Delete the rows whose hold is over."""

        def act(connection: Connection) -> Receipt:
            holds = Holds(target.collection, target.keys, moment(work))
            digest = RowDigest(work.step_id)
            gone: list[int] = []
            kept = 0
            for number, body in self._rows(connection, target.collection):
                if holds.keeps(body):
                    kept += 1
                else:
                    gone.append(number)
                    digest.add((number,))
            table = self._table(target.collection)
            for start in range(0, len(gone), _PAGE):
                some = gone[start : start + _PAGE]
                connection.execute(sa.delete(table).where(table.c.id.in_(some)))
            because = ground(target.collection) if kept else ""
            return Receipt(len(gone), retained=kept, because=because, digest=digest.hex())

        return self._effects.once(target, work, act)

    def verify(self, target: Target, work: Work) -> Found:
        """Count the rows that should be gone, and beside them those still held."""
        holds = Holds(target.collection, target.keys, moment(work))
        with self._engines.reading.connect() as connection:
            held = [holds.keeps(body) for _, body in self._rows(connection, target.collection)]
        return Found(rows=held.count(False), restricted=held.count(True))

    def count(self, collection: Collection) -> int:
        """Return how many rows are put away."""
        with self._engines.reading.connect() as connection:
            return sum(1 for _ in self._rows(connection, collection))

    def _table(self, collection: Collection) -> sa.Table:
        return sealed_table(collection.settings.get("schema", self._default))

    def _rows(
        self, connection: Connection, collection: Collection
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        table, ruling = self._table(collection), collection.ruling
        if ruling is None or not there(connection, table):
            return
        mine = sa.select(table.c.id, table.c.body).where(
            table.c.holder == ruling.holder, table.c.collection == collection.path
        )
        last = 0
        while page := connection.execute(
            mine.where(table.c.id > last).order_by(table.c.id).limit(_PAGE)
        ).fetchall():
            for number, body in page:
                yield number, json.loads(body)
            last = page[-1].id


def _emptied_names(rows: Rows) -> list[str]:
    """Return the columns that go from a row that has to stay: all but key, date and pointers."""
    rule = rows.target.collection.retention
    spared = {*rows.key, *((rule.from_,) if rule else ())}
    return [
        c.name
        for c in rows.table.columns
        if c.name not in spared and not (c.info[POINTS] and not c.nullable)
    ]


def _kept_names(rows: Rows) -> tuple[str, ...]:
    """Return what the basis needs of a row, and by what it is known whose it is."""
    collection, rule = rows.target.collection, rows.target.collection.retention
    lost = {name.partition(".")[0] for name in overridden(collection, rows.key)}
    if not (rule and rule.keep_fields):
        return tuple(c.name for c in rows.table.columns if c.name not in lost)
    links = (
        n.partition(".")[0].removesuffix("[]")
        for link in collection.links
        for n in (*link.columns, link.type_column)
    )
    names = (*rows.key, rule.from_, *links, *rule.keep_fields)
    return tuple(dict.fromkeys(name for name in names if name))


def _text(body: Mapping[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False)


def ground(collection: Collection) -> str:
    rule = collection.retention
    return collection.because or (rule.basis if rule else "") or _KEPT


def _value(row: Mapping[str, Any], name: str) -> Any:
    if name in row:
        return row[name]
    head, _, path = name.partition(".")
    return at_path(as_json(row.get(head)), path)


def _listed(key: Sequence[sa.Column[Any]], name: str) -> Condition:
    chosen = sa.tuple_(*key) if len(key) > 1 else key[0]
    return chosen.in_(sa.bindparam(name, expanding=True))


def _pointers(
    connection: Connection, one: Referring, wanted: Sequence[tuple[Any, ...]]
) -> set[tuple[Any, ...]]:
    cols: list[sa.ColumnClause[Any]] = [sa.column(name) for name in one.columns]
    side: Any = sa.tuple_(*cols) if len(cols) > 1 else cols[0]
    sent: list[Any] = [v[0] for v in wanted] if len(cols) == 1 else list(wanted)
    source = sa.table(one.table, schema=one.schema)
    query = sa.select(*cols).select_from(source).where(side.in_(sent)).distinct()
    return {tuple(row) for row in connection.execute(query)}


def ensured(connection: Connection, table: sa.Table) -> bool:
    """
    Make our table where it is missing; return whether it was.

    MariaDB would commit, so there on a connection apart.
    """
    if there(connection, table):
        return False
    if connection.dialect.name in {"mysql", "mariadb"}:
        with connection.engine.begin() as other:
            table.create(other, checkfirst=True)
    else:
        table.create(connection)
    return True


def there(connection: Connection, table: sa.Table) -> bool:
    return sa.inspect(connection).has_table(table.name, schema=table.schema)
