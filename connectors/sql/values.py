"""
Between the values of the data map and those of a column.

Keys arrive as JSON scalars, often as text whatever the column's type. A key that a column
cannot hold matches nothing there; it is never bent until it fits.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Hashable
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.types import TypeEngine

from connectors.parts.native import canonical, native
from connectors.sdk import Refused
from connectors.sql.facts import column

NO_FIT: Any = object()
"""The column cannot hold that value."""

_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}")
_BIG = 1 << 63
_HEX_UUID = 32

Type = TypeEngine[Any]


def coerce(type_: Type, value: object) -> Any:
    """Return *value* as the Python type the column's driver expects, or ``NO_FIT``."""
    if value is None:
        return NO_FIT
    for family, read in _READERS:
        if isinstance(type_, family):
            try:
                return read(type_, value)
            except (ValueError, TypeError, InvalidOperation, binascii.Error):
                return NO_FIT
    return value


def comparing(table: sa.Table, path: str) -> Callable[[str, object], Hashable]:
    """Return the comparison of values in the types of *table*'s columns."""
    types: dict[str, Type] = {}

    def same(name: str, value: object) -> Hashable:
        type_ = types.get(name)
        if type_ is None:
            type_ = types[name] = column(table, name, path).type
        if type(value) is int and isinstance(type_, sa.Integer) and -_BIG <= value < _BIG:
            return str(value)  # what the rest comes to, for what nearly every key is
        fit = coerce(type_, value)
        return canonical(value if fit is NO_FIT else fit)

    return same


def fitting(column: sa.Column[Any], value: object, path: str) -> Any:
    """
    Return *value* for writing into *column*; None stays None.

    Raises:
        Refused: the column cannot hold it, or not without a value.
    """
    if value is None:
        if not column.nullable:
            raise Refused(f"{path}: column {column.name} may not be empty")
        return None
    fit = coerce(column.type, value)
    if fit is NO_FIT:
        raise Refused(f"{path}: the new value does not fit column {column.name}")
    return fit


def _boolean(_: Type, value: object) -> Any:
    known = {True: True, False: False, "true": True, "false": False, "1": True, "0": False}
    return known.get(value.lower() if isinstance(value, str) else value, NO_FIT)


class Bits(sa.BigInteger):
    """MariaDB's ``BIT``: a number, which its driver hands out as bytes."""

    def result_processor(self, dialect: object, coltype: object) -> Callable[[Any], Any]:  # noqa: ARG002 - SQLAlchemy's
        """Return what reads a value."""
        return lambda value: int.from_bytes(value) if isinstance(value, bytes) else value


def _integer(_: Type, value: object) -> Any:
    if isinstance(value, bytes):
        return int.from_bytes(value)
    if isinstance(value, str):
        return _integer(_, int(value)) if _INTEGER.fullmatch(value) else NO_FIT
    if isinstance(value, float) and not value.is_integer():
        return NO_FIT
    number = int(value)  # type: ignore[call-overload]
    return number if -_BIG <= number < _BIG else NO_FIT


def _text(type_: Type, value: object) -> Any:
    text = value if isinstance(value, str) else str(native(value))
    if isinstance(value, bool):
        text = str(int(value))
    length = getattr(type_, "length", None)
    if length == _HEX_UUID and len(text) > length:
        text = UUID(text).hex  # a UUID kept as 32 hex digits, as Django does
    if "\x00" in text or (length is not None and len(text) > length):
        return NO_FIT
    text.encode()  # a lone surrogate is in no database
    return text


def _decimal(_: Type, value: object) -> Any:
    number = Decimal(str(value))
    return number if number.is_finite() else NO_FIT


def _moment(_: Type, value: object) -> Any:
    return value if isinstance(value, datetime) else datetime.fromisoformat(str(value))


def _date(_: Type, value: object) -> Any:
    return value if isinstance(value, date) else date.fromisoformat(str(value))


def _time(_: Type, value: object) -> Any:
    return value if isinstance(value, time) else time.fromisoformat(str(value))


def _bytes(_: Type, value: object) -> Any:
    if isinstance(value, bytes):
        return value
    return base64.b64decode(str(value), validate=True)


