"""Where a list that is shown in pages goes on: a moment and an id, as an address names them."""

from __future__ import annotations

from datetime import UTC, datetime

from rights.store.ids import ID


def written(at: datetime, number: str) -> str:
    """Return the place after a row of that moment and id."""
    return f"{at.isoformat()}|{number}"


def read(after: str) -> tuple[datetime, str] | None:
    """
    Return a place; None for what is none of ours, with which a list begins at its beginning.

    The id may be empty: before every row of that moment.
    """
    said, _, number = after.partition("|")
    at = moment(said)
    return (at, number) if at and (not number or ID.fullmatch(number)) else None


def moment(said: str) -> datetime | None:
    """Return a moment in UTC; None for what is none, has no zone, or is before all time."""
    try:
        at = datetime.fromisoformat(said)
        return at.astimezone(UTC) if at.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
