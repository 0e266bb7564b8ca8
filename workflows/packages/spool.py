"""
What one step read from one store, sealed until the package is made of it.

A step's items go to one blob per step and attempt, as JSON lines, collection after collection;
files of the person's go to blobs beside it. Nothing is held longer than a piece takes to
fill, and nothing is published unless the store was read to the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import orjson

from connectors.sdk import Collection, Document, Item, Record
from rights.services.packages import spools
from rights.store.sealing import SealedFiles
from workflows.packages.disclosure import Policy, Shaper
from workflows.packages.names import Names, safe_segment
from workflows.packages.redacting import Redactor
from workflows.packages.spool_index import (
    APART,
    DOCUMENTS,
    RECORDS,
    Dropped,
    Part,
    Redacted,
    Spooled,
    SpoolIndex,
)

FILE_FIELD: Final = "_file"
"""The field that says where in the package the file of a record is."""

_PIECE_BYTES: Final = 128 * 1024
_DOCUMENTS_AT_ONCE: Final = 500
_I64: Final = 2**63
_U64: Final = 2**64


def spool_prefix(package_id: str) -> str:
    """Return the prefix of all spools of a package: what to delete once it is made."""
    return spools(package_id)


def spool(
    sections: Iterable[tuple[Collection, Iterable[Item]]],
    *,
    store: str,
    files: SealedFiles,
    key: str,
    policy: Policy,
    keep_running: Callable[[], None] = lambda: None,
) -> SpoolIndex:
    """
    Write the items of one store and say where they are.

    Args:
        sections: Each collection once, with what its connector yields.
        key: Blob key, new for every attempt: ``{spool_prefix(…)}/<step>-<attempt>``.
        keep_running: Called for every piece; raises when the lease was lost.

    Raises:
        ConnectorError: from the connector; nothing is published then.
    """
    pen = _Pen(store, files, key, policy)

    def watched() -> Iterator[bytes]:
        for piece in pen.write(sections):
            keep_running()
            yield piece

    # The register learns the index in the same transaction as the step's end: a spool lost to
    # a power cut before that is read again, so waiting for the disk would buy nothing.
    file = files.put(key, watched(), lasting=False)
    return SpoolIndex(store, file, tuple(pen.spooled))


class _Pen:
    """Turns items into lines, and keeps account of where they are."""

    def __init__(self, store: str, files: SealedFiles, key: str, policy: Policy) -> None:
        self.spooled: list[Spooled] = []
        self._store = store
        self._files = files
        self._key = key
        self._policy = policy
        self._offset = 0
        self._file_count = 0

    def write(self, sections: Iterable[tuple[Collection, Iterable[Item]]]) -> Iterator[bytes]:
        for collection, items in sections:
            section = _Section(collection, self._policy)
            for item in items:
                if isinstance(item, Document):
                    self._document(section, item)
                else:
                    section.add(item)
                if section.full:
                    yield from self._flush(section)
            yield from self._flush(section)
            self.spooled.append(section.done())

    def _flush(self, section: _Section) -> Iterator[bytes]:
        for kind, lines, count in section.drain():
            section.place(Part(kind, self._offset, len(lines), count))
            self._offset += len(lines)
            yield lines

    def _document(self, section: _Section, document: Document) -> None:
        self._file_count += 1
        folder = f"{safe_segment(self._store)}/{safe_segment(section.collection.name)}"
        name = section.redactor.file_name(FILE_FIELD, document.name)
        path = f"files/{folder}/{section.names.take(name)}"
        chunks = section.redactor.file(FILE_FIELD, document.media_type, document.chunks())
        stored = self._files.put(f"{self._key}-file-{self._file_count}", chunks, lasting=False)
        section.add_document(
            document.record,
            {"path": path, "media_type": document.media_type, **stored.to_json()},
        )


class _Section:
    """One collection while it is being written."""

    def __init__(self, collection: Collection, policy: Policy) -> None:
        self.collection = collection
        self.names = Names()
        self.redactor = Redactor(collection, policy.own)
        self._shaper = Shaper(collection, policy)
        self._lines: list[bytes] = []
        self._bytes = 0
        self._documents: list[bytes] = []
        self._parts: list[Part] = []
        self._document_bytes = 0

    def add(self, record: Record) -> None:
        self._append(self.redactor.redact(self._shaper.shape(record)))

    def add_document(self, record: Record, where: dict[str, Any]) -> None:
        clean = self.redactor.redact(self._shaper.shape(record))
        shaped = {**clean, FILE_FIELD: where["path"]}
        self._shaper.columns.setdefault(FILE_FIELD)
        self._append(shaped)
        self._documents.append(orjson.dumps(where, option=orjson.OPT_APPEND_NEWLINE))
        self._document_bytes += where["size"]

    def _append(self, record: Record) -> None:
        line = to_line(record)
        self._lines.append(line)
        self._bytes += len(line)

    @property
    def full(self) -> bool:
        return self._bytes >= _PIECE_BYTES or len(self._documents) >= _DOCUMENTS_AT_ONCE

    def drain(self) -> Iterator[tuple[str, bytes, int]]:
        """Hand out what waits, records first."""
        apart = self.redactor.drain()
        waiting = ((RECORDS, self._lines), (DOCUMENTS, self._documents), (APART, apart))
        self._lines, self._documents, self._bytes = [], [], 0
        for kind, lines in waiting:
            if lines:
                yield kind, b"".join(lines), len(lines)

    def place(self, part: Part) -> None:
        """Note where a part went; it joins the one before when they touch."""
        before = self._parts[-1] if self._parts else None
        if before and before.kind == part.kind and before.offset + before.length == part.offset:
            self._parts[-1] = Part(
                part.kind,
                before.offset,
                before.length + part.length,
                before.count + part.count,
            )
        else:
            self._parts.append(part)

    def done(self) -> Spooled:
        def count(kind: str) -> int:
            return sum(part.count for part in self._parts if part.kind == kind)

        return Spooled(
            collection=self.collection.path,
            columns=tuple(self._shaper.columns),
            records=count(RECORDS),
            documents=count(DOCUMENTS),
            document_bytes=self._document_bytes,
            parts=tuple(self._parts),
            dropped=tuple(Dropped(f, why, n) for (f, why), n in self._shaper.dropped.items()),
            redacted=tuple(Redacted(f, str(w), n) for (f, w), n in self.redactor.counts.items()),
        )


def to_line(record: Record) -> bytes:
    """Return one JSON line. What JSON readers would refuse or round is made text."""
    try:
        return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        # Half a surrogate pair in a text, or a number past 64 bits: rare, so paid for only here.
        return orjson.dumps(_plain(record), option=orjson.OPT_APPEND_NEWLINE)


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, int) and not -_I64 <= value < _U64:
        return str(value)
    if isinstance(value, Mapping):
        return {_plain(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return value
