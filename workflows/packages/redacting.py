"""
The last gate before a value is written: what names somebody else is taken out of it.

Every text is looked at, whatever the data map says of its field; what the map says decides one
thing only. In a field marked ``self`` a value that is nothing but a number or an address is taken
for the person's own: the map's author said whose it is. Elsewhere it stays only when it is known
to be theirs. What was taken out is kept apart, sealed with the package, for staff to look at.

Source: NDSR 25(1)(4); PIPL 10; R-PKG-3.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import orjson

from connectors.sdk import Collection, Record
from rights.domain.datamap import RelatesTo
from rights.domain.foreign_values import Sort
from workflows.packages.detecting import (
    MAYBE,
    SHORTEST,
    WINDOW,
    Hit,
    Own,
    find,
    sliced,
    whole,
    windows,
)
from workflows.packages.words import word

_READABLE: Final = frozenset(
    ("application/json", "application/xml", "application/x-ndjson", "application/jsonl")
)
_SMALLEST: Final = 10**10
"""Numbers below it have too few digits to name anybody."""

_MOST_KEPT: Final = 10_000
"""What is kept of one collection for review; more is taken out all the same, and counted."""


def _says(sort: Sort) -> tuple[str, str]:
    zh, en = word("others", sort)
    return f"[{zh}，已隐去 / {en}, left out]", f"[{en}, left out]"


_INSTEAD: Final = {sort: _says(sort) for sort in Sort}
"""What stands in a record, and in a file, whose encoding we may not know."""


class Redactor:
    """
    Redacts the records and text files of one collection.

    Attributes:
        counts: ``(field, what)`` to how many were taken out.
    """

    def __init__(self, collection: Collection, own: Own) -> None:
        self._own = own
        self._path = collection.path
        named = {f.name.replace("[]", ""): f for f in collection.fields}
        self._self = {n for n, f in named.items() if f.relates_to is RelatesTo.SELF}
        self._known = frozenset(named)
        self._described = {n for n, f in named.items() if f.secret is not None}
        self._record = 0
        self._lines: list[bytes] = []
        self._kept = 0
        self.counts: dict[tuple[str, Sort], int] = {}

    def redact(self, record: Record) -> Record:
        """Return *record* without what is somebody else's; the same object if that is nothing."""
        self._record += 1
        changed: dict[str, Any] = {}
        for name, value in record.items():
            # Nearly all values end here: a call for each would cost more than the rest.
            if type(value) is str and (len(value) < SHORTEST or not MAYBE(value)):
                continue
            clean = self._clean(name, value)
            if clean is not value:
                changed[name] = clean
        return {**record, **changed} if changed else record

    def drain(self) -> list[bytes]:
        """Hand over what was taken out since the last time, one JSON line each."""
        lines, self._lines = self._lines, []
        return lines

    def file(self, name: str, media_type: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """
        Yield a file again; of one that is text, without what is somebody else's.

        It belongs to the record that comes next.
        """
        if not _is_text(media_type):
            yield from chunks
            return
        for text, hits in windows(_decoded(chunks), self._own):
            self._note(name, hits, self._record + 1)
            yield _joined(text, hits, in_file=True).encode("utf-8", "surrogateescape")

    def file_name(self, field: str, name: str) -> str:
        """Return the name of the next record's file without what is somebody else's."""
        hits = find(name, self._own)
        self._note(field, hits, self._record + 1)
        return _joined(name, hits, in_file=True)

    def _clean(self, path: str, value: Any) -> Any:
        kind = type(value)
        if kind is str:
            return self._text(path, value)
        if kind is int:
            return self._number(path, value) if value >= _SMALLEST else value
        if kind is dict:
            return self._mapping(path, value)
        if kind is list:
            cleaned = [self._clean(path, item) for item in value]
            same = all(a is b for a, b in zip(cleaned, value, strict=True))
            return value if same else cleaned
        if kind is float and value >= _SMALLEST and value.is_integer():
            return self._number(path, value)
        return value

    def _number(self, path: str, value: float) -> Any:
        text = str(int(value))
        clean = self._text(path, text)
        return value if clean is text else clean

    def _mapping(self, path: str, value: Mapping[str, Any]) -> Mapping[str, Any]:
        out: dict[str, Any] = {}
        same = True
        for name, inner in value.items():
            key = self._unused(self._text(f"{path}.", name), out)
            out[key] = self._clean(f"{path}.{name}", inner)
            same = same and key is name and out[key] is inner
        return value if same else out

    def _unused(self, key: str, taken: Mapping[str, Any]) -> str:
        number, free = 1, key
        while free in taken:
            number += 1
            free = f"{key} ({number})"
        return free

    def _text(self, path: str, text: str) -> str:
        if len(text) > WINDOW:
            return self._long(path, text)
        hits = find(text, self._own)
        if not hits or path in self._described or (path in self._self and whole(text, hits)):
            return text
        self._note(path, hits, self._record)
        return _joined(text, hits)

    def _long(self, path: str, text: str) -> str:
        out: list[str] = []
        same = True
        for piece, hits in windows(sliced(text), self._own):
            self._note(path, hits, self._record)
            same = same and not hits
            out.append(_joined(piece, hits))
        return text if same else "".join(out)

    def _note(self, path: str, hits: Iterable[Hit], record: int) -> None:
        # The steps inside an object may be anybody's words: only what the map names is told.
        field = path if path in self._known else path.partition(".")[0]
        for hit in hits:
            self.counts[field, hit.sort] = self.counts.get((field, hit.sort), 0) + 1
            self._kept += 1
            if self._kept <= _MOST_KEPT:
                self._lines.append(self._line(field, hit, record))

    def _line(self, field: str, hit: Hit, record: int) -> bytes:
        line = {
            "collection": self._path,
            "record": record,
            "field": field,
            "what": str(hit.sort),
            "value": hit.value,
        }
        return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def _joined(text: str, hits: Iterable[Hit], *, in_file: bool = False) -> str:
    out: list[str] = []
    at = 0
    for hit in hits:
        out += text[at : hit.start], _INSTEAD[hit.sort][in_file]
        at = hit.end
    return text if not out else "".join((*out, text[at:]))


def _is_text(media_type: str) -> bool:
    plain = media_type.partition(";")[0].strip().lower()
    return plain.startswith("text/") or plain in _READABLE or plain.endswith(("+json", "+xml"))


def _decoded(chunks: Iterable[bytes]) -> Iterator[str]:
    """Read as UTF-8; bytes that are none go through as they are, and digits are digits in GBK."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    for chunk in chunks:
        yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)
