"""Names of databases that tests make, telling whose they are."""

from __future__ import annotations

import os
import secrets

_PREFIX = "rights_test_"


def new_name() -> str:
    """Return a database name nobody else has; it tells which process made it."""
    return f"{_PREFIX}{os.getpid()}_{secrets.token_hex(4)}"


def is_left_behind(name: str) -> bool:
    """Return whether a test process of this machine made the database and has ended since."""
    if not name.startswith(_PREFIX):
        return False
    pid = name.removeprefix(_PREFIX).partition("_")[0]
    if not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False  # somebody else's, and alive
    return False
