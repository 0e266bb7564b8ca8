"""
The oracle: what every store must hold after a request, worked out from the law of the data map.

It shares no code with the planner, the routes or the connectors: it reads whole tables with
queries of its own and does to a copy, in plain loops, what the request asked for. What comes out
must be what the stores hold, row by row and field by field: nothing of the person is left, and
nobody else's row has changed.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from tests.connectors.backend_service import Backend
from tests.faults.company import TABLES, Row
from tests.servers.s3 import Bucket

World = dict[str, dict[Any, Row]]
"""``store.collection`` to key to row."""

Counts = dict[str, int]

_HELD_DAYS: Final = 3 * 365


def read(shop: sa.Engine, service: Backend, bucket: Bucket) -> World:
    """Return everything that is stored, by queries of our own."""
    world: World = {}
    with shop.connect() as connection:
        for table in TABLES:
            found = connection.execute(sa.text(f"SELECT * FROM {table.name}")).mappings()
            world[f"shop.{table.name}"] = {r["id"]: plain(table, dict(r)) for r in found}
    for name, rows in copy.deepcopy(service.tables).items():
        key = "user_id" if name == "profiles" else "id"
        world[f"service.{name}"] = {row[key]: row for row in rows}
    world["files.avatars"] = {key: {} for key in _keys(bucket)}
    return world


def plain(table: sa.Table, row: Mapping[Any, Any]) -> Row:
    """Return a row as every database means it: SQLite and MariaDB know no booleans."""
    out = dict(row)
    for column in table.c:
        value = out[column.name]
        if isinstance(column.type, sa.Boolean) and value is not None:
            out[column.name] = bool(value)
        if isinstance(column.type, sa.DateTime) and isinstance(value, str):
            out[column.name] = datetime.fromisoformat(value)
    return out


def _keys(bucket: Bucket) -> Iterable[str]:
    client = bucket.client()
    try:
        for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket.bucket):
            for entry in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                yield entry["Key"]
    finally:
        client.close()


def after(world: World, asked: Mapping[str, Any], person: int) -> tuple[World, Counts]:
    """
    Return the stores as the request must leave them, and the rows it must say it changed.

    Rows in which only a pointer at the person was cut belong to somebody else: they are not
    counted.
    """
    out, counts = copy.deepcopy(world), Counts()
    effect = _EFFECTS.get((asked["kind"], asked["option"]))
    if effect:
        effect(out, counts, person, asked)
    return out, {path: n for path, n in counts.items() if n}


def _count(counts: Counts, path: str, rows: int = 1) -> None:
    counts[path] = counts.get(path, 0) + rows


def _erase(out: World, counts: Counts, n: int, _: Mapping[str, Any]) -> None:
    orders = {k for k, r in out["shop.orders"].items() if r["user_id"] == n}
    comments = {k for k, r in out["shop.comments"].items() if r["author_id"] == n}
    _drop(out, counts, "shop.items", lambda r: r["order_id"] in orders)
    _drop(out, counts, "shop.orders", lambda r: r["user_id"] == n)
    _drop(out, counts, "shop.comments", lambda r: r["author_id"] == n)
    for row in out["shop.comments"].values():
        if row["parent_id"] in comments:
            row["parent_id"] = None
    _drop(out, counts, "shop.letters", lambda r: r["sender_id"] == n)
    for row in out["shop.letters"].values():
        if row["recipient_id"] == n:
            row["recipient_id"] = None
    _drop(out, counts, "shop.shares", lambda r: {r["first_id"], r["second_id"]} in _alone(n))
    _leave(out, n)
    _invoices(out, counts, n, out["shop.invoices"].pop)
    _drop(out, counts, "shop.users", lambda r: r["id"] == n)
    _drop(out, counts, "service.tags", lambda r: r["user_id"] == str(n))
    _drop(out, counts, "service.profiles", lambda r: r["user_id"] == str(n))
    _files(out, counts, n)


def _alone(n: int) -> tuple[set[int | None], ...]:
    return ({n}, {n, None})


def _leave(out: World, n: int) -> None:
    """What two people own stays with the other one."""
    for row in out["shop.shares"].values():
        for column in ("first_id", "second_id"):
            if row[column] == n:
                row[column] = None


def _invoices(out: World, counts: Counts, n: int, done: Callable[[int], Any]) -> None:
    """What the law holds keeps what the law needs; the rest of it goes."""
    since = datetime.now() - timedelta(days=_HELD_DAYS)  # noqa: DTZ005 - years apart from every row
    for key, row in list(out["shop.invoices"].items()):
        if row["buyer"] != n:
            continue
        if row["created_at"] > since:
            row["name"], row["restricted"] = None, True
        else:
            done(key)
            _count(counts, "shop.invoices")


def _drop(out: World, counts: Counts, path: str, which: Callable[[Row], bool]) -> None:
    gone = [key for key, row in out[path].items() if which(row)]
    for key in gone:
        del out[path][key]
    _count(counts, path, len(gone))


def _files(out: World, counts: Counts, n: int) -> None:
    gone = [key for key in out["files.avatars"] if key.startswith(f"avatars/{n}/")]
    for key in gone:
        del out["files.avatars"][key]
    _count(counts, "files.avatars", len(gone))


def _anonymise(out: World, counts: Counts, n: int, _: Mapping[str, Any]) -> None:
    mine = {k for k, r in out["shop.orders"].items() if r["user_id"] == n}
    shared = [
        r for r in out["shop.shares"].values() if {r["first_id"], r["second_id"]} in _alone(n)
    ]
    _leave(out, n)
    _blank(out, counts, "shop.items", lambda r: r["order_id"] in mine, order_id=None, name=None)
    _blank(out, counts, "shop.orders", lambda r: r["user_id"] == n, user_id=None, note=None)
    # Replies go on pointing at what they answer: it stays, and says nothing any more.
    _blank(out, counts, "shop.comments", lambda r: r["author_id"] == n, author_id=None, body=None)
    gone = {"sender_id": None, "body": None, "sender_ip": None}
    _blank(out, counts, "shop.letters", lambda r: r["sender_id"] == n, **gone)
    for row in out["shop.letters"].values():
        if row["recipient_id"] == n:
            row["recipient_id"] = None
    _blank(out, counts, "shop.shares", lambda r: r in shared, title=None)
    empty: Row = {"buyer": None, "number": "", "name": None, "total": 0}
    empty["created_at"] = datetime(1970, 1, 1)  # noqa: DTZ001 - the column is naive
    _invoices(out, counts, n, lambda key: out["shop.invoices"][key].update(empty))
    _blank(out, counts, "shop.users", lambda r: r["id"] == n, email=None, nickname=None)
    # Which of a service's pointers may be empty it does not say: they point at nobody then.
    _blank(out, counts, "service.tags", lambda r: r["user_id"] == str(n), name=None)
    _blank(out, counts, "service.profiles", lambda r: r["user_id"] == str(n), taste=None)
    _files(out, counts, n)


def _blank(
    out: World, counts: Counts, path: str, which: Callable[[Row], bool], **values: Any
) -> None:
    rows = [row for row in out[path].values() if which(row)]
    changed = [row for row in rows if any(row[name] != v for name, v in values.items())]
    for row in changed:
        row.update(values)
    _count(counts, path, len(changed))


def _correct(out: World, counts: Counts, n: int, asked: Mapping[str, Any]) -> None:
    (change,) = asked["values"]["changes"]
    _blank(
        out,
        counts,
        "shop.users",
        lambda r: r["id"] == n and r["nickname"] == change["old"],
        nickname=change["value"],
    )


def _restrict(out: World, counts: Counts, n: int, _: Mapping[str, Any]) -> None:
    _blank(out, counts, "shop.users", lambda r: r["id"] == n, restricted=True)
    _blank(out, counts, "shop.invoices", lambda r: r["buyer"] == n, restricted=True)
    _blank(out, counts, "service.profiles", lambda r: r["user_id"] == str(n), restricted=True)


def _withdraw(out: World, counts: Counts, n: int, _: Mapping[str, Any]) -> None:
    _blank(out, counts, "shop.users", lambda r: r["id"] == n, marketing=False)


def _opt_out(out: World, counts: Counts, n: int, _: Mapping[str, Any]) -> None:
    _blank(out, counts, "service.profiles", lambda r: r["user_id"] == str(n), personalised=False)


def _tags(out: World, counts: Counts, _: int, asked: Mapping[str, Any]) -> None:
    _drop(out, counts, "service.tags", lambda r: r["id"] in asked["values"]["tags"])


def _cancel(out: World, counts: Counts, n: int, asked: Mapping[str, Any]) -> None:
    _count(counts, "shop.users", sum(r["id"] == n for r in out["shop.users"].values()))
    # closed first, and then gone
    _erase(out, counts, n, asked)


_Effect = Callable[[World, Counts, int, Mapping[str, Any]], None]

_EFFECTS: Final[Mapping[tuple[str, str], _Effect]] = {
    ("deletion", "delete"): _erase,
    ("deletion", "anonymise"): _anonymise,
    ("account_cancellation", "all"): _cancel,
    ("correction", "correct"): _correct,
    ("restriction", "restrict"): _restrict,
    ("consent_withdrawal", "all"): _withdraw,
    ("recommendation_opt_out", "personalised_off"): _opt_out,
    ("recommendation_opt_out", "tags_delete"): _tags,
}


def differences(found: World, expected: World) -> list[str]:
    """Name every row that is not as it must be: path, key and columns, no values."""
    out = []
    for path in sorted({*found, *expected}):
        have, want = found.get(path, {}), expected.get(path, {})
        out += [f"{path} {key}: is still there" for key in have.keys() - want.keys()]
        out += [f"{path} {key}: is gone" for key in want.keys() - have.keys()]
        for key in have.keys() & want.keys():
            names = sorted(c for c in want[key] if have[key].get(c) != want[key][c])
            out += [f"{path} {key}: {', '.join(names)} is not as it must be"] if names else []
    return sorted(out)


_SHOWN: Final = {
    "shop.users": ("id", "email", "nickname", "status", "marketing"),
    "shop.orders": ("id", "note"),
    "shop.items": ("id", "name"),
    "shop.comments": ("id", "body"),
    "shop.letters": ("id", "body", "sender_ip"),
    "shop.shares": ("id", "title"),
    "shop.invoices": ("number", "name", "total"),
    "service.profiles": ("user_id", "personalised", "taste"),
    "service.tags": ("id", "name"),
}


def shown(world: World, n: int) -> dict[str, list[Row]]:
    """Return the records that a package about one person must have, and no other."""
    orders = {k for k, r in world["shop.orders"].items() if r["user_id"] == n}
    mine: dict[str, Callable[[Row], bool]] = {
        "shop.users": lambda r: r["id"] == n,
        "shop.orders": lambda r: r["user_id"] == n,
        "shop.items": lambda r: r["order_id"] in orders,
        "shop.comments": lambda r: r["author_id"] == n,
        "shop.letters": lambda r: n in (r["sender_id"], r["recipient_id"]),
        "shop.shares": lambda r: n in (r["first_id"], r["second_id"]),
        "shop.invoices": lambda r: r["buyer"] == n,
        "service.profiles": lambda r: r["user_id"] == str(n),
        "service.tags": lambda r: r["user_id"] == str(n),
    }
    out = {}
    for path, names in _SHOWN.items():
        rows = [r for r in world[path].values() if mine[path](r)]
        out[path] = [{name: _seen(path, name, r, n) for name in names} for r in rows]
    return out


def _seen(path: str, name: str, row: Row, n: int) -> Any:
    """The recipient of a letter is not shown where it was sent from."""
    hidden = path == "shop.letters" and name == "sender_ip" and row["sender_id"] != n
    return None if hidden else row[name]
