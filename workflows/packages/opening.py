"""
A package that was made, read in places: where its data files lie, and how each begins.

Its table of contents stands at its end in the order of writing, data files first. Only the start
of that table is read and only the start of each file, however large the package is. The standard
library's reader would hold the whole table, of which a copy with a million pictures has much.

Source: PKWARE APPNOTE 6.3.10, 4.3.7, 4.3.12, 4.3.14-16, 4.5.3.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import orjson

from rights.domain.errors import Refused

Read = Callable[[int, int], Iterator[bytes]]
"""``read(start, length)``: plain bytes of the package."""

MOST_TABLE: Final = 1 << 20
MOST_PACKED: Final = 128 * 1024
MOST_PLAIN: Final = 512 * 1024
"""Bytes: of the table, of what is read of a file, and of what that may unfold to."""

_END: Final = struct.Struct("<4s4H2LH")
_END64: Final = struct.Struct("<4sQ2H2L4Q")
_LOCATOR: Final = 20
_ENTRY: Final = struct.Struct("<4s6H3L5H2L")
_LOCAL: Final = struct.Struct("<4s5H3L2H")
_FULL: Final = 0xFFFFFFFF
_WIDE: Final = 1
"""Id of the extra field that has numbers past 32 bits."""


@dataclass(frozen=True, slots=True)
class Placed:
    """One file of a package: its name, where it begins, and how many bytes it has packed."""

    path: str
    offset: int
    packed: int


def files(read: Read, size: int, prefix: str) -> Iterator[Placed]:
    """
    Yield the files with which the table begins, as long as their names begin with *prefix*.

    Args:
        size: Of the whole package, in bytes.

    Raises:
        Refused: it is no package of ours.
    """
    start, length = _table(read, size)
    table, at = _bytes(read, start, min(length, MOST_TABLE)), 0
    while at + _ENTRY.size <= len(table):
        entry = _ENTRY.unpack_from(table, at)
        if entry[0] != b"PK\x01\x02":
            raise Refused("this is no package: its table of contents is not one")
        name_at, extra_at = at + _ENTRY.size, at + _ENTRY.size + entry[10]
        at = extra_at + entry[11] + entry[12]
        if at > len(table):  # cut where reading ends
            return
        path = table[name_at:extra_at].decode()
        if not path.startswith(prefix):
            return
        yield _placed(path, entry, table[extra_at : extra_at + entry[11]])


def _placed(path: str, entry: tuple[Any, ...], extra: bytes) -> Placed:
    packed, plain, offset = entry[8], entry[9], entry[16]
    wide = iter(_wide(extra))
    plain = next(wide, plain) if plain == _FULL else plain
    packed = next(wide, packed) if packed == _FULL else packed
    return Placed(path, next(wide, offset) if offset == _FULL else offset, packed)


def _wide(extra: bytes) -> tuple[int, ...]:
    while len(extra) >= struct.calcsize("<HH"):
        kind, length = struct.unpack_from("<HH", extra)
        body, extra = extra[4 : 4 + length], extra[4 + length :]
        if kind == _WIDE:
            return struct.unpack(f"<{len(body) // 8}Q", body[: len(body) // 8 * 8])
    return ()


def _table(read: Read, size: int) -> tuple[int, int]:
    """Return where the table of contents begins and how long it is."""
    tail_at = max(0, size - _END.size - _LOCATOR - _END64.size)
    tail = _bytes(read, tail_at, size - tail_at)
    end = tail[-_END.size :]
    if len(end) < _END.size or not end.startswith(b"PK\x05\x06"):
        raise Refused("this is no package: it does not end as one")
    length, start = _END.unpack(end)[5:7]
    if tail.startswith(b"PK\x06\x06") and len(tail) == _END64.size + _LOCATOR + _END.size:
        length, start = _END64.unpack_from(tail)[8:10]
    return start, length


def first_lines(read: Read, placed: Placed, count: int) -> tuple[list[dict[str, Any]], bool]:
    """
    Return the first records of a file of JSON lines.

    Returns:
        At most *count*, and whether the first of them is longer than is read.

    Raises:
        Refused: it is no such file.
    """
    head = _bytes(read, placed.offset, _LOCAL.size)
    if len(head) < _LOCAL.size or not head.startswith(b"PK\x03\x04"):
        raise Refused("this is no package: a file does not begin where it should")
    name, extra = _LOCAL.unpack(head)[9:11]
    begins, lines = placed.offset + _LOCAL.size + name + extra, b""
    unpack = zlib.decompressobj(-zlib.MAX_WBITS)
    for piece in read(begins, min(placed.packed, MOST_PACKED)):
        lines += _unpacked(unpack, piece, MOST_PLAIN - len(lines))
        if lines.count(b"\n") >= count or len(lines) >= MOST_PLAIN:
            break
    whole = lines[: lines.rfind(b"\n") + 1].splitlines()[:count]
    return [orjson.loads(line) for line in whole], bool(lines) and not whole


def _unpacked(unpack: Any, piece: bytes, most: int) -> bytes:
    try:
        return bytes(unpack.decompress(piece, most)) if most > 0 else b""
    except zlib.error as error:
        raise Refused("this is no package: a file of it does not unfold") from error


def _bytes(read: Read, start: int, length: int) -> bytes:
    return b"".join(read(start, length))
