"""Whether the register is migrated as far as this version of the product needs it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from sqlalchemy import inspect, text
from sqlmodel import Session

_VERSIONS: Final = Path(__file__).parent / "migrations" / "versions"
_FOUND: Final = text("SELECT version_num FROM alembic_version")


@cache
def needed() -> str:
    """Return the newest revision that this version knows, without loading the migrations."""
    return max(file.name[:4] for file in _VERSIONS.glob("[0-9]*.py"))


def migrated(session: Session) -> bool:
    """
    Tell whether the register is there, or further on.

    A register is migrated before the processes that need it are exchanged, one after the other: the
    old ones go on meanwhile.
    """
    if not inspect(session.connection()).has_table("alembic_version"):
        return False
    found = session.execute(_FOUND).scalar()
    return found is not None and str(found) >= needed()
