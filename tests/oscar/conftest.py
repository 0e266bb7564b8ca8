"""
``shop``: the shop on each kind of database, fresh for each test, with its oracle.

Migrating takes a good while, so each kind is migrated and filled once per test run, and copied:
SQLite as a file, PostgreSQL from a template. MariaDB cannot copy a database at once: there each
worker has a copy of its own, and what a test changed is put back before the next one.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy.engine import URL

from tests.oscar.restoring import Pristine
from tests.oscar.sharing import Shared
from tests.servers import mariadb, postgres
from workflows.commands.execute import execute

ROOT = Path(__file__).parents[2]
MAP = Path(__file__).with_name("datamap.yaml")


class Oracle:
    """Asks the program that knows the shop's own models."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.oscar.oracle"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, url: str, question: str, email: str = "") -> Any:
        """Return its answer about the database at *url*."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({"url": url, "ask": question, "email": email}) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    def close(self) -> None:
        """End it."""
        self._process.communicate()


@dataclass
class Shop:
    """One database with the shop in it, and how requests are run on it."""

    engine: str
    url: str
    out: Path
    oracle: Oracle = field(repr=False)

    def ask(self, question: str, email: str = "") -> Any:
        """Ask the oracle."""
        return self.oracle.ask(self.url, question, email)

    def run(
        self, kind: str, email: str = "", *options: str, dry_run: bool = False, **given: str
    ) -> dict[str, Any]:
        """Run one request through the command line; its exit code is ``exit``."""
        subject = given or {"email": email}
        result = CliRunner().invoke(
            execute,
            [
                f"--datamap={MAP}",
                f"--kind={kind}",
                *(f"--subject={name}={value}" for name, value in subject.items()),
                *(f"--option={option}" for option in options),
                f"--out={self.out}",
                f"--state={self.out / 'state'}",
                *(["--dry-run"] if dry_run else []),
                "--json",
            ],
        )
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        last = result.stdout.strip().rpartition("\n")[2]
        outcome: dict[str, Any] = json.loads(last) if last.startswith("{") else {}
        return {**outcome, "exit": result.exit_code, "said": result.stderr}


def fill(url: str) -> None:
    """Migrate and fill the database at *url*, in a process of its own."""
    subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.oscar.filling", url], cwd=ROOT, check=True
    )


def _of(engine: str, server: URL) -> str:
    """Name what is shared by the test processes that use one server: each may have its own."""
    return f"{engine}-{zlib.crc32(str(server).encode()):08x}"


@pytest.fixture(scope="session")
def oracle() -> Iterator[Oracle]:
    running = Oracle()
    yield running
    running.close()


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Shared:
    return Shared.of(tmp_path_factory, worker_id)


@pytest.fixture(scope="session")
def sqlite_shop(tmp_path_factory: pytest.TempPathFactory, shared: Shared) -> Iterator[Path]:
    def make() -> str:
        path = tmp_path_factory.mktemp("oscar") / "shop.db"
        fill(f"sqlite:///{path}")
        return str(path)

    with shared.once("sqlite", make) as made:
        yield Path(made)


@pytest.fixture(scope="session")
def postgres_shop(_postgres: URL, shared: Shared) -> Iterator[str]:
    def make() -> str:
        url = postgres.create(_postgres)
        fill(url)
        return url

    with shared.once(
        _of("postgres", _postgres), make, lambda url: postgres.drop(_postgres, url)
    ) as made:
        yield made


@pytest.fixture(scope="session")
def mariadb_shop(_mariadb: URL, shared: Shared) -> Iterator[Pristine]:
    def make() -> str:
        url = mariadb.create(_mariadb)
        fill(url)
        return url

    with shared.once(
        _of("mariadb", _mariadb), make, lambda url: mariadb.drop(_mariadb, url)
    ) as made:
        pristine = Pristine(made, mariadb.create(_mariadb))
        yield pristine
        pristine.close()
        mariadb.drop(_mariadb, pristine.url)


def _sqlite(request: pytest.FixtureRequest) -> str:
    tmp_path: Path = request.getfixturevalue("tmp_path")
    copy = tmp_path / "shop.db"
    shutil.copyfile(request.getfixturevalue("sqlite_shop"), copy)
    return f"sqlite:///{copy}"


def _postgres_copy(request: pytest.FixtureRequest) -> str:
    database: Callable[..., str] = request.getfixturevalue("postgres_database")
    return database(template=request.getfixturevalue("postgres_shop"))


def _mariadb_copy(request: pytest.FixtureRequest) -> str:
    pristine: Pristine = request.getfixturevalue("mariadb_shop")
    pristine.restore()
    return pristine.url


_DATABASES = {"sqlite": _sqlite, "postgres": _postgres_copy, "mariadb": _mariadb_copy}


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def shop(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    oracle: Oracle,
) -> Shop:
    url = _DATABASES[request.param](request)
    monkeypatch.setenv("RIGHTS_SECRET_OSCAR_URL", url)
    return Shop(request.param, url, tmp_path / "out", oracle)
