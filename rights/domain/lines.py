"""Streams of lines, cut where a line ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

BATCH_BYTES: Final = 256 * 1024


class Batch(NamedTuple):
    """Whole lines, and how many."""

    data: bytes
    records: int


def whole_lines(pieces: Iterable[bytes], at_most: int) -> Iterator[Batch]:
    """
    Cut a stream at line ends into batches of *at_most* bytes.

    A line that is longer than that is a batch of its own.
    """
    held = bytearray()
    for piece in pieces:
        held += piece
        while len(held) > at_most and (cut := _cut_at(held, at_most)):
            yield _batch(bytes(held[:cut]))
            del held[:cut]
    while held:
        cut = (len(held) > at_most and _cut_at(held, at_most)) or len(held)
        yield _batch(bytes(held[:cut]))
        del held[:cut]


def _cut_at(held: bytearray, at_most: int) -> int:
    """Return the end of the last line within *at_most* bytes, else of the first line, else 0."""
    return held.rfind(b"\n", 0, at_most) + 1 or held.find(b"\n", at_most) + 1


def _batch(data: bytes) -> Batch:
    return Batch(data, data.count(b"\n"))
