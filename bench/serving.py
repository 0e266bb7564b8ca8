"""Bare programs under the same server as ours, and whether something answers."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
from sqlalchemy.engine import make_url

from bench.house import House

PROCESSES = "2"
THREADS = "8"


def register_dsn(at: House) -> str:
    """Return the register's address as psycopg takes it."""
    url = make_url(at.register).set(drivername="postgresql")
    return url.render_as_string(hide_password=False)


def ours(port: int) -> tuple[str, ...]:
    """Return the command that serves ours on loopback."""
    return (
        "workflows.cli",
        "web",
        "--port",
        str(port),
        "--workers",
        PROCESSES,
        "--threads",
        THREADS,
    )


@contextmanager
def bare(at: House, port: int, application: str, *options: str) -> Iterator[psutil.Process]:
    """Serve a WSGI *application* with as many processes and threads, until the block ends."""
    command = ["-m", "gunicorn", "-b", f"127.0.0.1:{port}", "-k", "gthread", "-w", PROCESSES]
    with (at.folder / "bare.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, *command, "--threads", THREADS, *options, application],
            env={**os.environ, "BARE_DSN": register_dsn(at)},
            stdout=log,
            stderr=log,
        )
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(timeout=20)


def answers(port: int, path: str) -> bool:
    """Return whether anything answers there."""
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
        connection.request("GET", path)
        return connection.getresponse().status > 0
    except OSError:
        return False


def processor_s(process: psutil.Process) -> float:
    """Return how many seconds of a processor a server and its children have used so far."""
    used = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return sum(each.user + each.system for each in used)
