"""Erase one person with ten million rows in a process of its own; say how large it became."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import psutil

from bench import whale
from bench.gigabyte import peak_mb

ROWS = 10_000_000


def main() -> None:
    """The whole of the request: freeze, erase, read back."""
    scale = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    shape = whale.Shape(ORDERS, ITEMS, ROWS - ORDERS - ITEMS)
    with (
        tempfile.TemporaryDirectory(prefix="tenmillion-") as folder,
        whale.sea(Path(folder), scale, shape) as sea,
    ):
        before = psutil.Process().memory_info().rss / 1e6
        run = sea.ours()
    print(
        json.dumps(
            {
                "rss_mb": round(peak_mb(), 1),
                "before_mb": round(before, 1),
                "rows": run.rows,
                "seconds": round(run.seconds, 1),
                "longest_s": round(run.longest_s, 2),
            }
        )
    )


ORDERS, ITEMS = 10_000, 20_000
"""
Rows that nothing hangs on are never held; of parents the keys are, so they would be measured
instead.
"""

if __name__ == "__main__":
    main()
