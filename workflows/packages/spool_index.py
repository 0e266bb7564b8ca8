"""What a spool holds and where: small, without personal data but file sizes, kept as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from rights.store.sealing import SealedFile

RECORDS = "records"
DOCUMENTS = "documents"
APART = "apart"


@dataclass(frozen=True, slots=True)
class Part:
    """
    A run of lines in the spool's plain bytes.

    Args:
        kind: ``records``: the person's rows; ``documents``: where their files are spooled;
            ``apart``: what was taken out of both because it is somebody else's.
        count: Number of lines.
    """

    kind: str
    offset: int
    length: int
    count: int


@dataclass(frozen=True, slots=True)
class Dropped:
    """Values of one field that were kept back; see ``disclosure.Why``."""

    field: str
    why: str
    rows: int


@dataclass(frozen=True, slots=True)
class Redacted:
    """How many values of one kind were taken out of one field: see ``foreign_values.Sort``."""

    field: str
    what: str
    count: int


@dataclass(frozen=True, slots=True)
class Spooled:
    """
    One collection in a spool. With no records it says that a look found nothing.

    Args:
        collection: ``<store>.<collection>``.
        columns: Field names in order of first appearance.
        documents: How many of the records describe a file that was spooled too.
        document_bytes: Size of those files together.
    """

    collection: str
    columns: tuple[str, ...] = ()
    records: int = 0
    documents: int = 0
    document_bytes: int = 0
    parts: tuple[Part, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    redacted: tuple[Redacted, ...] = ()

    @property
    def length(self) -> int:
        """Bytes of all records."""
        return sum(part.length for part in self.parts if part.kind == RECORDS)


@dataclass(frozen=True, slots=True)
class SpoolIndex:
    """One sealed spool blob: everything one step read from one store."""

    store: str
    file: SealedFile
    collections: tuple[Spooled, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """Return JSON-native values for the step's result."""
        return {
            "store": self.store,
            "file": self.file.to_json(),
            "collections": [_spooled_to_json(c) for c in self.collections],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_json` wrote."""
        return cls(
            data["store"],
            SealedFile.from_json(data["file"]),
            tuple(_spooled_from_json(c) for c in data["collections"]),
        )


def _spooled_to_json(of: Spooled) -> dict[str, Any]:
    return {
        "collection": of.collection,
        "columns": list(of.columns),
        "records": of.records,
        "documents": of.documents,
        "document_bytes": of.document_bytes,
        "parts": [[p.kind, p.offset, p.length, p.count] for p in of.parts],
        "dropped": [[d.field, d.why, d.rows] for d in of.dropped],
        "redacted": [[r.field, r.what, r.count] for r in of.redacted],
    }


def _spooled_from_json(data: Mapping[str, Any]) -> Spooled:
    return Spooled(
        collection=data["collection"],
        columns=tuple(data["columns"]),
        records=data["records"],
        documents=data["documents"],
        document_bytes=data["document_bytes"],
        parts=tuple(Part(*p) for p in data["parts"]),
        dropped=tuple(Dropped(*d) for d in data["dropped"]),
        redacted=tuple(Redacted(*r) for r in data["redacted"]),
    )
