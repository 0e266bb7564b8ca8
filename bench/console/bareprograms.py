"""The bare programs beside the figures and the trail: one query, and a loop over its rows."""

from __future__ import annotations

import hashlib
import time
from collections import Counter

import psycopg

_REQUESTS = (
    "SELECT kind, state, reason, received_at, promised_at, closed_at, regimes::text FROM request"
)
_ENTRIES = (
    "SELECT chain, seq, at::text, event, actor, data::text, hash FROM entry ORDER BY chain, seq"
)


def figures_s(dsn: str) -> float:
    """Count the same once, row by row; return the seconds."""
    counted: Counter[tuple[str, ...]] = Counter()
    with psycopg.connect(dsn) as connection, connection.cursor("requests") as cursor:
        cursor.itersize = 5_000
        begun = time.perf_counter()
        for kind, state, reason, received, promised, closed, laws in cursor.execute(_REQUESTS):
            counted["week", f"{received:%G-%V}", kind] += 1
            counted["state", state] += 1
            counted["reason", reason] += 1
            if closed is not None:
                counted["days", kind, str((closed - received).days)] += 1
                counted["in time", kind, laws, str(closed <= promised)] += 1
        return time.perf_counter() - begun


def entries_per_s(dsn: str) -> float:
    """Read every entry in order and hash what it says; return how many in a second."""
    count, head = 0, b""
    with psycopg.connect(dsn) as connection, connection.cursor("entries") as cursor:
        cursor.itersize = 1_000
        begun = time.perf_counter()
        for row in cursor.execute(_ENTRIES):
            head = hashlib.sha256(head + "|".join(map(str, row)).encode()).digest()
            count += 1
        return count / (time.perf_counter() - begun)
