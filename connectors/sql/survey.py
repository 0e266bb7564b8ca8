"""What else may stand in the way of an effect: triggers, rules, privileges."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.engine import Connection

from connectors.sdk import TableFound

WANTED = ("SELECT", "UPDATE", "DELETE")
"""What an erasure needs on a table."""

Names = Mapping[str, tuple[str, ...]]

_PG_TRIGGERS = sa.text(
    "SELECT c.relname, t.tgname FROM pg_trigger t"
    " JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND (t.tgtype::int & 24) <> 0"
    " AND n.nspname = COALESCE(:schema, current_schema())"
)
_PG_RULES = sa.text(
    "SELECT c.relname, r.rulename FROM pg_rewrite r"
    " JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE r.is_instead AND r.ev_type IN ('2', '4') AND c.relkind IN ('r', 'p')"
    " AND n.nspname = COALESCE(:schema, current_schema())"
)
_PG_PRIVILEGES = sa.text(
    "SELECT c.relname, p.name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " CROSS JOIN (VALUES ('SELECT'), ('UPDATE'), ('DELETE')) AS p (name)"
    " WHERE c.relkind IN ('r', 'p') AND n.nspname = COALESCE(:schema, current_schema())"
    " AND NOT has_table_privilege(c.oid, p.name)"
)
_MY_TRIGGERS = sa.text(
    "SELECT EVENT_OBJECT_TABLE, TRIGGER_NAME FROM information_schema.TRIGGERS"
    " WHERE EVENT_OBJECT_SCHEMA = COALESCE(:schema, DATABASE())"
    " AND EVENT_MANIPULATION IN ('UPDATE', 'DELETE')"
)
_MY_GRANTED = sa.text(
    "SELECT '*' AS name, PRIVILEGE_TYPE FROM information_schema.USER_PRIVILEGES"
    " UNION SELECT '*', PRIVILEGE_TYPE FROM information_schema.SCHEMA_PRIVILEGES"
    " WHERE COALESCE(:schema, DATABASE()) LIKE TABLE_SCHEMA"
    " UNION SELECT TABLE_NAME, PRIVILEGE_TYPE FROM information_schema.TABLE_PRIVILEGES"
    " WHERE TABLE_SCHEMA = COALESCE(:schema, DATABASE())"
)
_LITE_TRIGGERS = sa.text("SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'trigger'")


def surveyed(
    connection: Connection, tables: Iterable[TableFound], schema: str | None
) -> tuple[TableFound, ...]:
    """Return *tables* with what their database does by itself and what it forbids."""
    dialect = connection.dialect.name
    found = tuple(tables)
    if dialect == "postgresql":
        triggers, rules = _named(connection, _PG_TRIGGERS, schema), _PG_RULES
        rewrites = _named(connection, rules, schema)
        lacks = _named(connection, _PG_PRIVILEGES, schema)
    elif dialect == "sqlite":
        triggers, rewrites = _sqlite_triggers(connection), {}
        lacks = {t.name: WANTED[1:] for t in found} if _read_only(connection) else {}
    else:
        triggers, rewrites = _named(connection, _MY_TRIGGERS, schema), {}
        lacks = _not_granted(connection, schema, found)
    return tuple(
        replace(
            table,
            triggers=triggers.get(table.name, ()),
            rewrites=rewrites.get(table.name, ()),
            lacks=tuple(name for name in WANTED if name in lacks.get(table.name, ())),
        )
        for table in found
    )


def _named(connection: Connection, query: sa.TextClause, schema: str | None) -> Names:
    out: dict[str, tuple[str, ...]] = {}
    for table, name in connection.execute(query, {"schema": schema}).all():
        out[table] = tuple(sorted({*out.get(table, ()), name}))
    return out


def _sqlite_triggers(connection: Connection) -> Names:
    out: dict[str, tuple[str, ...]] = {}
    for table, name, text in connection.execute(_LITE_TRIGGERS).all():
        words = str(text).upper().partition(" ON ")[0]
        if "DELETE" in words or "UPDATE" in words:
            out[table] = (*out.get(table, ()), name)
    return out


def _read_only(connection: Connection) -> bool:
    database = connection.engine.url.database or ""
    path = unquote(database.removeprefix("file:"))
    if "mode" in connection.engine.url.query and connection.engine.url.query["mode"] == "ro":
        return True
    return bool(path) and Path(path).exists() and not os.access(path, os.W_OK)


def _not_granted(
    connection: Connection, schema: str | None, tables: tuple[TableFound, ...]
) -> dict[str, tuple[str, ...]]:
    """Return what nobody granted; where grants cannot be told (roles), nothing is said to lack."""
    try:
        role: Any = connection.execute(sa.text("SELECT CURRENT_ROLE()")).scalar()
    except exc.DBAPIError:
        role = None
    if role:
        return {}
    granted = _named(connection, _MY_GRANTED, schema)
    everywhere = set(granted.get("*", ()))
    return {
        t.name: tuple(sorted(set(WANTED) - everywhere - set(granted.get(t.name, ()))))
        for t in tables
    }
