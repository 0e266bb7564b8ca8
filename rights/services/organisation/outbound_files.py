"""
The register of what went out as a file, written while it is read: CSV or JSON.

However much there is, a batch of it is in memory at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import orjson

from rights.services.organisation.outbound import COLUMNS, Record
from rights.services.reports.as_csv import BOM, written

Head = Mapping[str, Any]


def to_json(head: Head, records: Iterable[Record]) -> Iterator[bytes]:
    """Yield one JSON object: what the file is about, and ``records`` at its end."""
    yield orjson.dumps(dict(head))[:-1] + b',"records":['
    for number, record in enumerate(records):
        yield (b",\n" if number else b"\n") + orjson.dumps(record)
    yield b"\n]}\n"


def to_csv(head: Head, records: Iterable[Record]) -> Iterator[bytes]:
    """Yield a line for each record, UTF-8 with a byte order mark; lists have their parts apart."""
    yield BOM + written(COLUMNS)
    for name in head["missing"]:
        yield written(("not_recorded", *("" for _ in COLUMNS[1:-1]), name))
    for record in records:
        yield written(_cell(record[name]) for name in COLUMNS)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return " ".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


WRITE: Final[Mapping[str, Callable[[Head, Iterable[Record]], Iterator[bytes]]]] = {
    "csv": to_csv,
    "json": to_json,
}
"""How the register is written, by the name of the form."""
