"""What the live database looks like, learnt once per worker."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.engine import Connection

from connectors.sdk import Collection, Inventory, Misconfigured, TableFound
from connectors.sql.engines import Engines, SqlSettings
from connectors.sql.facts import COMPUTED, POINTS, USUAL, Facts, Referring
from connectors.sql.nobody import NOBODY, said
from connectors.sql.survey import surveyed
from connectors.sql.values import Bits

JOURNAL = "rights_step"
"""Our own table in the store; no part of anybody's schema."""

SEALED = "rights_sealed"
"""Ours too: rows that are kept and put away."""

ESCROWED = "rights_escrow"
"""And where those are that were put into a bucket."""


ForeignKey = tuple[tuple[str, ...], str, tuple[str, ...]]
"""Columns, the table they point at, and its columns."""


class Schema:
    """Tables of the store, reflected at first use and kept."""

    def __init__(self, engines: Engines, settings: SqlSettings) -> None:
        self._engines = engines
        self._schema = settings.schema or None
        self._further = tuple(settings.schemas)
        self._tables: dict[tuple[str | None, str], sa.Table] = {}
        self._uniques: dict[str, frozenset[str]] = {}
        self._surveyed: Inventory | None = None

    def table(self, collection: Collection) -> sa.Table:
        """
        Return the table behind *collection* (``settings: {table: …, schema: …}`` may name it).

        Tables of further schemas are called ``schema.table``.

        Raises:
            Misconfigured: there is none of that name.
        """
        schema, name = place = self._place(collection)
        if place not in self._tables:
            self._tables[place] = self._reflect(name, schema, collection.path)
        return self._tables[place]

    def _place(self, collection: Collection) -> tuple[str | None, str]:
        name = str(collection.settings.get("table", collection.name))
        schema, _, rest = name.partition(".")
        if schema in self._further and "schema" not in collection.settings:
            return schema, rest
        return collection.settings.get("schema", self._schema), name

    def _called(self, schema: str | None, name: str) -> str:
        return f"{schema}.{name}" if schema in self._further else name

    def _target(self, key: Any) -> str:
        return self._called(key["referred_schema"], key["referred_table"])

    def _everywhere(self, ask: Callable[..., Any], **more: Any) -> dict[Any, Any]:
        """Return what *ask* says of every schema of the store, by schema and table."""
        answers = (ask(schema=schema, **more) for schema in (self._schema, *self._further))
        return {place: said for answer in answers for place, said in answer.items()}

    def key(self, collection: Collection) -> tuple[str, ...]:
        """Return the columns that name a row: as declared, else the primary key."""
        return collection.key or tuple(self.table(collection).primary_key.columns.keys())

    def facts(self, collection: Collection) -> Facts:
        """Return what statements about *collection* need to know."""
        table = self.table(collection)
        dialect = self._engines.reading.dialect
        return Facts(
            table=table,
            key=self.key(collection),
            dialect=dialect.name,
            returns=dialect.delete_returning,
            uniques=functools.partial(self.uniques, table),
            referring=functools.partial(self.pointing, collection),
        )

    def uniques(self, table: sa.Table) -> frozenset[str]:
        """Return the columns that are part of any unique constraint or index."""
        known = self._uniques.get(table.fullname)
        if known is None:
            with self._engines.reading.connect() as connection, _quiet():
                view, place = sa.inspect(connection), (table.name, table.schema)
                # SQLite makes an index of its own for UNIQUE, and hides it unless asked
                hidden: Any = (
                    {"include_auto_indexes": True} if view.dialect.name == "sqlite" else {}
                )
                groups: list[Any] = [
                    *(c["column_names"] for c in view.get_unique_constraints(*place)),
                    *(i["column_names"] for i in view.get_indexes(*place, **hidden) if i["unique"]),
                ]
            known = frozenset(str(name) for group in groups for name in group if name)
            self._uniques[table.fullname] = known
        return known

    def forget(self) -> None:
        """Look again next time: the schema may have changed under us."""
        self._tables.clear()
        self._uniques.clear()
        self._surveyed = None

    def referring(self, collection: Collection) -> tuple[str, ...]:
        """Return the tables whose foreign keys point at *collection*."""
        pointing = self.pointing(collection)
        return tuple(sorted({self._called(one.schema, one.table) for one in pointing}))

    def pointing(self, collection: Collection) -> tuple[Referring, ...]:
        """Return the foreign keys that point at *collection*."""
        table = self.table(collection)
        with self._engines.reading.connect() as connection, _quiet():
            found = self._everywhere(sa.inspect(connection).get_multi_foreign_keys)
        return tuple(
            Referring(
                table=place[1],
                schema=place[0],
                columns=tuple(key["constrained_columns"]),
                referred=tuple(key["referred_columns"] or table.primary_key.columns.keys()),
            )
            for place, keys in sorted(found.items(), key=lambda item: self._called(*item[0]))
            for key in keys
            if self._target(key) == self._called(table.schema, table.name)
        )

    def _reflect(self, name: str, schema: str | None, path: str) -> sa.Table:
        """Read columns, key and foreign keys only: the rest would cost as much again."""
        with self._engines.reading.connect() as connection, _quiet():
            view = sa.inspect(connection)
            try:
                found = view.get_columns(name, schema)
            except exc.NoSuchTableError:
                found = []
            key = view.get_pk_constraint(name, schema)["constrained_columns"] if found else []
            foreign = view.get_foreign_keys(name, schema) if found else []
            documents = _documents(connection, name) if found else frozenset()
        if not found:
            raise Misconfigured(
                f"{path}: the database has no table {name}; run 'rights datamap check'"
            )
        pointing = {column for one in foreign for column in one["constrained_columns"]}
        listed = (
            sa.Column(
                c["name"],
                sa.JSON() if c["name"] in documents else _plain(c["type"]),
                nullable=c["nullable"],
                info={
                    POINTS: c["name"] in pointing,
                    NOBODY: _nobody(c, pointing),
                    COMPUTED: "computed" in c,
                    USUAL: _usual(c),
                },
            )
            for c in found
        )
        ordered = sa.PrimaryKeyConstraint(*key)
        return sa.Table(name, sa.MetaData(), *listed, ordered, schema=schema)

    def survey(self) -> Inventory:
        """Return :meth:`discover` with triggers, rules and privileges; asked once and kept."""
        if self._surveyed is None:
            found = self.discover()
            with self._engines.acting.connect() as connection, _quiet():
                tables = surveyed(connection, found.tables, self._schema)
            self._surveyed = replace(found, tables=tables)
        return self._surveyed

    def discover(self) -> Inventory:
        """List the live tables with columns, keys and foreign keys; partitions are left out."""
        with self._engines.reading.connect() as connection, _quiet():
            view = sa.inspect(connection)
            # SQLite makes an index of its own for UNIQUE, and hides it unless asked
            hidden: Any = {"include_auto_indexes": True} if view.dialect.name == "sqlite" else {}
            every: dict[str, Any] = {
                "columns": self._everywhere(view.get_multi_columns),
                "key": self._everywhere(view.get_multi_pk_constraint),
                "foreign": self._everywhere(view.get_multi_foreign_keys),
                "unique": self._everywhere(view.get_multi_unique_constraints),
                "indexes": self._everywhere(view.get_multi_indexes, **hidden),
                "waits": view.dialect.name == "sqlite",
                "documents": _checked(connection),
                "lasting": _lasting(connection),
            }
            views = tuple(self._views(view))
            left_out = {JOURNAL, SEALED, ESCROWED, *_partitions(connection)}
        tables = tuple(
            self._found(place, every)
            for place in sorted(every["columns"], key=lambda place: self._called(*place))
            if place[1] not in left_out
        )
        return Inventory(tables, _hash(tables), views)

    def _views(self, view: sa.Inspector) -> Iterator[str]:
        asked = [view.get_view_names]
        if view.dialect.name == "postgresql":
            asked.append(view.get_materialized_view_names)
        for schema in (self._schema, *self._further):
            yield from (self._called(schema, name) for ask in asked for name in ask(schema))

    def _found(self, place: Any, every: dict[str, Any]) -> TableFound:
        foreign = tuple(
            (tuple(k["constrained_columns"]), self._target(k), tuple(k["referred_columns"]))
            for k in sorted(every["foreign"].get(place, ()), key=lambda k: k["constrained_columns"])
        )
        return _table_found(place, self._called(*place), foreign, every)


