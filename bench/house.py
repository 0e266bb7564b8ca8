"""Real servers and real processes for a measurement, in a scratch folder."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from sqlalchemy.engine import make_url

from bench import shop
from rights.store.migrate import upgrade
from tests.servers import postgres
from workflows.embedded.valkey import Valkey

ROOT = Path(__file__).parents[1]
KEY = "k1:" + base64.b64encode(b"k" * 32).decode()
SEED = "s1:" + base64.b64encode(b"s" * 32).decode()


@dataclass(frozen=True, slots=True)
class House:
    """
    What a measurement runs against.

    Args:
        register: SQLAlchemy address of the register.
        store: The same of the filled shop; ``dsn`` is libpq's.
        env: The settings of the processes.
    """

    folder: Path
    register: str
    store: str
    env: Mapping[str, str]

    @property
    def dsn(self) -> str:
        """The shop as psycopg takes it."""
        return (
            make_url(self.store).set(drivername="postgresql").render_as_string(hide_password=False)
        )

    @contextmanager
    def process(self, *command: str) -> Iterator[psutil.Process]:
        """Run ``python -m …`` until the block ends."""
        with (self.folder / "log").open("ab") as log:
            started = subprocess.Popen(
                [sys.executable, "-m", *command],
                env=dict(self.env),
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
        try:
            yield psutil.Process(started.pid)
        finally:
            started.send_signal(signal.SIGTERM)
            try:
                started.wait(timeout=20)
            except subprocess.TimeoutExpired:
                started.kill()
                started.wait()


@contextmanager
def house(
    *, people: int = shop.PEOPLE, datamap: str = shop.MAP, **settings: str
) -> Iterator[House]:
    """Bring everything up; a filled shop and an empty register."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        at = stack.enter_context(postgres.server(durable=True))
        register, store = postgres.create(at), postgres.create(at)
        stack.callback(postgres.drop, at, register)
        stack.callback(postgres.drop, at, store)
        redis = Valkey()
        stack.callback(redis.stop)
        dsn = make_url(store).set(drivername="postgresql").render_as_string(hide_password=False)
        shop.fill(dsn, people)
        upgrade(register)
        (folder / "map.yaml").write_text(datamap, encoding="utf-8")
        yield House(folder, register, store, _env(folder, register, store, redis.url, settings))


def _env(
    folder: Path, register: str, store: str, redis: str, settings: Mapping[str, str]
) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("RIGHTS_", "PYTHONDONT"))}
    return {
        **kept,
        "RIGHTS_DATABASE_URL": register,
        "RIGHTS_REDIS_URL": redis,
        "RIGHTS_BLOBS_URL": (folder / "blobs").as_uri(),
        "RIGHTS_KEYS": KEY,
        "RIGHTS_SIGNING_KEY": SEED,
        "RIGHTS_DATAMAP": str(folder / "map.yaml"),
        "RIGHTS_SECRET_SHOP_URL": store,
        "RIGHTS_SMTP_PORT": "9",
        **settings,
    }


def biggest_rss_mb(process: psutil.Process) -> float:
    """Return the resident size of the largest child, in MB."""
    sizes = [c.memory_info().rss for c in process.children(recursive=True)]
    return max(sizes, default=process.memory_info().rss) / 1e6


def wait_for(ready: object, *, within_s: float = 60) -> None:
    """Wait until *ready*, called, returns something true."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if ready():  # type: ignore[operator]  # a callable
            return
        time.sleep(0.05)
    raise TimeoutError("what was waited for did not happen")
