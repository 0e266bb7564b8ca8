"""What an answer says of rows that something holds."""

from __future__ import annotations

from collections.abc import Iterable

from rights.store.models import HeldRows


def told(rows: Iterable[HeldRows]) -> dict[str, dict[str, str]]:
    """Return what the answer says of each: code, basis, rank, and until when."""
    return {
        row.collection: {
            "code": row.code,
            "basis": row.basis,
            "rank": row.rank,
            "until": row.latest.date().isoformat() if row.latest else "",
        }
        for row in rows
    }
