"""The recommender's rows: found by values, changed by key, each change once."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self

KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "profiles": ("user_id",),
    "devices": ("device_id",),
    "tags": ("user_id", "interest"),
    "decisions": ("id",),
}
"""The collections that are offered, and the columns that name a row of each."""

CHOSEN: Final = frozenset({"tags"})
"""The collections to which people add rows themselves."""

NEW: Final[Mapping[str, Mapping[str, Any]]] = {
    "profiles": {
        "personalised": 1,
        "push": 1,
        "commercial_messages": 1,
        "human_required": 0,
        "restricted": 0,
        "orders_count": 0,
        "spent_cents": 0,
        "account_days": 0,
    },
    "devices": {"personalised": 1, "push": 1, "restricted": 0},
}
"""What a row starts with when a wish arrives before the person or device was ever seen."""

_SWITCHES: Final = frozenset(
    {"personalised", "push", "commercial_messages", "human_required", "restricted"}
)

Row = dict[str, Any]


class BadRequest(ValueError):
    """The caller named something that is not here; the message is a code."""


class Store:
    """One SQLite file behind one lock: this service is small."""

    def __init__(self, file: Path) -> None:
        self._db = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        # What is deleted is overwritten, not only forgotten.
        self._db.execute("PRAGMA secure_delete = ON")
        self._lock = threading.RLock()
        self.columns = {name: self._columns(name) for name in KEYS}

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def _columns(self, collection: str) -> dict[str, str]:
        found = self._db.execute(f"PRAGMA table_info({collection})").fetchall()
        return {row["name"]: row["type"].lower() for row in found}

    def known(self, collection: str, columns: Iterable[str]) -> list[str]:
        """Return *columns* if the collection has them all. Raises BadRequest."""
        listed = list(columns)
        if collection not in KEYS or not set(listed) <= set(self.columns[collection]):
            raise BadRequest("unknown_column")
        return listed

    def find(
        self, collection: str, match: Sequence[Mapping[str, Any]], after: str | None, limit: int
    ) -> list[Row]:
        """Return the rows that any entry of *match* fits, ordered by key, after *after*."""
        conditions, values = self._conditions(collection, match)
        if not conditions:
            return []
        key = ", ".join(KEYS[collection])
        where = f"({' OR '.join(conditions)})"
        if after is not None:
            last = json.loads(after)
            where += f" AND ({key}) > ({', '.join('?' for _ in last)})"
            values += last
        sql = f"SELECT * FROM {collection} WHERE {where} ORDER BY {key} LIMIT ?"  # noqa: S608 - names checked against the table
        with self._lock:
            rows = self._db.execute(sql, [*values, limit]).fetchall()
        return [_plain(row) for row in rows]

    def _conditions(
        self, collection: str, match: Sequence[Mapping[str, Any]]
    ) -> tuple[list[str], list[Any]]:
        conditions, values = [], []
        for entry in match:
            columns = self.known(collection, entry["columns"])
            if "type" in entry:
                raise BadRequest("unsupported_match")
            fold = bool(entry.get("fold"))
            conditions.append(_one_of([f"lower({c})" if fold else c for c in columns]))
            values.append(json.dumps(entry["keys"]))
        return conditions, values

    def once(self, key: str, step: str, fence: int) -> Row | None:
        """
        Return the answer already given under *key*, or None the first time.

        Raises:
            BadRequest: ``fenced``: a newer worker has been here.
        """
        seen = self._db.execute("SELECT fence FROM steps WHERE step = ?", [step]).fetchone()
        if seen and seen["fence"] > fence:
            raise BadRequest("fenced")
        self._db.execute("INSERT OR REPLACE INTO steps VALUES (?, ?)", [step, fence])
        done = self._db.execute("SELECT reply FROM calls WHERE key = ?", [key]).fetchone()
        return json.loads(done["reply"]) if done else None

    def remember(self, key: str, reply: Row) -> None:
        """Keep what was answered under *key*."""
        self._db.execute("INSERT INTO calls VALUES (?, ?)", [key, json.dumps(reply)])

    def delete(self, collection: str, keys: Sequence[Any]) -> int:
        """Remove the rows named, and return how many there were."""
        sql = f"DELETE FROM {collection} WHERE {_among(collection)}"  # noqa: S608 - a name of ours
        return self._db.execute(sql, [json.dumps(list(keys))]).rowcount

    def update(
        self,
        collection: str,
        keys: Sequence[Any],
        values: Mapping[str, Any],
        old: Mapping[str, Any] | None = None,
    ) -> int:
        """Set *values* in the rows named, where they still hold *old*; return how many."""
        columns = self.known(collection, values)
        was = self.known(collection, old or {})
        sets = ", ".join(f"{column} = ?" for column in columns)
        where = "".join(f" AND {column} IS ?" for column in was)
        sql = f"UPDATE {collection} SET {sets} WHERE {_among(collection)}{where}"  # noqa: S608 - names checked
        given = [values[c] for c in columns], [(old or {})[c] for c in was]
        return self._db.execute(sql, [*given[0], json.dumps(list(keys)), *given[1]]).rowcount

    def create(self, collection: str, key: Mapping[str, Any], values: Mapping[str, Any]) -> int:
        """Make a row with *values*, unless there is one of that key; return how many were made."""
        row = {**key, **NEW.get(collection, {}), **values}
        columns = self.known(collection, row)
        marks = ", ".join("?" for _ in columns)
        sql = f"INSERT OR IGNORE INTO {collection} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - names checked
        return self._db.execute(sql, [row[c] for c in columns]).rowcount

    def add(self, collection: str, row: Mapping[str, Any]) -> None:
        """Append a row that names itself."""
        columns = self.known(collection, row)
        marks = ", ".join("?" for _ in columns)
        sql = f"INSERT INTO {collection} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - names checked
        self._db.execute(sql, [row[c] for c in columns])

    def __enter__(self) -> Self:
        self._lock.acquire()
        self._db.execute("BEGIN IMMEDIATE")
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            self._db.execute("ROLLBACK" if kind else "COMMIT")
        finally:
            self._lock.release()


def _among(collection: str) -> str:
    return _one_of(KEYS[collection])


def _one_of(columns: Sequence[str]) -> str:
    """Return "these columns are one of those keys", which come as a list of lists."""
    parts = ", ".join(f"json_extract(value, '$[{n}]')" for n, _ in enumerate(columns))
    return f"({', '.join(columns)}) IN (SELECT {parts} FROM json_each(?))"  # noqa: S608 - names checked


def _plain(row: sqlite3.Row) -> Row:
    return {
        name: bool(row[name]) if name in _SWITCHES else row[name]
        for name in row.keys()  # noqa: SIM118 - iterating a Row yields its values
    }