def _plain(type_: Any) -> Any:
    """Return what a domain is made of: it is compared and filled like that. Bits are a number."""
    if isinstance(type_, mysql.BIT):
        return Bits()
    return _plain(type_.data_type) if isinstance(type_, postgresql.DOMAIN) else type_


def _usual(found: Any) -> str | None:
    """Return the default of a column that takes one of a few words."""
    words = getattr(found["type"], "enums", None) or ()
    said = str(found.get("default") or "").partition("::")[0].strip("()'")
    return said if said in words else None


def _nobody(found: Any, pointing: set[str]) -> Any:
    name, default, null = found["name"], found.get("default"), found["nullable"]
    return said(found["type"], default, nullable=null, pointing=name in pointing)


def _documents(connection: Connection, name: str) -> frozenset[str]:
    """Return the text columns that a check keeps JSON: SQLite and MariaDB have no type for it."""
    if connection.dialect.name == "sqlite":
        asked = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :name"
    elif getattr(connection.dialect, "is_mariadb", False):
        asked = (
            "SELECT CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS"
            " WHERE CONSTRAINT_SCHEMA = DATABASE() AND TABLE_NAME = :name"
        )
    else:
        return frozenset()
    said = connection.execute(sa.text(asked), {"name": name}).scalars()
    return frozenset(column for text in said for column in _CHECKED.findall(text or ""))


