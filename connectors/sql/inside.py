"""
Values inside a column: JSON paths (``payload.customer.email``, ``items[].user_id``) and arrays.

A path without a list is one text, and stands wherever a column may. One through a list is many:
a row hangs on a person by any of its elements, and is theirs alone when every element that names
somebody names them.
"""

# ruff: noqa: S608 - paths are escaped literals, everything else is compiled by SQLAlchemy

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import InternalTraversal

_LONGEST = 4096
"""Characters of a value that MariaDB reads out of a document; longer ones are nobody's key."""


class Inside(sa.ColumnElement[str]):
    """
    The text at a path inside a column; of a path through a list, whichever element it is of.

    Args:
        holder: The column.
        name: The path as the data map spells it.
    """

    inherit_cache = True
    _traverse_internals = [  # noqa: RUF012 - SQLAlchemy's way
        ("holder", InternalTraversal.dp_clauseelement),
        ("name", InternalTraversal.dp_string),
    ]

    def __init__(self, holder: sa.Column[Any], name: str) -> None:
        self.holder = holder
        self.name = name
        self.type = sa.Text()
        self.table = holder.table
        self.nullable, self.primary_key, self.info = True, False, holder.info
        rest = name.removeprefix(str(holder.name))
        outer, many, inner = rest.partition("[]")
        self.many = bool(many)
        self.outer = tuple(filter(None, outer.split(".")))
        self.inner = tuple(filter(None, inner.split(".")))

    @property
    def element(self) -> sa.ColumnElement[str]:
        """Return what is compared: of a list, one element at a time."""
        return Element(self) if self.many else self


class Element(sa.ColumnElement[str]):
    """The text that one element of a list holds, inside :class:`Some`."""

    inherit_cache = True
    _traverse_internals = [("of", InternalTraversal.dp_clauseelement)]  # noqa: RUF012 - SQLAlchemy's way

    def __init__(self, of: Inside) -> None:
        self.of = of
        self.type = sa.Text()


class Some(sa.ColumnElement[bool]):
    """Whether some element of a list is as ``where`` says."""

    inherit_cache = True
    _traverse_internals = [  # noqa: RUF012 - SQLAlchemy's way
        ("of", InternalTraversal.dp_clauseelement),
        ("where", InternalTraversal.dp_clauseelement),
    ]

    def __init__(self, of: Inside, where: sa.ColumnElement[bool]) -> None:
        self.of = of
        self.where = where
        self.type = sa.Boolean()


class Without(sa.ColumnElement[Any]):
    """
    The column without what some elements of its list say.

    Of an element that is an object the path is taken out; one that is a plain value goes.

    Args:
        where: Which elements.
    """

    inherit_cache = True
    _traverse_internals = [  # noqa: RUF012 - SQLAlchemy's way
        ("of", InternalTraversal.dp_clauseelement),
        ("before", InternalTraversal.dp_clauseelement),
        ("where", InternalTraversal.dp_clauseelement),
        ("lost", InternalTraversal.dp_plain_obj),
    ]

    def __init__(
        self,
        of: Inside,
        before: sa.ColumnElement[Any],
        where: sa.ColumnElement[bool],
        lost: tuple[tuple[str, ...], ...],
    ) -> None:
        self.of = of
        self.before = before
        self.where = where
        self.lost = lost
        self.type = sa.types.NullType()


def inside(table: sa.Table, name: str) -> Inside | None:
    """Return the value at path *name*, or None if *table* has no column that it begins with."""
    head = name.partition(".")[0].removesuffix("[]")
    holder = table.columns.get(head)
    return None if holder is None or head == name else Inside(holder, name)


def as_inside(column: object) -> Inside | None:
    """Return *column* if it is a value inside one: it stands where columns do."""
    return column if isinstance(column, Inside) else None


def followed(inner: Inside, dialect: str) -> bool:
    """Return whether a column is known to hold what a path can be followed into."""
    type_ = inner.holder.type
    untyped = dialect == "sqlite" and isinstance(type_, sa.Text | sa.types.NullType)
    return untyped or isinstance(type_, sa.JSON | sa.ARRAY)


def is_array(column: sa.Column[Any]) -> bool:
    """Return whether *column* is a list of the database's own."""
    return isinstance(column.type, sa.ARRAY)


# -- PostgreSQL ----------------------------------------------------------------------------


