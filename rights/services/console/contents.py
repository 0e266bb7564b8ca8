"""
What is in a package, as the steps that read for it noted: counts and names, and no value.

The console reaches no store and no package; all of this is in the register.

Source: PIPL 45; NDSR 25.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rights.store.models import StepRow

_LENGTH = 2
"""Where a part of a spool says how long it is: kind, offset, length, count."""


@dataclass(frozen=True, slots=True)
class Contents:
    """
    What was read of one collection.

    Args:
        columns: Fields that have a value in some record.
        size: Bytes of its records and files, before they are packed.
        redacted: What was taken out as somebody else's: sort of value to how many.
        withheld: How many fields were kept back by the data map.
    """

    store: str
    collection: str
    columns: Sequence[str]
    records: int
    files: int
    size: int
    redacted: Mapping[str, int]
    withheld: int


def of(rows: Iterable[StepRow]) -> list[Contents]:
    """Return what the steps of a request read for its package; a look that found nothing too."""
    spools = (row.result["spool"] for row in rows if "spool" in row.result)
    return [one for spool in spools for one in _of(spool)]


def apart(rows: Iterable[StepRow]) -> bool:
    """Return whether what was taken out is kept for staff to look at."""
    return any(row.result.get("apart") for row in rows)


def _of(spool: Mapping[str, Any]) -> Iterator[Contents]:
    for found in spool["collections"]:
        redacted: dict[str, int] = {}
        for _, what, count in found["redacted"]:
            redacted[what] = redacted.get(what, 0) + count
        lengths = sum(part[_LENGTH] for part in found["parts"] if part[0] == "records")
        yield Contents(
            store=spool["store"],
            collection=found["collection"],
            columns=found["columns"],
            records=found["records"],
            files=found["documents"],
            size=lengths + found["document_bytes"],
            redacted=redacted,
            withheld=len({field for field, _, _ in found["dropped"]}),
        )
