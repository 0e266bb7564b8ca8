"""
Large secrets at rest: files sealed in chunks, so that any range opens on its own.

Every file written for a package - each spool part, each retry, the package itself - has a
random file id and a subkey of its own by HKDF-SHA256 (data key, info = file id). A nonce can
therefore simply be the number of the chunk: under one subkey no number is used twice.

A sealed file is ``magic (4) | file id (16)`` and then chunks of 64 KiB, each AES-256-GCM with
a tag of 16 bytes. The nonce is the chunk's number in 11 bytes, big-endian, and one byte that
is 1 for the last chunk: a cut file, a reordered one and one with something appended do not
open. The authenticated data is package id and file id: neither does another file's chunk.

What destroying the data key does: none of the package's files opens again, wherever copies
of them may be.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from rights.store.blobs import Blobs
from rights.store.keys import KEY_BYTES, Tampered, subkey

MAGIC: Final = b"RSF1"
FILE_ID_BYTES: Final = 16
HEADER_BYTES: Final = len(MAGIC) + FILE_ID_BYTES
CHUNK_BYTES: Final = 64 * 1024
TAG_BYTES: Final = 16
_SEALED_CHUNK: Final = CHUNK_BYTES + TAG_BYTES

Read = Callable[[int, int], Iterator[bytes]]
"""``read(start, length)``: bytes of the sealed file."""


def new_data_key(random: Callable[[int], bytes] = os.urandom) -> bytes:
    """Return a fresh data key for one package; keep it wrapped, destroy it at purge."""
    return random(KEY_BYTES)


def new_file_id(random: Callable[[int], bytes] = os.urandom) -> bytes:
    """Return a fresh file id. Every file needs one, every retry too."""
    return random(FILE_ID_BYTES)


def sealed_size(plain: int) -> int:
    """Return how many bytes *plain* bytes take once sealed."""
    chunks = max(1, -(-plain // CHUNK_BYTES))
    return HEADER_BYTES + plain + chunks * TAG_BYTES


def plain_size(sealed: int) -> int:
    """Return how many bytes a sealed file of *sealed* bytes holds. Raises Tampered."""
    body = sealed - HEADER_BYTES
    chunks = -(-body // _SEALED_CHUNK)
    last = body - (chunks - 1) * _SEALED_CHUNK
    # Only a file of one chunk may hold nothing: a longer one never ends in an empty chunk.
    if chunks < 1 or last < TAG_BYTES or (chunks > 1 and last == TAG_BYTES):
        raise Tampered("a sealed file is cut short: make it again, or restore it")
    return body - chunks * TAG_BYTES


class _Chunks:
    """Seals and opens the numbered chunks of one file."""

    def __init__(self, data_key: bytes, package_id: str, file_id: bytes) -> None:
        if len(file_id) != FILE_ID_BYTES:
            raise ValueError(f"a file id has {FILE_ID_BYTES} bytes")
        self._cipher = AESGCM(subkey(data_key, file_id))
        self._aad = package_id.encode() + file_id

    def seal(self, number: int, plain: bytes | memoryview, *, last: bool) -> bytes:
        return self._cipher.encrypt(_nonce(number, last=last), plain, self._aad)

    def open(self, number: int, sealed: bytes | memoryview, *, last: bool) -> bytes:
        try:
            return self._cipher.decrypt(_nonce(number, last=last), sealed, self._aad)
        except InvalidTag:
            raise Tampered(
                f"chunk {number} of a sealed file does not open: it was changed, cut, or "
                "belongs to another file; make it again, or restore it"
            ) from None


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\x01" if last else b"\x00")


def seal_stream(
    chunks: Iterable[bytes], *, data_key: bytes, package_id: str, file_id: bytes
) -> Iterator[bytes]:
    """
    Seal a stream of bytes of any sizes.

    Args:
        file_id: From :func:`new_file_id`, never used before.
    """
    sealer = _Chunks(data_key, package_id, file_id)
    yield MAGIC + file_id
    number = 0
    held = bytearray()
    for chunk in chunks:
        held += chunk
        # One byte more than a chunk must be there before a chunk is known not to be the last.
        if len(held) <= CHUNK_BYTES:
            continue
        whole = (len(held) - 1) // CHUNK_BYTES
        with memoryview(held) as view:
            for start in range(0, whole * CHUNK_BYTES, CHUNK_BYTES):
                yield sealer.seal(number, view[start : start + CHUNK_BYTES], last=False)
                number += 1
        del held[: whole * CHUNK_BYTES]
    yield sealer.seal(number, bytes(held), last=True)


def open_range(
    read: Read,
    total_sealed_size: int,
    *,
    data_key: bytes,
    package_id: str,
    start: int = 0,
    length: int | None = None,
    file_id: bytes | None = None,
) -> Iterator[bytes]:
    """
    Open the plain bytes ``start … start + length``, touching only the chunks they lie in.

    No byte of a chunk is handed out before all of it was authenticated. Raises Tampered.

    Args:
        total_sealed_size: On record, or as the blob store tells it.
        length: None means to the end. What lies past the end is not an error.
        file_id: When the caller knows it, the header is not read: one read of the store less.
    """
    plain = plain_size(total_sealed_size)
    end = plain if length is None else min(plain, start + length)
    # Of an empty file, its one empty chunk is opened all the same: it could be a forged one.
    if start < 0 or (start >= end and (plain > 0 or start > 0)):
        return
    known = file_id if file_id is not None else _read_header(read)
    opener = _Chunks(data_key, package_id, known)
    last = max(0, plain - 1) // CHUNK_BYTES
    number = start // CHUNK_BYTES
    for sealed in _sealed_chunks(read, total_sealed_size, number, max(0, end - 1) // CHUNK_BYTES):
        opened = opener.open(number, sealed, last=number == last)
        at = number * CHUNK_BYTES
        if wanted := opened[max(0, start - at) : end - at]:
            yield wanted
        number += 1


def _sealed_chunks(read: Read, total: int, first: int, last: int) -> Iterator[bytes]:
    start = HEADER_BYTES + first * _SEALED_CHUNK
    length = min(total, HEADER_BYTES + (last + 1) * _SEALED_CHUNK) - start
    return _cut(read(start, length), length)


def _read_header(read: Read) -> bytes:
    header = b"".join(read(0, HEADER_BYTES))
    if len(header) != HEADER_BYTES or not header.startswith(MAGIC):
        raise Tampered("a sealed file does not begin as one: make it again, or restore it")
    return header[len(MAGIC) :]


def _cut(pieces: Iterable[bytes], expected: int) -> Iterator[bytes]:
    """Cut a stream into sealed chunks; a stream shorter than *expected* is an error."""
    held = bytearray()
    seen = 0
    for piece in pieces:
        held += piece
        seen += len(piece)
        while len(held) >= _SEALED_CHUNK:
            yield bytes(held[:_SEALED_CHUNK])
            del held[:_SEALED_CHUNK]
    if seen != expected:
        raise Tampered("a sealed file ended before its recorded size: make it again")
    if held:
        yield bytes(held)


@dataclass(frozen=True, slots=True)
class SealedFile:
    """
    Where a sealed file is and what is needed, besides the data key, to open it.

    Args:
        key: Name in the blob store.
        file_id: Hex.
        size: Plain bytes.
    """

    key: str
    file_id: str
    size: int

    def to_json(self) -> dict[str, str | int]:
        """Return what the register keeps."""
        return {"key": self.key, "file_id": self.file_id, "size": self.size}

    @classmethod
    def from_json(cls, data: dict[str, str | int]) -> Self:
        """Read what :meth:`to_json` wrote."""
        return cls(str(data["key"]), str(data["file_id"]), int(data["size"]))


class SealedFiles:
    """
    The files of one package in a blob store: what goes in is sealed, what comes out opened.

    Args:
        random: Where file ids come from; only tests of the format give another.
    """

    def __init__(
        self,
        blobs: Blobs,
        package_id: str,
        data_key: bytes,
        *,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._blobs = blobs
        self._package_id = package_id
        self._data_key = data_key
        self._random = random

    def put(self, key: str, chunks: Iterable[bytes], *, lasting: bool = True) -> SealedFile:
        """Seal a stream under a new file id and publish it whole, or not at all."""
        file_id = new_file_id(self._random)
        sealed = seal_stream(
            chunks, data_key=self._data_key, package_id=self._package_id, file_id=file_id
        )
        size = self._blobs.put(key, sealed, lasting=lasting)
        return SealedFile(key, file_id.hex(), plain_size(size))

    def read(self, file: SealedFile, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Open a range. Raises Tampered; NotFound when the blob is gone."""
        return open_range(
            lambda at, count: self._blobs.read(file.key, at, count),
            sealed_size(file.size),
            data_key=self._data_key,
            package_id=self._package_id,
            start=start,
            length=length,
            file_id=bytes.fromhex(file.file_id),
        )
