"""
Pointers that say "nobody" without NULL.

Schemas without foreign keys often write ``user_id BIGINT NOT NULL DEFAULT 0``: nought, or the
empty text, is their way of pointing at nothing. The default says so, and only where the database
itself lets it stand: under a foreign key such a value would have to be somebody's.
"""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa

NOBODY = "nobody"
"""In a column's ``info``: the value that points at nothing, where there is one beside NULL."""

_NOUGHT = re.compile(r"\(*'?0'?(::[\w ]+)?\)*")
_EMPTY = re.compile(r"\(*''(::[\w ]+(\(\d+\))?)?\)*")


def said(type_: Any, default: object, *, nullable: bool, pointing: bool) -> Any:
    """Return what a column of this kind says for "nobody", or None."""
    text = str(default or "").strip()
    if nullable or pointing or not text:
        return None
    if isinstance(type_, sa.Integer) and _NOUGHT.fullmatch(text):
        return 0
    if isinstance(type_, sa.String) and not isinstance(type_, sa.Enum) and _EMPTY.fullmatch(text):
        return ""
    return None


def nobody(column: sa.Column[Any]) -> Any:
    """Return the value by which *column* points at nothing, or None."""
    return None if column.primary_key else column.info.get(NOBODY)


def clears(column: sa.Column[Any]) -> bool:
    """Return whether *column* can stop pointing at anything."""
    return bool(column.nullable) or nobody(column) is not None


def cleared(column: sa.Column[Any]) -> Any:
    """Return what *column* is set to, to point at nothing."""
    return sa.null() if column.nullable else sa.literal(nobody(column), column.type)


def unset(column: sa.Column[Any]) -> sa.ColumnElement[bool]:
    """Return "it points at nothing"."""
    value = nobody(column)
    return column.is_(None) if value is None else column == sa.literal(value, column.type)


def pointing(column: sa.Column[Any]) -> list[sa.ColumnElement[bool]]:
    """Return "it points at something", where that has to be asked."""
    value = nobody(column)
    return [] if value is None else [column != sa.literal(value, column.type)]
