"""Erasure: one request alone, two hundred queued, and people with very many rows."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import bare, batch, mariadb_whale, queue, whale
from bench.house import ROOT, house
from bench.results import Result, at_least, at_most, middle, percentile, share_of
from bench.whale import Run
from rights.domain.kinds import Kind, Option

PAIRS = 5


def measure(scale: float = 1.0) -> list[Result]:
    """
    Return the figures of the erasure benchmark.

    Args:
        scale: Size of the large ones; their goals are for 1.
    """
    return [*_many(), *_large(scale), _together(scale), *_large_on_mariadb(scale), _memory(scale)]


def _many() -> list[Result]:
    with house() as at:
        desk = queue.desk(at)
        with (
            at.process("workflows.cli", "relay"),
            at.process("workflows.cli", "worker", "--count", "4"),
        ):
            found = queue.rounds(
                desk, Kind.DELETION, range(1, 10_000), lambda people: bare.erasures(at.dsn, people)
            )
        return [
            at_most("single_p50_ms", percentile(found.single_ms, 0.5), "ms", 600),
            *at_least(
                "queued_per_min",
                middle(found.per_minute),
                "per min",
                1500,
                bare=middle(found.bare),
                ratio=0.075,
            ),
            at_most("median_wait_share", middle(found.fairness), "of the last", 0.6),
        ]


def _large(scale: float) -> list[Result]:
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        whale.sea(Path(folder), scale) as sea,
    ):
        deleted = _pairs("delete", lambda: sea.by_hand(whale.DELETE), sea.ours)
        emptied = _pairs(
            "anonymise", lambda: sea.by_hand(whale.UPDATE), lambda: sea.ours(Option.ANONYMISE)
        )
    return [
        share_of("whale_ratio", deleted, 0.80),
        at_most("whale_longest_tx_s", max(o.longest_s for _, o in deleted), "s", 5),
        at_most("whale_wal_ratio", middle([o.wal_mb / h.wal_mb for h, o in deleted]), "x", 1.05),
        share_of("anonymise_ratio", emptied, 0.85),
    ]


def _together(scale: float) -> Result:
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        batch.crowd(Path(folder), scale) as crowd,
    ):
        pairs = _pairs("batch", crowd.alone, crowd.together)
    faster = middle([alone.seconds / together.seconds for alone, together in pairs])
    rate = middle([together.rows / together.seconds for _, together in pairs])
    print(f"  together {rate:.0f} rows/s", file=sys.stderr)
    return Result(
        "batch_1000_speedup",
        faster,
        "x",
        middle([alone.seconds for alone, _ in pairs]),
        faster,
        "at least 5 times one after the other",
        faster >= 5,
    )


def _large_on_mariadb(scale: float) -> list[Result]:
    with mariadb_whale.sea(scale) as sea:
        return [share_of("mariadb_whale_ratio", _pairs("mariadb", sea.by_hand, sea.ours), 0.65)]


def _pairs(name: str, by_hand: Callable[[], Run], ours: Callable[[], Run]) -> list[tuple[Run, Run]]:
    """Run both in turn; print what each took, with its WAL and statements."""
    out = []
    for _ in range(PAIRS):
        hand, mine = by_hand(), ours()
        for who, run in (("by hand", hand), ("ours", mine)):
            print(run.line(f"{name} {who}"), file=sys.stderr)
        if hand.rows != mine.rows:
            raise RuntimeError(f"not the same work: {hand.rows} and {mine.rows} rows")
        out.append((hand, mine))
    return out


def _memory(scale: float) -> Result:
    """Erase ten million rows of one person in a process of its own; return its peak."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.tenmillion", str(scale)],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=3600,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    print(f"  ten million: {found}", file=sys.stderr)
    return at_most("rss_10m_rows_mb", float(found["rss_mb"]), "MB", 150)
