"""Real worker and relay processes, as a deployment runs them."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psutil

from workflows.lifeline import die_with_parent

KEY = "k1:" + base64.b64encode(b"k" * 32).decode()
SEED = "s1:" + base64.b64encode(b"s" * 32).decode()
ROOT = Path(__file__).parents[2]


def environment(
    folder: Path, *, register: str, redis: str, shop: str, map_text: str
) -> dict[str, str]:
    """Return the settings of a small deployment with short leases."""
    (folder / "map.yaml").write_text(map_text, encoding="utf-8")
    return {
        **{k: v for k, v in os.environ.items() if not k.startswith("RIGHTS_")},
        "RIGHTS_DATABASE_URL": register,
        "RIGHTS_REDIS_URL": redis,
        "RIGHTS_BLOBS_URL": (folder / "blobs").as_uri(),
        "RIGHTS_KEYS": KEY,
        "RIGHTS_SIGNING_KEY": SEED,
        "RIGHTS_DATAMAP": str(folder / "map.yaml"),
        "RIGHTS_LEASE_S": "2",
        "RIGHTS_HEARTBEAT_S": "0.5",
        "RIGHTS_SWEEP_S": "0.3",
        "RIGHTS_BACKOFF_S": "0.5,1",
        "RIGHTS_SECRET_SHOP_URL": shop,
    }


@contextmanager
def running(command: str, *args: str, env: dict[str, str], log: Path) -> Iterator[psutil.Process]:
    """Run ``rights COMMAND`` until the block ends; its children end with it."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "workflows.cli", command, *args],
            env=env,
            cwd=ROOT,
            stdout=out,
            stderr=out,
            preexec_fn=partial(die_with_parent, os.getpid()),  # noqa: PLW1509 - one prctl, no locks
        )
    try:
        yield psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def children(
    supervisor: psutil.Process, *, count: int, within_s: float = 30
) -> list[psutil.Process]:
    """Return the worker processes once *count* of them are there."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        found: list[psutil.Process] = supervisor.children()
        if len(found) >= count:
            return found
        time.sleep(0.05)
    raise AssertionError("the workers did not start")
