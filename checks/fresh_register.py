"""
Whether ``rights/store/fresh.sql`` makes the register to which the migrations lead.

It is never written by hand. With ``--write`` it is made anew from the migrations.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from rights.store import fresh
from rights.store.db import open_engine
from rights.store.migrate import upgrade
from rights.store.revision import needed


def migrated(folder: Path) -> str:
    """Return what makes a register like the one that the migrations make in *folder*."""
    url = f"sqlite:///{folder / 'register.db'}"
    upgrade(url, needed())
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            return fresh.written(connection)
    finally:
        engine.dispose()


def main() -> int:
    """Compare, or write; return the exit code."""
    with TemporaryDirectory() as folder:
        wanted = migrated(Path(folder))
    if "--write" in sys.argv[1:]:
        fresh.FILE.write_text(wanted, encoding="utf-8")
        return 0
    if fresh.FILE.read_text(encoding="utf-8") == wanted:
        return 0
    print("rights/store/fresh.sql is not what the migrations lead to.")
    print("Make it anew with: python -m checks.fresh_register --write")
    return 1


if __name__ == "__main__":
    sys.exit(main())
