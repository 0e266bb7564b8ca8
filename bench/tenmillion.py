"""
Erase one person with ten million rows by a worker of its own; say how large that became.

The worker imports what a worker imports and nothing of the benchmark's own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import whale
from bench.house import KEY, ROOT, SEED

ROWS = 10_000_000

ORDERS, ITEMS = 10_000, 20_000
"""
Rows that nothing hangs on are never held; of parents the keys are, so they would be measured
instead.
"""


def main() -> None:
    """The whole of the request: freeze, erase, read back."""
    scale = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    shape = whale.Shape(ORDERS, ITEMS, ROWS - ORDERS - ITEMS)
    with tempfile.TemporaryDirectory(prefix="tenmillion-") as folder:
        at = Path(folder)
        with whale.sea(at, scale, shape) as sea, sea.copy() as url, sea.floor(url) as floor:
            request_id = whale.submit(floor, str(whale.WHALE))
            started = time.perf_counter()
            found = _worked(_environment(sea, at, url), request_id)
            found["seconds"] = round(time.perf_counter() - started, 1)
            found["rows"] = whale.affected(floor, request_id)
    print(json.dumps(found))


def _environment(sea: whale.Sea, folder: Path, url: str) -> dict[str, str]:
    return {
        **os.environ,
        "RIGHTS_DATABASE_URL": sea.register,
        "RIGHTS_REDIS_URL": "redis://unused",
        "RIGHTS_BLOBS_URL": (folder / "blobs").as_uri(),
        "RIGHTS_KEYS": KEY,
        "RIGHTS_SIGNING_KEY": SEED,
        "RIGHTS_DATAMAP": str(folder / "map.yaml"),
        "RIGHTS_SECRET_SHOP_URL": url,
    }


def _worked(environment: dict[str, str], request_id: str) -> dict[str, float]:
    """Run the worker; return what it says of itself."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.oneworker", request_id],
        cwd=ROOT,
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=3600,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    main()