def _document(of: Inside, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CAST({compiler.process(of.holder, **kw)} AS jsonb)"


def _steps(steps: tuple[str, ...]) -> str:
    """Return a text literal of the path as PostgreSQL's array."""
    spelt = ",".join(json.dumps(step, ensure_ascii=False) for step in steps)
    return _literal("{" + spelt + "}")


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''").replace("%", "%%") + "'"


def _list_in(of: Inside, document: str) -> str:
    found = f"({document} #> {_steps(of.outer)})" if of.outer else document
    return f"CASE WHEN jsonb_typeof({found}) = 'array' THEN {found} ELSE '[]'::jsonb END"


@compiles(Inside, "postgresql")
def _pg_inside(one: Inside, compiler: SQLCompiler, **kw: Any) -> str:
    return f"({_document(one, compiler, **kw)} #>> {_steps(one.outer)})"


@compiles(Element, "postgresql")
def _pg_element(one: Element, _compiler: SQLCompiler, **_kw: Any) -> str:
    if is_array(one.of.holder):
        return "CAST(rights_e.value AS text)"
    return f"(rights_e.value #>> {_steps(one.of.inner)})"


@compiles(Some, "postgresql")
def _pg_some(one: Some, compiler: SQLCompiler, **kw: Any) -> str:
    if is_array(one.of.holder):
        elements = f"unnest({compiler.process(one.of.holder, **kw)})"
    else:
        listed = _list_in(one.of, _document(one.of, compiler, **kw))
        elements = f"jsonb_array_elements({listed})"
    where = compiler.process(one.where, **kw)
    return f"EXISTS (SELECT 1 FROM {elements} AS rights_e(value) WHERE {where})"


@compiles(Without, "postgresql")
def _pg_without(one: Without, compiler: SQLCompiler, **kw: Any) -> str:
    where = compiler.process(one.where, **kw)
    before = compiler.process(one.before, **kw)
    if is_array(one.of.holder):
        return (
            f"ARRAY(SELECT rights_e.value FROM unnest({before})"
            f" WITH ORDINALITY AS rights_e(value, n)"
            f" WHERE ({where}) IS NOT TRUE ORDER BY rights_e.n)"
        )
    document = f"CAST({before} AS jsonb)"
    taken = "rights_e.value" + "".join(f" #- {_steps(path)}" for path in one.lost)
    gone = "" if one.of.inner else f" WHERE ({where}) IS NOT TRUE"
    kept = f"CASE WHEN {where} THEN {taken} ELSE rights_e.value END" if one.of.inner else taken
    rest = (
        f"(SELECT coalesce(jsonb_agg({kept} ORDER BY rights_e.n), '[]'::jsonb)"
        f" FROM jsonb_array_elements({_list_in(one.of, document)})"
        f" WITH ORDINALITY AS rights_e(value, n){gone})"
    )
    if one.of.outer:
        rest = f"jsonb_set({document}, {_steps(one.of.outer)}, {rest}, false)"
    is_json = isinstance(one.of.holder.type, postgresql.JSON) and not isinstance(
        one.of.holder.type, postgresql.JSONB
    )
    return f"CAST({rest} AS json)" if is_json else rest


# -- SQLite, MariaDB and MySQL -------------------------------------------------------------


def _dollar(steps: tuple[str, ...], many: str = "") -> str:
    """Return a text literal of the path as these databases spell it."""
    spelt = "".join(f".{json.dumps(step, ensure_ascii=False)}" for step in steps)
    return _literal(f"${spelt}{many}")


@compiles(Inside)
def _inside(one: Inside, compiler: SQLCompiler, **kw: Any) -> str:
    holder = compiler.process(one.holder, **kw)
    if compiler.dialect.name == "sqlite":
        found = f"CAST(json_extract({holder}, {_dollar(one.outer)}) AS TEXT)"
    else:
        found = f"JSON_VALUE({holder}, {_dollar(one.outer)})"
    return found  # what is no JSON stops the request: nothing is not what was found


@compiles(Element)
def _element(one: Element, compiler: SQLCompiler, **_kw: Any) -> str:
    if compiler.dialect.name != "sqlite":
        return "rights_e.v"
    if not one.of.inner:
        return "CAST(rights_e.atom AS TEXT)"
    found = f"json_extract(rights_e.value, {_dollar(one.of.inner)})"
    return f"CASE WHEN rights_e.type = 'object' THEN CAST({found} AS TEXT) END"


def _elements(of: Inside, holder: str, compiler: SQLCompiler) -> str:
    path = _dollar(of.outer)
    if compiler.dialect.name == "sqlite":
        found = f"json_extract({holder}, {path})"
        listed = f"CASE WHEN json_type({holder}, {path}) = 'array' THEN {found} ELSE '[]' END"
        return f"json_each({listed}) AS rights_e"
    return (
        f"JSON_TABLE({holder}, {_dollar(of.outer, '[*]')} COLUMNS (n FOR ORDINALITY,"
        f" j JSON PATH '$', v VARCHAR({_LONGEST}) PATH {_dollar(of.inner)})) AS rights_e"
    )


@compiles(Some)
def _some(one: Some, compiler: SQLCompiler, **kw: Any) -> str:
    elements = _elements(one.of, compiler.process(one.of.holder, **kw), compiler)
    return f"EXISTS (SELECT 1 FROM {elements} WHERE {compiler.process(one.where, **kw)})"


@compiles(Without)
def _without(one: Without, compiler: SQLCompiler, **kw: Any) -> str:
    where = compiler.process(one.where, **kw)
    before = compiler.process(one.before, **kw)
    elements, lite = _elements(one.of, before, compiler), compiler.dialect.name == "sqlite"
    quoted = "CASE WHEN rights_e.type IN ('object', 'array') THEN rights_e.value"
    quoted += " WHEN rights_e.type IN ('true', 'false') THEN rights_e.type"
    quoted += " ELSE json_quote(rights_e.value) END"
    plain = quoted if lite else "rights_e.j"
    paths = ", ".join(_dollar(path) for path in one.lost)
    kept, gone = plain, f" WHERE NOT coalesce({where}, 0)"
    if one.of.inner:
        kept, gone = f"CASE WHEN {where} THEN json_remove({plain}, {paths}) ELSE {plain} END", ""
    order = "" if lite else " ORDER BY rights_e.n SEPARATOR ','"
    glued = f"group_concat({kept}{order})"
    rest = f"(SELECT concat('[', coalesce({glued}, ''), ']') FROM {elements}{gone})"
    if lite:
        rest = f"(SELECT '[' || coalesce({glued}, '') || ']' FROM {elements}{gone})"
    if not one.of.outer:
        return rest
    parsed = f"json({rest})" if lite else f"JSON_EXTRACT({rest}, '$')"
    return f"json_replace({before}, {_dollar(one.of.outer)}, {parsed})"
