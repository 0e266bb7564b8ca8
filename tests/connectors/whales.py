"""People with very many rows, and workers that are killed, stopped and outrun."""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.sdk import Collection, Erasure, Fenced, Receipt, Target, Unfinished, Work
from tests.connectors.contract import work
from tests.connectors.database import Database
from tests.connectors.keys import aim, fields, held, owner, table

ME, OTHER = 1, 2
MINE = 6_000
SMALL = {"whale_rows": 200, "chunk_s": 0.01}
"""Settings under which a few thousand rows are a whale."""

EVENTS = table("events", owner("user_id"), fields=fields("ip", "note"))
SERIES = {
    "sqlite": "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {top})",
    "mysql": "WITH s AS (SELECT seq AS n FROM seq_1_to_{top})",
    "postgresql": "WITH s AS (SELECT n FROM generate_series(1, {top}) n)",
}


def series(database: Database, insert: str, select: str, top: int) -> None:
    """``INSERT …`` of *select* over ``s(n)``, n from 1 to *top*."""
    head = SERIES[database.engine.dialect.name].format(top=top)
    parts = (head, insert) if database.engine.dialect.name == "postgresql" else (insert, head)
    database.run(" ".join((*parts, select)))


def events(database: Database, *, key: str = "id BIGINT PRIMARY KEY") -> None:
    """One row in four is another person's; nothing says so but ``user_id``."""
    database.run(
        "CREATE TABLE events (user_id INTEGER, ip VARCHAR(40), note VARCHAR(80), " + key + ")",
        "CREATE INDEX events_user ON events (user_id)",
    )
    names = "id, user_id, ip, note" if key.startswith("id") else "a, b, user_id, ip, note"
    values = "n" if key.startswith("id") else "n % 7, n"
    if "VARCHAR" in key:
        values = "CONCAT('k', n)" if database.engine.dialect.name != "sqlite" else "'k' || n"
    series(
        database,
        f"INSERT INTO events ({names})",
        f"SELECT {values}, CASE WHEN n % 4 = 0 THEN {OTHER} ELSE {ME} END, '192.0.2.1', 'a note'"
        " FROM s",
        MINE * 4 // 3,
    )


def others(database: Database) -> Any:
    return sorted(database.rows(f"SELECT * FROM events WHERE user_id = {OTHER}"), key=repr)


def noted(database: Database, unit: Work) -> list[tuple[int, int, int]]:
    """(chunk, rows, fence) of every chunk that is done."""
    query = (
        "SELECT chunk_no, rows, fence FROM rights_step WHERE step_id = :step"
        " AND chunk_no >= 0 AND receipt IS NOT NULL ORDER BY 1"
    )
    if database.engine.dialect.name == "mysql":
        query = query.replace("rows", "`rows`")
    return [tuple(map(int, row)) for row in database.rows(query, step=unit.step_id)]  # type: ignore[misc]


def child(act: Callable[[], object]) -> int:
    """Run *act* in a forked process; it exits 0, 3 when fenced off, 4 after anything else."""
    pid = os.fork()
    if pid:
        return pid
    try:
        act()
    except Fenced:
        os._exit(3)
    except BaseException:  # noqa: BLE001 - a test's child says so by its exit code
        os._exit(4)
    os._exit(0)


def stopping(unit: Work, after: int) -> Work:
    """*unit*, at whose *after*-th boundary the process stops until it is told to go on."""
    calls = itertools.count(1)

    def keep_running() -> None:
        if next(calls) == after:
            os.kill(os.getpid(), signal.SIGSTOP)

    return replace(unit, keep_running=keep_running)


def unhurried(unit: Work) -> Work:
    """*unit* with a pause at each boundary: whoever watches it from outside is not too late."""
    return replace(unit, keep_running=lambda: time.sleep(0.02))


def when_stopped(pid: int) -> None:
    assert os.WIFSTOPPED(os.waitpid(pid, os.WUNTRACED)[1])


def end_of(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def when_some_are_done(database: Database, unit: Work, pid: int, count: int = 2) -> None:
    """Wait until a child has noted *count* chunks, and stop it where it is."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            if len(noted(database, unit)) >= count:
                os.kill(pid, signal.SIGSTOP)
                return
        except Exception:  # noqa: BLE001, S110 - the table is not there yet
            pass
    raise TimeoutError("the child has done nothing")


def until_done(connector: Any, target: Target, unit: Work) -> tuple[Receipt, int]:
    """Erase in turns of one chunk each; the receipt, and how many turns it took."""
    for fence in range(unit.fence, 10_000):
        past = datetime.now(UTC) - timedelta(seconds=1)
        again = Work(
            unit.step_id, fence, unit.chunk, unit.deadline, unit.anonymise, unit.now, until=past
        )
        try:
            return connector.erase(target, again), fence
        except Unfinished:
            continue
    raise AssertionError("it has no end")


__all__ = [
    "EVENTS",
    "ME",
    "MINE",
    "OTHER",
    "SMALL",
    "Collection",
    "Erasure",
    "aim",
    "child",
    "end_of",
    "events",
    "held",
    "noted",
    "others",
    "series",
    "stopping",
    "unhurried",
    "until_done",
    "when_some_are_done",
    "when_stopped",
    "work",
]
