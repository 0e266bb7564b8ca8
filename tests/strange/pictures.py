"""What a request changed in a database: every row of every table, before and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from tests.links.case import Case

Rows = Counter[tuple[Any, ...]]
Change = dict[str, tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]]


def taken(shop: Case) -> dict[str, Rows]:
    """Return every row of every table but ours."""
    with shop.engines["shop"].connect() as connection:
        quote = connection.dialect.identifier_preparer.quote
        names = [n for n in sa.inspect(connection).get_table_names() if not n.startswith("rights_")]
        every = {n: connection.exec_driver_sql(f"SELECT * FROM {quote(n)}").all() for n in names}
    return {name: Counter(tuple(map(_plain, row)) for row in rows) for name, rows in every.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return value if isinstance(value, str | int | float | None) else str(value)


def asked(shop: Case, subject: Mapping[str, str], *args: Any) -> tuple[dict[str, Any], Change]:
    """Run a request; return its outcome, and of each changed table the rows that went and came."""
    before = taken(shop)
    outcome = shop.ask(subject, *args)
    after = taken(shop)
    assert before.keys() == after.keys()
    changed = {
        name: (_sorted(before[name] - after[name]), _sorted(after[name] - before[name]))
        for name in before
        if before[name] != after[name]
    }
    return outcome, changed


def ids(change: Change) -> dict[str, list[Any]]:
    """Return the first column of the rows that went for good, by table."""
    out = {}
    for name, (went, came) in change.items():
        stayed = {row[0] for row in came}
        out[name] = [row[0] for row in went if row[0] not in stayed]
    return {name: found for name, found in out.items() if found}


def _sorted(rows: Rows) -> list[tuple[Any, ...]]:
    return sorted(rows.elements(), key=repr)
