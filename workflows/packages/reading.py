"""Spools read back: lines of a collection, and the files that belong to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from rights.domain.lines import BATCH_BYTES, Batch, whole_lines
from rights.store.sealing import SealedFile, SealedFiles
from workflows.packages.spool_index import APART, DOCUMENTS, RECORDS, Part, Spooled, SpoolIndex

_KEPT_BYTES: Final = 512 * 1024
_WINDOW_BYTES: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class SpooledDocument:
    """A person's file as it was spooled; ``path`` is its place in the package."""

    path: str
    media_type: str
    file: SealedFile


class Reader:
    """
    Reads one spool any number of times.

    A small spool is opened once and kept: over a network store each range would be a request.
    """

    def __init__(self, files: SealedFiles, index: SpoolIndex) -> None:
        self._files = files
        self._index = index
        self._kept: bytes | None = None

    def batches(self, of: Spooled, at_most: int = BATCH_BYTES) -> Iterator[Batch]:
        """Yield the collection's records in batches of whole lines."""
        pieces = (p for part in of.parts if part.kind == RECORDS for p in self._pieces(part))
        return whole_lines(pieces, at_most)

    def first(self, of: Spooled, count: int) -> Iterator[Mapping[str, Any]]:
        """Yield the first *count* records, reading little more than they take."""
        for part in of.parts:
            if part.kind != RECORDS:
                continue
            for batch in whole_lines(self._windows(part), _WINDOW_BYTES):
                for line in batch.data.splitlines():
                    if count <= 0:
                        return
                    count -= 1
                    yield orjson.loads(line)

    def documents(self, of: Spooled) -> Iterator[SpooledDocument]:
        """Yield the collection's files in order."""
        pieces = (p for part in of.parts if part.kind == DOCUMENTS for p in self._pieces(part))
        for batch in whole_lines(pieces, BATCH_BYTES):
            for line in batch.data.splitlines():
                found = orjson.loads(line)
                file = SealedFile.from_json(found)
                yield SpooledDocument(found["path"], found["media_type"], file)

    def apart(self, of: Spooled) -> Iterator[bytes]:
        """Yield what was taken out of the collection, as JSON lines."""
        return (p for part in of.parts if part.kind == APART for p in self._pieces(part))

    def content(self, document: SpooledDocument) -> Iterator[bytes]:
        """Open a file."""
        return self._files.read(document.file)

    def _pieces(self, part: Part) -> Iterator[bytes]:
        if self._index.file.size <= _KEPT_BYTES:
            yield self._whole()[part.offset : part.offset + part.length]
        else:
            yield from self._files.read(self._index.file, part.offset, part.length)

    def _windows(self, part: Part) -> Iterator[bytes]:
        if self._index.file.size <= _KEPT_BYTES:
            yield from self._pieces(part)
            return
        end = part.offset + part.length
        for start in range(part.offset, end, _WINDOW_BYTES):
            yield from self._files.read(self._index.file, start, min(_WINDOW_BYTES, end - start))

    def _whole(self) -> bytes:
        if self._kept is None:
            self._kept = b"".join(self._files.read(self._index.file))
        return self._kept
