"""
Insert rows directly, without the unit of work; look small things up likewise.

The unit of work costs several times the statement it ends in; where a person waits, rows are
written as they are. They appear in the caller's transaction like any others. On PostgreSQL
:func:`gathered` sends what a whole block inserts as one statement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, Final, TypeVar

import psycopg
from sqlalchemy import Connection, Insert, Select, Table, inspect
from sqlalchemy import insert as sql_insert
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import configure_mappers, make_transient_to_detached
from sqlalchemy.orm.instrumentation import manager_of_class
from sqlmodel import Session, SQLModel

Model = TypeVar("Model", bound=SQLModel)
Rows = Sequence[Mapping[str, Any]]
_GATHERED: Final = "rights.rows.gathered"


@cache
def _statement(model: type[SQLModel]) -> Insert:
    return sql_insert(table_of(model))


def table_of(model: type[SQLModel]) -> Table:
    """Return the table of a model."""
    table = inspect(model, raiseerr=True).local_table
    assert isinstance(table, Table)
    return table


@cache
def _defaults(model: type[SQLModel]) -> tuple[dict[str, Any], dict[str, Callable[[], Any]]]:
    """Return the plain defaults of a model, and those that are made anew for each row."""
    configure_mappers()  # a row made before the first query would have no columns yet
    fields = model.model_fields.items()
    makers: dict[str, Any] = {n: f.default_factory for n, f in fields if f.default_factory}
    plain = {n: f.default for n, f in fields if n not in makers and not f.is_required()}
    return plain, makers


def new(model: type[Model], **values: Any) -> Model:
    """Return a row as if it had just been read: nothing about it counts as changed."""
    plain, makers = _defaults(model)
    row: Model = manager_of_class(model).new_instance()
    made = {name: make() for name, make in makers.items() if name not in values}
    row.__dict__.update(plain, **made, **values)
    return row


def insert(session: Session, model: type[SQLModel], rows: Rows) -> None:
    """Insert *rows*, every one with the same columns; nothing when there are none."""
    waiting = session.info.get(_GATHERED)
    if not rows:
        return
    if waiting is None:
        session.connection().execute(_statement(model), rows)
    else:
        waiting.append((model, rows))


def insert_objects(session: Session, objects: Iterable[SQLModel]) -> None:
    """Insert new objects of one model; they stay outside the session."""
    found = list(objects)
    if found:
        insert(session, type(found[0]), [values(each) for each in found])


def insert_attached(session: Session, row: SQLModel) -> None:
    """Insert one new object and let the session look after it from now on."""
    insert(session, type(row), [values(row)])
    make_transient_to_detached(row)
    session.add(row)


def values(row: SQLModel) -> dict[str, Any]:
    """Return the columns of a new object."""
    return {key: value for key, value in row.__dict__.items() if key[0] != "_"}


@contextmanager
def gathered(session: Session) -> Iterator[None]:
    """
    Send all that is inserted within at its end.

    Until then nothing of it can be read. Within, no row that is inserted may be changed.
    """
    waiting: list[tuple[type[SQLModel], Rows]] = []
    session.info[_GATHERED] = waiting
    try:
        yield
    finally:
        del session.info[_GATHERED]
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        _together(connection, waiting)
        return
    for model, rows in waiting:
        insert(session, model, rows)


def _together(connection: Connection, waiting: Sequence[tuple[type[SQLModel], Rows]]) -> None:
    """Send several inserts as one statement: all but the last stand in front of it, by name."""
    parts: list[str] = []
    parameters: list[Any] = []
    for model, rows in waiting:
        # What is NULL in every row is left out: it is NULL anyway.
        columns = tuple(c for c in rows[0] if any(row[c] is not None for row in rows))
        parts.append(_text(connection, model, columns, len(rows), len(parameters)))
        processors = _processors(connection, model, columns)
        parameters += [
            process(row[name]) if process else row[name]
            for row in rows
            for name, process in zip(columns, processors, strict=True)
        ]
    if parts:
        before = ", ".join(f"i{n} AS ({part})" for n, part in enumerate(parts[:-1]))
        sql = f"WITH {before} {parts[-1]}" if before else parts[-1]
        _execute(connection, sql, parameters)


def read(session: Session, statement: Select[*tuple[Any, ...]], **values: Any) -> Sequence[Any]:
    """
    Return the rows of a short look-up that is made with every submission.

    Args:
        statement: Of this program's own and made once: what it compiles to is kept. Its
            parameters are plain strings and numbers.
    """
    connection = session.connection()
    if connection.dialect.name != "postgresql":
        return connection.execute(statement, values).all()
    if statement not in _compiled:
        made = statement.compile(dialect=_DOLLARS)
        _compiled[statement] = str(made), tuple(getattr(made, "positiontup", None) or ())
    sql, order = _compiled[statement]
    return _execute(connection, sql, [values[name] for name in order])


_DOLLARS: Final = postgresql.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]  # the library does not say
_compiled: dict[Select[*tuple[Any, ...]], tuple[str, tuple[str, ...]]] = {}


def _execute(connection: Connection, sql: str, parameters: Sequence[Any]) -> list[Any]:
    """Hand a statement to the driver as the server reads it, with ``$1``, ``$2`` and so on."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    try:
        with psycopg.RawCursor(driver) as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else []
    except psycopg.Error as error:
        # As the engine would raise it; neither the statement nor its values are repeated.
        kind = OperationalError if isinstance(error, psycopg.OperationalError) else DBAPIError
        raise kind("a statement of rights.store.rows", None, error, hide_parameters=True) from None


_texts: dict[tuple[type[SQLModel], tuple[str, ...], int, int], str] = {}
_converters: dict[tuple[type[SQLModel], tuple[str, ...]], tuple[Any, ...]] = {}


def _text(
    connection: Connection, model: type[SQLModel], columns: tuple[str, ...], count: int, at: int
) -> str:
    """Return the insert of *count* rows whose parameters begin after the first *at*."""
    found = _texts.get((model, columns, count, at))
    if found is None:
        quote = connection.dialect.identifier_preparer.quote
        table = table_of(model)
        names = ", ".join(quote(table.columns[c].name) for c in columns)
        width = len(columns)
        places = [
            ", ".join(f"${at + row * width + n + 1}" for n in range(width)) for row in range(count)
        ]
        rows = ", ".join(f"({each})" for each in places)
        # Names come from our own models and are quoted; values travel beside the statement.
        found = f"INSERT INTO {quote(table.name)} ({names}) VALUES {rows}"  # noqa: S608 - as above
        _texts[model, columns, count, at] = found
    return found


def _processors(
    connection: Connection, model: type[SQLModel], columns: tuple[str, ...]
) -> tuple[Any, ...]:
    """Return, by column, what makes a Python value one of the driver's."""
    found = _converters.get((model, columns))
    if found is None:
        dialect = connection.dialect
        types = [table_of(model).columns[c].type.dialect_impl(dialect) for c in columns]
        found = _converters[model, columns] = tuple(t.bind_processor(dialect) for t in types)
    return found
