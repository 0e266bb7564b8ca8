"""
Keys in columns of bytes, and in SQLite's columns without a type.

Some schemas keep names and addresses in ``VARBINARY`` so that nothing but the bytes decides what
is equal. A key is text all the same, as a person gives it and as other stores have it: bytes that
are text are that text, and only others are written as ``base64:…``, without loss either way.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from connectors.parts.native import canonical
from connectors.sql.values import NO_FIT, coerce, legible

_MARK = "base64:"
_UUID_BYTES = 16
_UUID_TEXT = 36


def is_bytes(type_: TypeEngine[Any]) -> bool:
    """Return whether a column of this type holds bytes."""
    return isinstance(type_, sa.types._Binary)  # noqa: SLF001 - the one parent of BLOB, BYTEA and BINARY


def is_loose(type_: TypeEngine[Any], dialect: str) -> bool:
    """Return whether each row decides what it holds: SQLite without a type, and its BLOB."""
    return dialect == "sqlite" and (isinstance(type_, sa.types.NullType) or is_bytes(type_))


def written(value: object) -> object:
    """Return bytes as the text that stands for them in a key; anything else as it is."""
    if not isinstance(value, bytes | bytearray | memoryview):
        return value
    octets = bytes(value)
    return _readable(octets) or _MARK + base64.b64encode(octets).decode("ascii")


def _readable(octets: bytes) -> str:
    """Return the text that *octets* are, or nothing if they are none."""
    text = legible(octets)
    return text if isinstance(text, str) and not text.startswith(_MARK) else ""


def key_part(type_: TypeEngine[Any], value: object) -> Any:
    """Return one part of a key as the column's driver expects it, or ``NO_FIT``."""
    if value is None or not is_bytes(type_):
        return coerce(type_, value)
    if isinstance(value, bytes):
        return value
    text = canonical(value) or ""
    try:
        if text.startswith(_MARK):
            return base64.b64decode(text.removeprefix(_MARK), validate=True)
        if getattr(type_, "length", None) == _UUID_BYTES and len(text) == _UUID_TEXT:
            return UUID(text).bytes
        return text.encode()
    except (ValueError, binascii.Error):
        return NO_FIT


def spellings(values: Iterable[Any]) -> Iterator[Any]:
    """Yield each key in every way in which a column without a type may hold it, bytes apart."""
    for value in values:
        text = value if isinstance(value, str) else canonical(written(value)) or ""
        yield text
        if text.removeprefix("-").isdecimal() and canonical(_number(text)) == text:
            yield _number(text)


def octets(values: Iterable[Any]) -> list[bytes]:
    """Return each key as bytes."""
    return [value if isinstance(value, bytes) else str(value).encode() for value in values]


def _number(text: str) -> int | None:
    try:
        number = int(text)
    except ValueError:
        return None
    return number if -(1 << 63) <= number < 1 << 63 else None