def _checked(connection: Connection) -> frozenset[tuple[str, str]]:
    """Return, of MariaDB, the tables and columns that a check keeps JSON."""
    if not getattr(connection.dialect, "is_mariadb", False):
        return frozenset()
    asked = (
        "SELECT TABLE_NAME, CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS"
        " WHERE CONSTRAINT_SCHEMA = DATABASE()"
    )
    said = connection.execute(sa.text(asked)).all()
    return frozenset((table, name) for table, text in said for name in _CHECKED.findall(text or ""))


_CHECKED = re.compile(r"json_valid\(\s*[\"`\[]?(\w+)[\"`\]]?\s*\)", re.IGNORECASE)


def _lasting(connection: Connection) -> frozenset[str] | None:
    """Return, of SQLite, the tables that give no number twice; of others None: all of them."""
    if connection.dialect.name != "sqlite":
        return None
    asked = "SELECT name, sql FROM sqlite_master WHERE type = 'table'"
    said = connection.execute(sa.text(asked)).all()
    return frozenset(name for name, text in said if _COUNTED.search(text or ""))


_COUNTED = re.compile(r"\bPRIMARY\s+KEY(\s+ASC)?\s+AUTOINCREMENT\b", re.IGNORECASE)


def _partitions(connection: Connection) -> frozenset[str]:
    if connection.dialect.name != "postgresql":
        return frozenset()
    parts = connection.execute(sa.text("SELECT relname FROM pg_class WHERE relispartition"))
    return frozenset(parts.scalars())


def _table_found(
    place: Any, name: str, foreign: tuple[ForeignKey, ...], every: dict[str, Any]
) -> TableFound:
    key = tuple(every["key"].get(place, {}).get("constrained_columns") or ())
    indexed = [
        key,
        *(tuple(u["column_names"]) for u in every["unique"].get(place, ())),
        *(tuple(i["column_names"]) for i in every["indexes"].get(place, ())),
    ]
    return TableFound(
        name=name,
        columns={str(c["name"]): _spelt(c["type"]) for c in every["columns"][place]},
        key=key,
        foreign_keys=foreign,
        unindexed=tuple(names for names, _, _ in foreign if not _starts_one(names, indexed)),
        nullable=tuple(
            str(c["name"])
            for c in every["columns"][place]
            if c.get("nullable") and c["name"] not in key  # SQLite says so of its own row ids
        ),
        documents=tuple(
            str(c["name"])
            for c in every["columns"][place]
            if isinstance(c["type"], sa.JSON | sa.ARRAY)
            or (place[1], str(c["name"])) in every["documents"]
            or (every["waits"] and isinstance(c["type"], sa.Text | sa.types.NullType))
        ),
        lasting=every["lasting"] is None or (not place[0] and place[1] in every["lasting"]),
        deferrable=_deferrable(place, every),
        on_delete={
            tuple(k["constrained_columns"]): str(action).upper()
            for k in every["foreign"].get(place, ())
            if (action := k.get("options", {}).get("ondelete"))
            and str(action).upper() not in {"NO ACTION", "RESTRICT"}
        },
    )


def _deferrable(place: Any, every: dict[str, Any]) -> tuple[tuple[str, ...], ...]:
    """Return the foreign keys that can wait for the end; on SQLite all can, if it is told so."""
    return tuple(
        tuple(k["constrained_columns"])
        for k in every["foreign"].get(place, ())
        if every["waits"] or k.get("options", {}).get("deferrable")
    )


def _starts_one(names: tuple[str, ...], indexed: list[tuple[str, ...]]) -> bool:
    return any(set(index[: len(names)]) == set(names) for index in indexed)


def _spelt(type_: Any) -> str:
    """Return the type in the store's words; one SQLAlchemy does not know has none."""
    return "unknown" if isinstance(type_, sa.types.NullType) else str(type_)


def _hash(tables: tuple[TableFound, ...]) -> str:
    lines = [[t.name, sorted(t.columns.items()), t.key, t.foreign_keys] for t in tables]
    return hashlib.sha256(json.dumps(lines).encode()).hexdigest()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Reflection warns of types it does not know; we read those as they come."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", exc.SAWarning)
        yield
