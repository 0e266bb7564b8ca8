"""
Proof that nobody else's rows changed: a digest of them, before and after.

Whose a row is, is worked out here by hand from the tables, apart from the data map: a proof
that asked the map would repeat its mistakes.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, create_engine

from workflows.demo.company import assistant, newsletter, shop_tables
from workflows.demo.company.filling import Places
from workflows.demo.company.people import Person
from workflows.demo.company.recommender.store import KEYS

Mine = Mapping[str, frozenset[Any]]
"""Collection to the keys of the rows that belong to the people of the cast."""


@dataclass(frozen=True, slots=True)
class Table:
    """All rows of one table."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    def place(self, column: str) -> int:
        """Return where *column* stands in each row."""
        return self.columns.index(column)


@dataclass(frozen=True, slots=True)
class Everything:
    """Every row of every store, by ``store.table``, and every object's tag."""

    tables: Mapping[str, Table]


def read(places: Places) -> Everything:
    """Read all five stores."""
    tables: dict[str, Table] = {}
    for store, url, metadata in (
        ("shop", places.shop, shop_tables.METADATA),
        ("assistant", places.assistant, assistant.METADATA),
        ("newsletter", places.newsletter, newsletter.METADATA),
    ):
        engine = create_engine(url, hide_parameters=True)
        with engine.connect() as connection:
            for table in metadata.sorted_tables:
                tables[f"{store}.{table.name}"] = _all(connection, table.name)
        engine.dispose()
    with closing(sqlite3.connect(places.recommender)) as db:
        for name in KEYS:
            found = db.execute(f"SELECT * FROM {name}")  # noqa: S608 - a name of ours
            tables[f"recommender.{name}"] = Table(
                tuple(d[0] for d in found.description), found.fetchall()
            )
    tables["files.objects"] = Table(("key", "etag", "size"), list(_objects(places)))
    return Everything(tables)


def _all(connection: Connection, name: str) -> Table:
    # As the driver gives them: nothing here needs dates to be dates.
    found = connection.exec_driver_sql(f"SELECT * FROM {name}")  # noqa: S608 - a name of ours
    return Table(tuple(found.keys()), [tuple(row) for row in found])


def _objects(places: Places) -> Iterator[tuple[Any, ...]]:
    client = places.files.client()
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=places.files.name)
    for page in pages:
        for one in page.get("Contents", ()):
            yield one["Key"], one["ETag"], one["Size"]
    client.close()


def belonging_to(cast: Iterable[Person], all_rows: Everything) -> Mine:
    """Return the keys of every row that is about somebody of the cast."""
    people = list(cast)
    ids = {p.id for p in people}
    mails = {p.email.lower() for p in people}
    tables = all_rows.tables
    mine: dict[str, frozenset[Any]] = {}

    def add(path: str, key: str, column: str, holds: Callable[[Any], bool]) -> frozenset[Any]:
        table = tables[path]
        of, by = table.place(key), table.place(column)
        found = frozenset(row[of] for row in table.rows if holds(row[by]))
        mine[path] = mine.get(path, frozenset()) | found
        return mine[path]

    add("shop.users", "id", "id", ids.__contains__)
    for path in ("shop.addresses", "shop.reviews", "shop.login_events"):
        add(path, "id", "user_id", ids.__contains__)
    add("shop.orders", "id", "user_id", ids.__contains__)
    orders = add("shop.orders", "id", "guest_email", lambda v: (v or "").lower() in mails)
    add("shop.order_items", "order_id", "order_id", orders.__contains__)
    add("shop.payments", "id", "order_id", orders.__contains__)
    texts = {str(number) for number in ids}
    talks = add("assistant.conversations", "id", "account", texts.__contains__)
    asked = add("assistant.prompts", "id", "conversation_id", talks.__contains__)
    add("assistant.replies", "id", "prompt_id", asked.__contains__)
    known = add("assistant.memory_entries", "id", "account", texts.__contains__)
    mine["assistant.embeddings"] = _made_from(tables["assistant.embeddings"], asked, known)
    readers = add("newsletter.subscribers", "id", "email", lambda v: v.lower() in mails)
    sends = add("newsletter.sends", "id", "subscriber_id", readers.__contains__)
    add("newsletter.clicks", "id", "send_id", sends.__contains__)
    for name, key in KEYS.items():
        # Of a tag, whose it is tells enough: nobody else's are spared with it.
        add(f"recommender.{name}", key[0], "user_id", ids.__contains__)
    add("files.objects", "key", "key", lambda v: _owner(v) in ids | orders)
    return mine


def _made_from(vectors: Table, prompts: frozenset[Any], memories: frozenset[Any]) -> frozenset[Any]:
    of, kind, source = (vectors.place(c) for c in ("id", "source_type", "source_id"))
    by_kind = {"prompt": prompts, "memory": memories}
    return frozenset(row[of] for row in vectors.rows if row[source] in by_kind[row[kind]])


def _owner(key: str) -> int:
    """Return the number in an object's key: a person's, or an order's, which never meet."""
    return int(key.split("/")[1].partition(".")[0])


_KEYS: Final[Mapping[str, str]] = {
    "shop.order_items": "order_id",
    "shop.products": "sku",
    "files.objects": "key",
    **{f"recommender.{name}": key[0] for name, key in KEYS.items()},
}


def digests(all_rows: Everything, mine: Mine) -> dict[str, str]:
    """Return a digest of every table's rows that are nobody's of the cast."""
    out = {}
    for path, table in all_rows.tables.items():
        key, spared = table.place(_KEYS.get(path, "id")), mine.get(path, frozenset())
        lines = sorted(repr(row) for row in table.rows if row[key] not in spared)
        out[path] = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return out


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Return the tables in which somebody else's row changed."""
    return [path for path, digest in before.items() if after.get(path) != digest]
