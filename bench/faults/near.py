"""The rows that one person's request can touch, read by their keys alone."""

from __future__ import annotations

from typing import Any, Final

from bench.faults.site import FILES_EVERY, Site, asked
from tests.faults import model
from tests.faults.company import TABLES, Person
from tests.faults.model import World

_BY_NAME: Final = {table.name: table for table in TABLES}


def keys_of(n: int, people: int) -> dict[str, list[Any]]:
    """Return the keys of all rows about person *n*, and of those that point at such a row."""
    before = (n - 2) % people + 1
    orders = [n * 10 + k for k in range(3)]
    return {
        "users": [n],
        "orders": orders,
        "items": [order * 10 + k for order in orders for k in range(2)],
        "comments": [n * 10, n * 10 + 1, n * 10 + 2, before * 10 + 2],
        "letters": [before, n],
        "shares": [before, n],
        "invoices": [n * 10, n * 10 + 1],
    }


def read(site: Site, n: int) -> World:
    """Return what is stored in those rows now."""
    world: World = {}
    for name, keys in keys_of(n, site.people).items():
        query = f"SELECT * FROM {name} WHERE id IN ({', '.join(map(str, keys))})"
        rows = [row._mapping for row in asked(site.shop, query)]  # noqa: SLF001 - its public name
        world[f"shop.{name}"] = {r["id"]: model.plain(_BY_NAME[name], r) for r in rows}
    mine = {
        name: [dict(row) for row in list(rows) if row["user_id"] == str(n)]
        for name, rows in site.service.tables.items()
    }
    world["service.profiles"] = {row["user_id"]: row for row in mine["profiles"]}
    world["service.tags"] = {row["id"]: row for row in mine["tags"]}
    world["files.avatars"] = {key: {} for key in _files(site, n)}
    return world


def _files(site: Site, n: int) -> list[str]:
    if n % FILES_EVERY:
        return []
    client = site.bucket.client()
    try:
        found = client.list_objects_v2(Bucket=site.bucket.bucket, Prefix=f"avatars/{n}/")
        return [entry["Key"] for entry in found.get("Contents", ())]
    finally:
        client.close()


def put_in(world: World, n: int, people: int, part: World) -> None:
    """Let *part*, read around person *n*, stand in the whole world."""
    for name, keys in keys_of(n, people).items():
        rows = world[f"shop.{name}"]
        for key in keys:
            rows.pop(key, None)
        rows.update(part[f"shop.{name}"])
    for path in ("service.profiles", "service.tags"):
        rows = world[path]
        for key in [k for k, row in rows.items() if row["user_id"] == str(n)]:
            del rows[key]
        rows.update(part[path])
    files = world["files.avatars"]
    for key in Person(n).files:
        files.pop(key, None)
    files.update(part["files.avatars"])
