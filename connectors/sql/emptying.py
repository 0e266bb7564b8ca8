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
from connectors.sql.facts import COMPUTED, POINTS, USUAL, column, columns
from connectors.sql.inside import Inside, Without, as_inside
from connectors.sql.keysets import Condition, Legible
from connectors.sql.nobody import cleared, clears
from connectors.sql.octets import is_bytes
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
        target = column(rows.table, name, rows.path)
        inner = as_inside(target)
        if inner is not None:
            _inside(out, rows, inner)
        elif not target.info[COMPUTED]:  # what the database makes of others is empty once they are
            _whole(out, rows, target)
    return out


def _inside(out: Emptied, rows: Rows, inner: Inside) -> None:
    if inner.many:
        _remove_elements(out, [inner], sa.true())
    else:
        _remove_path(out, rows, inner)
    out.used.append(PATH_REMOVED)


def _whole(out: Emptied, rows: Rows, target: sa.Column[Any]) -> None:
    said = rows.target.collection.field(target.name)
    if said and said.emptied_to:
        _stand_in(out, target, said.emptied_to[0], rows.path)
        out.used.append(STAND_IN)
    elif target.nullable:
        out.values[target.name] = sa.null()
        out.full.append(target.is_not(None))
        out.used.append(EMPTY)
    elif target.name in rows.facts.uniques():
        out.values[target.name] = _word(rows, target)
        text = Legible(target) if is_bytes(target.type) else target
        out.full.append(text.not_like(f"{PREFIX}%"))
        out.used.append(WORD)
    else:
        plain = sa.literal(neutral(target, rows.path), target.type)
        out.values[target.name] = plain
        out.full.append(target != plain)
        out.used.append(NEUTRAL)


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

    Of a composite pointer it is enough to cut the columns that may point at nothing.
    """
    link = reach.link
    cols = columns(rows.table, cut(reach), rows.path)
    if any(as_inside(c) is not None for c in cols):
        return _pointing_inside(rows, reach, cols)
    values: dict[str, Any] = {c.name: cleared(c) for c in cols if clears(c)}
    solid = [c for c in cols if not clears(c)]
    if values and link and not link.anonymise:
        return values, ""
    pointing = {name for other in rows.target.collection.links for name in other.columns}
    for c in solid:
        points = c.name in pointing and not isinstance(c.type, sa.String)
        if points or c.info[POINTS] or c.primary_key or c.name in rows.facts.uniques():
            return {}, c.name
        values[c.name] = sa.literal(neutral(c, rows.path), c.type)
    return values, ""


def _pointing_inside(
    rows: Rows, reach: Reach, cols: tuple[sa.Column[Any], ...]
) -> tuple[dict[str, Any], str]:
    """Cut what a document says of the person; of a list, in their own elements only."""
    out = Emptied()
    listed = as_inside(column(rows.table, reach.columns[0], rows.path))
    lists: dict[tuple[str, tuple[str, ...]], list[Inside]] = {}
    for c in cols:
        inner = as_inside(c)
        if inner is None and not clears(c):
            return {}, str(c.name)
        if inner is None:
            out.values[c.name] = cleared(c)
        elif inner.many:
            lists.setdefault((str(inner.holder.name), inner.outer), []).append(inner)
        else:
            _remove_path(out, rows, inner)
    for place, parts in lists.items():
        same = listed is not None and (str(listed.holder.name), listed.outer) == place
        _remove_elements(out, parts, rows.mine(reach) if same else sa.true())
    return out.values, ""


def neutral(target: sa.Column[Any], path: str) -> Any:
    """
    Return the value that says nothing, for a column that may not be NULL.

    Raises:
        Misconfigured: there is none for the column's type.
    """
    type_ = target.type
    if isinstance(type_, sa.Enum) and type_.enums:
        return target.info.get(USUAL) or type_.enums[0]
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
    texts = isinstance(target.type, sa.String) or is_bytes(target.type)
    if not texts or not rows.key or (length or 99) < _SHORTEST:
        raise Misconfigured(
            f"{rows.path}: column {target.name} is unique and may not be empty, and no word that"
            " stands for nobody fits into it; make it nullable, or declare 'erasure: keep'"
        )
    named = sa.literal(str(target.name), sa.String())
    parts: list[Any] = [sa.bindparam(SALT, type_=sa.String()), named]
    parts += (sa.cast(c, _keyed(rows.dialect)) for c in columns(rows.table, rows.key, rows.path))
    word = sa.literal(PREFIX).concat(_sha256(rows.dialect, parts))
    short = sa.func.substr(word, 1, min(length or 45, 45))
    if is_bytes(target.type) and rows.dialect == "postgresql":
        return sa.func.convert_to(short, "UTF8")
    return sa.type_coerce(short, target.type)


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


def _remove_elements(out: Emptied, parts: list[Inside], where: Condition) -> None:
    """Take what paths say out of the elements of one list that *where* chooses."""
    whole = next((one for one in parts if not one.inner), parts[0])
    head = str(whole.holder.name)
    before = out.values.get(head, whole.holder)
    out.values[head] = Without(whole, before, where, tuple(one.inner for one in parts))
    out.testable = False


def _remove_path(out: Emptied, rows: Rows, inner: Inside) -> None:
    """Take one path out of a JSON column; what else the column holds stays."""
    target, head = inner.holder, str(inner.holder.name)
    before = out.values.get(head, target)
    if rows.dialect == "postgresql":
        steps = postgresql.array(list(inner.outer), type_=sa.Text())
        rest = sa.cast(before, postgresql.JSONB).op("#-")(steps)
        out.values[head] = sa.cast(rest, target.type)
    else:
        name = ".".join(f'"{step}"' for step in inner.outer)
        removed = sa.func.json_remove(before, f"$.{name}")
        out.values[head] = sa.type_coerce(removed, sa.types.NullType())
    out.testable = False
