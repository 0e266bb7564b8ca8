"""A PostgreSQL with a replica: copied from it while it runs, and streaming from then on."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from sqlalchemy.engine import make_url

from tests.servers.missing import install, missing
from workflows.embedded import postgres as embedded
from workflows.embedded.process import Process, StartFailed, new_folder

_NOBODY = 65534


@dataclass(frozen=True)
class Pair:
    """
    The two.

    Args:
        primary, replica: Folders of their sockets.
    """

    primary: Path
    replica: Path

    def run(self, at: Path, statement: str) -> None:
        """Run one statement of a superuser."""
        with psycopg.connect(host=str(at), user="postgres", autocommit=True) as connection:
            connection.execute(statement.encode())

    def url(self, at: Path, user: str = "postgres") -> str:
        """Return the address of one of them for *user*."""
        return f"postgresql+psycopg://{user}@/postgres?host={quote(str(at))}"


@contextmanager
def pair(*statements: str) -> Iterator[Pair]:
    """Yield the two; *statements* are run before the copy is made."""
    try:
        primary = embedded.start()
    except StartFailed:
        missing("PostgreSQL of our own", install(debian="postgresql", macos="postgresql"))
    try:
        host = Path(str(make_url(primary.url).query["host"]))
        with psycopg.connect(host=str(host), user="postgres", autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())
            folder = _copied(connection, host)
        replica = _started(folder)
        try:
            yield Pair(host, folder)
        finally:
            replica.stop()
    finally:
        primary.stop()


def _copied(connection: psycopg.Connection, host: Path) -> Path:
    folder = new_folder("standby")
    data = folder / "data"
    connection.execute("SELECT pg_backup_start('replica', true)")
    subprocess.run(["cp", "-a", str(host / "data"), str(data)], check=True)
    row = connection.execute("SELECT labelfile FROM pg_backup_stop()").fetchone()
    assert row is not None
    (data / "postmaster.pid").unlink()
    label, signal = data / "backup_label", data / "standby.signal"
    label.write_text(row[0], encoding="utf-8")
    signal.touch()
    with (data / "postgresql.auto.conf").open("a", encoding="utf-8") as settings:
        settings.write(f"primary_conninfo='host={host} user=postgres'\n")
    if os.geteuid() == 0:
        for path in (folder, label, signal):
            os.chown(path, _NOBODY, _NOBODY)
    return folder


def _started(folder: Path) -> Process:
    user = _NOBODY if os.geteuid() == 0 else None
    programs = embedded._programs(folder, user)  # noqa: SLF001 - the same programs as the primary's
    command = [str(programs / "postgres"), "-D", str(folder / "data"), "-k", str(folder)]
    command += ["-c", "listen_addresses=", "-c", "max_connections=200"]
    process = Process(command, folder, end_signal="SIGQUIT", user=user)
    process.wait_until(lambda: _answers(folder))
    return process


def _answers(folder: Path) -> bool:
    try:
        psycopg.connect(host=str(folder), user="postgres").close()
    except psycopg.OperationalError:
        return False
    return True
