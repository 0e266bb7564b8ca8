"""
The bare programs: psycopg and zipfile, nothing else.

They do the same work on the same rows without being sure of anything: no identity, no plan, no
proof, no audit, no encryption. What they reach is the ceiling on this machine.
"""

from __future__ import annotations

import csv
import io
import json
import time
import zipfile
from collections.abc import Iterable

import psycopg

READ = {
    "users": "SELECT id, email, name, phone, personalised FROM users WHERE id = %s",
    "addresses": "SELECT id, city, street FROM addresses WHERE user_id = %s",
    "orders": "SELECT id, total, placed FROM orders WHERE user_id = %s",
    "items": "SELECT i.id, i.name, i.price FROM items i JOIN orders o ON o.id = i.order_id"
    " WHERE o.user_id = %s",
    "cards": "SELECT id, brand, tail FROM cards WHERE user_id = %s",
    "messages": "SELECT id, body, sent FROM messages WHERE user_id = %s",
    "logins": "SELECT id, ip, at FROM logins WHERE user_id = %s",
    "tags": "SELECT id, tag, weight FROM tags WHERE user_id = %s",
}

ERASE = (
    "DELETE FROM items USING orders WHERE items.order_id = orders.id AND orders.user_id = %s",
    *(
        f"DELETE FROM {t} WHERE user_id = %s"
        for t in ("orders", "addresses", "cards", "messages", "logins", "tags")
    ),
    "DELETE FROM users WHERE id = %s",
)


def packages(dsn: str, people: Iterable[int]) -> float:
    """Make one ZIP per person; return packages per minute of one process."""
    started, count = time.perf_counter(), 0
    with psycopg.connect(dsn, autocommit=True) as connection:
        for person in people:
            package(connection, person)
            count += 1
    return count * 60 / (time.perf_counter() - started)


def package(connection: psycopg.Connection, person: int) -> bytes:
    """Return one person's rows as a ZIP of JSON Lines and CSV."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
        for name, query in READ.items():
            cursor = connection.execute(query, (person,))
            names = [c.name for c in cursor.description or ()]
            rows = [[str(v) if v is not None else None for v in row] for row in cursor]
            lines = "\n".join(json.dumps(dict(zip(names, row, strict=True))) for row in rows)
            made.writestr(f"{name}.jsonl", lines)
            text = io.StringIO()
            csv.writer(text).writerows([names, *rows])
            made.writestr(f"{name}.csv", text.getvalue())
    return out.getvalue()


def erasures(dsn: str, people: Iterable[int]) -> float:
    """Delete one person per transaction; return erasures per minute of one process."""
    started, count = time.perf_counter(), 0
    with psycopg.connect(dsn) as connection:
        for person in people:
            for statement in ERASE:
                connection.execute(statement, (person,))
            connection.commit()
            count += 1
    return count * 60 / (time.perf_counter() - started)
