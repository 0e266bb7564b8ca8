"""
Emptying columns: NULL where that is allowed, else a value that says nothing about anybody.

A column that must be unique gets a word made of the step's id and the row's key. It is never
made of the value it replaces: a hash of an e-mail address still names the person (R-NEG-14).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from connectors.parts.fates import cut
from connectors.sdk import Misconfigured, Reach
from connectors.sql.facts import POINTS, column, columns
from connectors.sql.keysets import Condition
from connectors.sql.predicates import Rows
from connectors.sql.values import fitting

PREFIX = "anon-"
SALT = "rights_salt"

EMPTY, NEUTRAL, STAND_IN = "empty", "neutral_value", "stand_in"
WORD, PATH_REMOVED = "unrelated_word", "path_removed"
METHODS = (EMPTY, NEUTRAL, STAND_IN, WORD, PATH_REMOVED)
"""Methods of anonymising, as the catalogue names them."""

_SHORTEST = 12
"""Characters a unique column needs for a word that will not clash."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Emptied:
    """
    Assignments for an UPDATE.

    Args:
        values: Column name to expression.
        full: "Something is still there", for each assignment that can be tested.
        testable: Whether ``full`` covers every assignment.
        used: The method behind each assignment.
    """

    values: dict[str, Any] = field(default_factory=dict)
    full: list[Condition] = field(default_factory=list)
    testable: bool = True
    used: list[str] = field(default_factory=list)

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods of the catalogue by which it anonymises."""
        return tuple(sorted(set(self.used)))


def emptied(rows: Rows, names: Iterable[str]) -> Emptied:
    """
    Return how the fields *names* are emptied.

    Raises:
        Misconfigured: a field is not there, or its type has no empty value.
    """
    out = Emptied()
    for name in names:
        head, _, path = name.partition(".")
        if path and name not in rows.table.columns:
            _remove_path(out, rows, head, path)
            out.used.append(PATH_REMOVED)
            continue
        target = column(rows.table, name, rows.path)
        said = rows.target.collection.field(name)
        if said and said.emptied_to:
            _stand_in(out, target, said.emptied_to[0], rows.path)
            out.used.append(STAND_IN)
        elif target.nullable:
            out.values[name] = sa.null()
            out.full.append(target.is_not(None))
            out.used.append(EMPTY)
        elif name in rows.facts.uniques():
            out.values[name] = _word(rows, target)
            out.full.append(target.not_like(f"{PREFIX}%"))
            out.used.append(WORD)
        else:
            plain = neutral(target, rows.path)
            out.values[name] = sa.literal(plain, target.type)
            out.full.append(target != sa.literal(plain, target.type))
            out.used.append(NEUTRAL)
    return out


def _stand_in(out: Emptied, target: sa.Column[Any], value: Any, path: str) -> None:
    """Write the value that the map names: a rule of the store's refuses what we would choose."""
    if isinstance(target.type, sa.JSON):
        written = sa.literal(sa.JSON.NULL if value is None else value, target.type)
        full = sa.cast(target, sa.Text()) != json.dumps(value)
    else:
        written = sa.literal(fitting(target, value, path), target.type)
        full = target.is_distinct_from(written)
    out.values[target.name] = written
    out.full.append(full)


def pointer(rows: Rows, reach: Reach) -> tuple[dict[str, Any], str]:
    """
    Return how the columns of one link are cut, and the column that cannot be, or nothing.

    Of a composite pointer it is enough to cut the columns that may be NULL.
    """
    link = reach.link
    cols = columns(rows.table, cut(reach), rows.path)
    values: dict[str, Any] = {c.name: sa.null() for c in cols if c.nullable}
    solid = [c for c in cols if not c.nullable]
    if values and link and not link.anonymise:
        return values, ""
    pointing = {name for other in rows.target.collection.links for name in other.columns}
    for c in solid:
        points = c.name in pointing and not isinstance(c.type, sa.String)
        if points or c.info[POINTS] or c.primary_key or c.name in rows.facts.uniques():
            return {}, c.name
        values[c.name] = sa.literal(neutral(c, rows.path), c.type)
    return values, ""


def neutral(target: sa.Column[Any], path: str) -> Any:
    """
    Return the value that says nothing, for a column that may not be NULL.

    Raises:
        Misconfigured: there is none for the column's type.
    """
    type_ = target.type
    if isinstance(type_, sa.Enum) and type_.enums:
        return type_.enums[0]
    for family, value in _NEUTRAL:
        if isinstance(type_, family):
            return value
    raise Misconfigured(
        f"{path}: column {target.name} may not be empty and its type has no neutral value; make"
        " it nullable, or declare 'erasure: keep' for the field"
    )


_NEUTRAL: tuple[tuple[type[Any], Any], ...] = (
    (sa.Boolean, False),
    (sa.Integer, 0),
    (sa.Uuid, UUID(int=0)),
    (sa.Numeric, 0),
    (sa.DateTime, _EPOCH.replace(tzinfo=None)),
    (sa.Date, date(1970, 1, 1)),
    (sa.Time, time(0)),
    (sa.types._Binary, b""),  # noqa: SLF001 - the one parent of BLOB, BYTEA and BINARY
    (sa.JSON, {}),
    (sa.ARRAY, []),
    (sa.String, ""),
)


def _word(rows: Rows, target: sa.Column[Any]) -> Any:
    length = getattr(target.type, "length", None)
    if not isinstance(target.type, sa.String) or not rows.key or (length or 99) < _SHORTEST:
        raise Misconfigured(
            f"{rows.path}: column {target.name} is unique and may not be empty, and no word that"
            " stands for nobody fits into it; make it nullable, or declare 'erasure: keep'"
        )
    named = sa.literal(str(target.name), sa.String())
    parts: list[Any] = [sa.bindparam(SALT, type_=sa.String()), named]
    parts += (sa.cast(c, _keyed(rows.dialect)) for c in columns(rows.table, rows.key, rows.path))
    word = sa.literal(PREFIX).concat(_sha256(rows.dialect, parts))
    return sa.func.substr(word, 1, min(length or 45, 45))


def _keyed(dialect: str) -> Any:
    """Return the type a key is turned into text by; MySQL's CAST knows CHAR only."""
    return sa.CHAR(64) if dialect == "mysql" else sa.Text()


def _sha256(dialect: str, parts: list[Any]) -> Any:
    if dialect == "sqlite":
        return sa.func.rights_sha256(*parts, type_=sa.String())
    joined = sa.func.concat_ws("|", *parts)
    if dialect == "postgresql":
        octets = sa.func.convert_to(joined, "UTF8")
        return sa.func.encode(sa.func.sha256(octets), "hex", type_=sa.String())
    return sa.func.sha2(joined, 256, type_=sa.String())


def _remove_path(out: Emptied, rows: Rows, head: str, path: str) -> None:
    """Take one path out of a JSON column; what else the column holds stays."""
    if "[]" in head or "[]" in path:
        raise Misconfigured(
            f"{rows.path}: {head}.{path} runs through a list and cannot be emptied alone; name"
            f" the whole column {head} in the data map"
        )
    target = column(rows.table, head, rows.path)
    before = out.values.get(head, target)
    if rows.dialect == "postgresql":
        steps = postgresql.array(path.split("."), type_=sa.Text())
        rest = sa.cast(before, postgresql.JSONB).op("#-")(steps)
        out.values[head] = sa.cast(rest, target.type)
    else:
        name = ".".join(f'"{step}"' for step in path.split("."))
        removed = sa.func.json_remove(before, f"$.{name}")
        out.values[head] = sa.type_coerce(removed, sa.types.NullType())
    out.testable = False