def _uuid(_: Type, value: object) -> Any:
    return value if isinstance(value, UUID) else UUID(str(value))


_READERS: tuple[tuple[type[Type], Callable[[Type, object], Any]], ...] = (
    (sa.Boolean, _boolean),
    (sa.Integer, _integer),
    (sa.Uuid, _uuid),
    (sa.Float, lambda _, value: float(str(value))),
    (sa.Numeric, _decimal),
    (sa.DateTime, _moment),
    (sa.Date, _date),
    (sa.Time, _time),
    (sa.types._Binary, _bytes),  # noqa: SLF001 - the one parent of BLOB, BYTEA and BINARY
    (sa.String, _text),
)


def comparable(type_: Type) -> Type:
    """
    Return the type to send keys as: the column's, without limits.

    ``CAST(key AS varchar(20))`` would cut a longer key until it matches somebody else's.
    """
    if isinstance(type_, sa.Integer):
        return sa.BigInteger()
    if isinstance(type_, sa.CHAR):
        return _BpChar()
    if isinstance(type_, sa.Enum | postgresql.CITEXT) or not isinstance(type_, sa.String):
        plain = isinstance(type_, sa.Numeric) and not isinstance(type_, sa.Float)
        return sa.Numeric() if plain else type_
    return sa.Text()


class _BpChar(sa.types.UserDefinedType[str]):
    """PostgreSQL's ``char`` without a length."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "BPCHAR"


def selected(column: sa.Column[Any], dialect: str) -> sa.ColumnElement[Any]:
    """
    Return the column as it is read.

    SQLite keeps dates, decimals and JSON as text or numbers of any spelling; they are read as
    they are, since SQLAlchemy gives up on a spelling it did not write itself. MariaDB's DOUBLE
    would be padded into a decimal.
    """
    raw = dialect == "sqlite" and not isinstance(column.type, sa.String)
    if raw or (dialect != "postgresql" and isinstance(column.type, sa.Float)):
        return sa.type_coerce(column, sa.types.NullType()).label(column.name)
    return column


def reader(column: sa.Column[Any], dialect: str) -> Callable[[Any], Any]:
    """Return what turns a read value into a JSON-native one."""
    type_ = column.type
    if dialect == "sqlite":
        return _sqlite_reader(type_)
    if dialect in {"mysql", "mariadb"}:
        if isinstance(type_, mysql.TINYINT) and type_.display_width == 1:
            return lambda value: None if value is None else bool(value)
        if isinstance(type_, mysql.VARBINARY):  # names, in schemas that trust no collation
            return lambda value: native(legible(value))
        if isinstance(type_, mysql.TIMESTAMP):  # the session's zone is UTC
            return lambda value: native(
                value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
            )
    return native


def legible(value: Any) -> Any:
    """Return bytes that are text as that text; anything else as it is."""
    if not isinstance(value, bytes):
        return value
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return value
    return text if text.isprintable() else value


def _sqlite_reader(type_: Type) -> Callable[[Any], Any]:
    if isinstance(type_, sa.Boolean):
        return lambda value: bool(value) if isinstance(value, int) else native(value)
    if isinstance(type_, sa.DateTime):
        return lambda value: _iso(value) if isinstance(value, str) else native(value)
    if isinstance(type_, sa.JSON):
        return _json
    if isinstance(type_, sa.Numeric) and not isinstance(type_, sa.Float):
        scale = type_.scale
        return lambda value: (
            f"{value:.{scale}f}"
            if isinstance(value, float | int) and scale is not None
            else native(value)
        )
    return native


def _iso(text: str) -> str:
    try:
        return datetime.fromisoformat(text).isoformat()
    except ValueError:
        return text


def _json(value: Any) -> Any:
    """Read JSON kept as text; what is not JSON stays as it is."""
    if not isinstance(value, str):
        return native(value)
    try:
        return json.loads(value)
    except ValueError:
        return value


def as_json(value: Any) -> Any:
    """Return the object behind a JSON path's column, whatever type the column has."""
    return _json(value) if isinstance(value, str) else value
