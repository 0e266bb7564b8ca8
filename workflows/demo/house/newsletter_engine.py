"""
Where the newsletter lives: on MariaDB when one is at hand, so that two engines are shown.

Only a server on this machine that lets root in without a password is used: one that was put
there for trying things. What we create there we drop at the end.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pymysql

from workflows.demo.house.leftovers import alive

_HOST, _PORT, _USER = "127.0.0.1", 3306, "root"
_NAME: Final = re.compile(r"rights_demo_(?P<pid>[0-9]+)_[0-9a-f]{8}")


@contextmanager
def place(folder: Path, *, keep: bool) -> Iterator[str]:
    """
    Yield the address of an empty database for the newsletter.

    Args:
        keep: The demo will be started again on the same folder: then a file, which goes with it.
    """
    if keep or not reachable():
        yield f"sqlite:///{folder / 'newsletter.db'}"
        return
    name = f"rights_demo_{os.getpid()}_{secrets.token_hex(4)}"
    with _cursor() as cursor:
        _drop_left_behind(cursor)
        cursor.execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
    try:
        yield f"mysql+pymysql://{_USER}@{_HOST}:{_PORT}/{name}?charset=utf8mb4"
    finally:
        with _cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")


def reachable() -> bool:
    """Return whether a server is there that we may use."""
    try:
        with _cursor() as cursor:
            cursor.execute("SELECT 1")
    except pymysql.MySQLError:
        return False
    return True


@contextmanager
def _cursor() -> Iterator[Any]:
    connection = pymysql.connect(
        host=_HOST, port=_PORT, user=_USER, password="", connect_timeout=2, autocommit=True
    )
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def _drop_left_behind(cursor: Any) -> None:
    """Drop databases of demos that were killed before they could."""
    cursor.execute("SHOW DATABASES LIKE 'rights\\_demo\\_%'")
    for (name,) in cursor.fetchall():
        match = _NAME.fullmatch(name)
        if match and not alive(int(match["pid"])):
            cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")
