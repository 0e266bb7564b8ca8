"""
A ZIP as a stream: files in, bytes out, nothing kept but the table of contents.

The bytes depend on the input alone: order, names and times come from the caller. That is why
the standard library writes it and not zipstream-ng, which stamps each file with the time of
writing. Sizes are not known beforehand, so every entry is ZIP64 with a data descriptor.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

FAST: Final = 1
"""Deflate level 1: three times as fast as 6 for a tenth more bytes."""

_PACKED: Final = frozenset(
    {
        "application/gzip",
        "application/pdf",
        "application/vnd.rar",
        "application/x-7z-compressed",
        "application/zip",
        "application/zstd",
    }
)
_PACKED_FAMILIES: Final = ("audio/", "image/", "video/", "application/vnd.openxmlformats")
_UNPACKED_IMAGES: Final = frozenset({"image/svg+xml", "image/bmp", "image/tiff"})
_UNIX: Final = 3
_MODE: Final = 0o100600 << 16


@dataclass(frozen=True, slots=True)
class FileEntry:
    """
    One file of the package, as the manifest lists it.

    Args:
        role: ``data``, ``document``, ``dictionary``, ``schema`` or ``page``.
        collection: ``<store>.<collection>``; empty for files about the whole.
        records: Lines or rows; None where that means nothing.
    """

    path: str
    role: str
    media_type: str
    bytes: int
    sha256: str
    collection: str = ""
    records: int | None = None


class ZipWriter:
    """
    Writes files one after the other; every method yields bytes that must be consumed.

    Args:
        made_at: The time that every entry bears.
    """

    def __init__(self, *, made_at: datetime, level: int = FAST) -> None:
        self._sink = _Sink()
        self._zip = ZipFile(self._sink, "w", ZIP_DEFLATED, allowZip64=True)
        self._made_at = made_at.astimezone(UTC).timetuple()[:6]
        self._level = level
        self._names: set[str] = set()
        self.files: list[FileEntry] = []

    def add(
        self,
        path: str,
        chunks: Iterable[bytes],
        *,
        role: str,
        media_type: str,
        collection: str = "",
        records: Callable[[], int] | None = None,
    ) -> Iterator[bytes]:
        """
        Write one file and note its digest.

        Args:
            records: Asked once the file is written.
        """
        if path.casefold() in self._names:
            raise ValueError("two files of a package have the same name")
        self._names.add(path.casefold())
        digest = hashlib.sha256()
        size = 0
        with self._zip.open(self._entry(path, media_type), "w", force_zip64=True) as out:
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                out.write(chunk)
                yield self._sink.drain()
        yield self._sink.drain()
        count = records() if records else None
        self.files.append(
            FileEntry(path, role, media_type, size, digest.hexdigest(), collection, count)
        )

    def finish(self) -> Iterator[bytes]:
        """Write the table of contents."""
        self._zip.close()
        yield self._sink.drain()

    def _entry(self, path: str, media_type: str) -> ZipInfo:
        entry = ZipInfo(path, self._made_at)
        entry.compress_type = ZIP_DEFLATED
        entry.create_system = _UNIX
        entry.external_attr = _MODE
        # Level 0 rather than "stored": a stored entry of unknown size cannot be read as a stream.
        entry._compresslevel = 0 if _is_packed(media_type) else self._level  # type: ignore[attr-defined]  # noqa: SLF001
        return entry


def _is_packed(media_type: str) -> bool:
    name = media_type.partition(";")[0].strip().lower()
    if name in _UNPACKED_IMAGES:
        return False
    return name in _PACKED or name.startswith(_PACKED_FAMILIES)


class _Sink:
    """A file that only grows; what was written is taken out again at once."""

    def __init__(self) -> None:
        self._held: list[bytes] = []

    def write(self, data: Any) -> int:
        self._held.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing: there is nothing behind this."""

    def close(self) -> None:
        """Do nothing: what was written is still to be taken out."""

    def drain(self) -> bytes:
        out = b"".join(self._held)
        self._held.clear()
        return out
