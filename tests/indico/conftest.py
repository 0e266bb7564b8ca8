"""
``indico``: the conference system's database, fresh for each test, and how requests run on it.

Its tables are made and filled once per test run by its own program, in its own environment
(``environment.py``), and copied. All its tests belong to one group, so one worker does all of it.
What is missing is found missing once, too.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from click.testing import CliRunner
from sqlalchemy.engine import URL

from tests.indico import oracle
from tests.indico.digest import Picture, connect
from tests.indico.environment import ROOT, interpreter
from tests.servers import postgres
from tests.servers.missing import install, missing
from workflows.commands.execute import execute

MAP = Path(__file__).with_name("datamap.yaml")

_MOST_S = 480
"""Seconds that filling may take; it takes about 20 on a machine with nothing else to do."""


@dataclass
class Indico:
    """One database with the conference in it."""

    url: str
    out: Path

    def picture(self) -> Picture:
        """Look at every row."""
        return Picture.of(self.url)

    def expected(self, email: str) -> oracle.Expected:
        """Ask what is due to somebody; ask before anything is changed."""
        return oracle.expected(self.url, email)

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
    """Make and fill the tables of the database at *url*, in a process of its own."""
    if not _has_extensions(url):
        remedy = install(debian="postgresql-contrib", macos="postgresql")
        missing("PostgreSQL with unaccent and pg_trgm", remedy)
    plain = unquote(url.replace("+psycopg", "", 1))  # its migrations take % for a sign of theirs
    done = subprocess.run(
        [str(interpreter()), "-W", "ignore", "-m", "tests.indico.filling", plain],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=_MOST_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def _has_extensions(url: str) -> bool:
    wanted = "SELECT count(*) FROM pg_available_extensions WHERE name IN ('unaccent', 'pg_trgm')"
    with connect(url) as connection:
        return connection.execute(wanted).fetchone() == (2,)


@pytest.fixture(scope="session")
def filled(_postgres: URL) -> Iterator[str]:
    url = postgres.create(_postgres)
    try:
        fill(url)
        yield url
    finally:
        postgres.drop(_postgres, url)


@pytest.fixture
def indico(
    filled: str,
    postgres_database: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Indico:
    url = postgres_database(template=filled)
    monkeypatch.setenv("RIGHTS_SECRET_INDICO_URL", url)
    return Indico(url, tmp_path / "out")
