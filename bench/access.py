"""Access: one request alone, two hundred queued, memory, and a package of a gigabyte."""

from __future__ import annotations

import json
import subprocess
import sys

from bench import bare, queue
from bench.house import ROOT, House, biggest_rss_mb, house
from bench.results import Result, at_least, at_most, middle, percentile
from bench.statements import of_one
from rights.domain.kinds import Kind


def measure() -> list[Result]:
    """Return the figures of the access benchmark."""
    with house() as at:
        desk = queue.desk(at)
        with (
            at.process("workflows.cli", "relay"),
            at.process("workflows.cli", "worker", "--count", "4") as worker,
        ):
            found = queue.rounds(
                desk, Kind.ACCESS, range(1, 10_000), lambda people: bare.packages(at.dsn, people)
            )
            rss = biggest_rss_mb(worker)
        return [
            at_most("single_p50_ms", percentile(found.single_ms, 0.5), "ms", 250),
            *at_least(
                "queued_per_min",
                middle(found.per_minute),
                "per min",
                1500,
                bare=middle(found.bare),
                ratio=0.10,
            ),
            at_most("median_wait_share", middle(found.fairness), "of the last", 0.6),
            at_most("register_statements", of_one(at, Kind.ACCESS, 15_000), "statements", 40),
            at_most("worker_rss_mb", rss, "MB", 180),
            at_most("package_1gb_growth_mb", _growth(at), "MB", 60),
        ]


def _growth(at: House) -> float:
    """Build a package of a gigabyte in a process of its own; return how much it grew, in MB."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.gigabyte"],
        env=dict(at.env),
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=600,
    )
    return float(json.loads(done.stdout.splitlines()[-1])["grew_mb"])
