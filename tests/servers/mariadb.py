"""
MariaDB for tests: Debian's program started, or a server found, and a database for each test.

One of our own does not wait for the disk; see ``tests/servers/postgres.py``.
"""

from __future__ import annotations

import getpass
import os
import pwd
import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pymysql
from pymysql.cursors import Cursor
from sqlalchemy.engine import URL, make_url

from tests.servers.missing import install, missing
from tests.servers.names import is_left_behind, new_name
from workflows.embedded.ports import free_ports
from workflows.embedded.process import Process, new_folder

_ENVIRONMENT = "RIGHTS_TEST_MARIADB_URL"
_SOCKETS = ("/run/mysqld/mysqld.sock", "/tmp/mysql.sock")  # noqa: S108 - Debian's and Homebrew's
_DRIVER = "mysql+pymysql"


@contextmanager
def server() -> Iterator[URL]:
    """Yield the address of a server on which we may create databases."""
    given = os.environ.get(_ENVIRONMENT)
    if given:
        yield make_url(given).set(drivername=_DRIVER).update_query_dict({"charset": "utf8mb4"})
        return
    programs = _programs()
    if programs is None:
        yield _found()
        return
    url, process = _start(*programs)
    try:
        yield url
    finally:
        process.stop()


def _found() -> URL:
    local = next((url for url in _local_addresses() if _answers(url)), None)
    if local is None:
        missing("MariaDB", install(debian="mariadb-server", macos="mariadb"))
    _drop_left_behind(local)
    return local


def create(at: URL) -> str:
    """Create a database and return its address."""
    name = new_name()
    with _cursor(at) as cursor:
        cursor.execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
    return at.set(database=name).render_as_string(hide_password=False)


def drop(at: URL, url: str) -> None:
    """Drop a database that a test made."""
    with _cursor(at) as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS `{make_url(url).database}`")


@contextmanager
def _cursor(at: URL) -> Iterator[Cursor]:
    connection = pymysql.connect(
        host=at.host or "localhost",
        port=at.port or 3306,
        user=at.username,
        password=str(at.password or ""),
        unix_socket=at.query.get("unix_socket"),
        connect_timeout=5,
        autocommit=True,
    )
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def _local_addresses() -> Iterator[URL]:
    query = {"charset": "utf8mb4"}
    yield URL.create(_DRIVER, username="root", host="127.0.0.1", port=3306, query=query)
    for path in filter(os.path.exists, _SOCKETS):
        for user in ("root", getpass.getuser()):
            yield URL.create(_DRIVER, username=user, query={**query, "unix_socket": path})


def _answers(url: URL) -> bool:
    try:
        with _cursor(url) as cursor:
            cursor.execute("SELECT 1")
    except pymysql.err.OperationalError:
        return False
    return True


def _drop_left_behind(at: URL) -> None:
    with _cursor(at) as cursor:
        cursor.execute("SHOW DATABASES")
        names = [str(row[0]) for row in cursor.fetchall()]
    for name in filter(is_left_behind, names):
        drop(at, at.set(database=name).render_as_string(hide_password=False))


def _programs() -> tuple[str, str] | None:
    folders = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
    install = shutil.which("mariadb-install-db", path=folders)
    run = shutil.which("mariadbd", path=folders)
    return (install, run) if install and run else None


def _start(install: str, run: str) -> tuple[URL, Process]:
    folder = new_folder("mariadb")
    user = "mysql" if os.geteuid() == 0 else getpass.getuser()
    os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    data = [f"--datadir={folder / 'data'}", f"--user={user}"]
    subprocess.run(
        [install, "--no-defaults", *data, "--auth-root-authentication-method=normal"],
        check=True,
        capture_output=True,
        env={**os.environ, "TMPDIR": str(folder)},
    )
    (port,) = free_ports(1, random.Random())
    command = [run, "--no-defaults", *data, f"--port={port}", "--bind-address=127.0.0.1"]
    command += [f"--socket={Path(folder) / 'mariadb.sock'}", "--skip-log-bin"]
    command += ["--innodb-flush-log-at-trx-commit=0"]
    process = Process(command, folder, end_signal="SIGKILL")
    url = URL.create(
        _DRIVER, username="root", host="127.0.0.1", port=port, query={"charset": "utf8mb4"}
    )
    process.wait_until(lambda: _answers(url), timeout_s=60)
    return url, process
