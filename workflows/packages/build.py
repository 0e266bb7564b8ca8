"""
Make the package of a request: spools in, one sealed ZIP out, in constant memory.

Order in the ZIP: data files in the data map's order, originals of files, dictionary, schema,
page, and last the manifest with the digest of all others. The same input gives the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from connectors.sdk import DataMap, MapField
from rights.domain.lines import Batch
from rights.store.sealing import SealedFiles
from workflows.packages import dictionary, facts
from workflows.packages.disclosure import Policy, Why
from workflows.packages.manifest import SCHEMA_NAME, manifest, schema_bytes
from workflows.packages.names import safe_segment
from workflows.packages.page import page
from workflows.packages.reading import Reader
from workflows.packages.spool_index import Spooled, SpoolIndex
from workflows.packages.statements import Statement
from workflows.packages.tables import header, to_csv
from workflows.packages.terms import About, Alert, Built, Disputed, Limits, Missing
from workflows.packages.writer import ZipWriter

DATA: Final = "data"
"""Folder of the files with the records; they are the first of a package."""

_PRETTY = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS


def build(
    *,
    files: SealedFiles,
    key: str,
    about: About,
    datamap: DataMap,
    spools: Sequence[SpoolIndex],
    missing: Sequence[Missing] = (),
    statements: Sequence[Statement] = (),
    policy: Policy | None = None,
    asked_for: Callable[[MapField], bool] = lambda _: True,
    disputed: Sequence[Disputed] = (),
    limits: Limits | None = None,
    keep_running: Callable[[], None] = lambda: None,
) -> Built:
    """
    Write the package under *key*.

    Args:
        key: New for every attempt.
        spools: Each collection in one of them at most.
        statements: What is answered in sentences; shown first on the page.
        policy: The one the spools were written under.
        asked_for: Which fields the request is about; nothing is said of others.
        keep_running: Called about once for every 64 KiB; raises when the lease was lost.

    Raises:
        NotFound, Tampered: a spool is gone or damaged: read the store again.
    """
    says = Contents(about, datamap, missing, statements, policy or Policy(), asked_for, disputed)
    package = _Package(files, says, spools, limits or Limits())
    digest = hashlib.sha256()
    file = files.put(key, _watched(package, digest.update, keep_running))
    return Built(file, digest.hexdigest(), package.summary(), tuple(_alerts(spools)))


def stem(path: str) -> str:
    """Return how the names of the files of a collection begin."""
    store, _, name = path.partition(".")
    return f"{DATA}/{safe_segment(store)}/{safe_segment(name)}"


def _watched(
    package: _Package, took: Callable[[bytes], None], keep_running: Callable[[], None]
) -> Iterator[bytes]:
    for chunk in package.write():
        if chunk:
            keep_running()
            took(chunk)
            yield chunk


def _alerts(spools: Iterable[SpoolIndex]) -> Iterator[Alert]:
    for index in spools:
        for of in index.collections:
            for dropped in of.dropped:
                if Why(dropped.why).alarming:
                    yield Alert(of.collection, dropped.field, dropped.why, dropped.rows)


@dataclass(frozen=True, slots=True)
class Contents:
    """What a package says beside the rows."""

    about: About
    datamap: DataMap
    missing: Sequence[Missing]
    statements: Sequence[Statement]
    policy: Policy
    asked_for: Callable[[MapField], bool]
    disputed: Sequence[Disputed]


class _Package:
    """One package being written."""

    def __init__(
        self, files: SealedFiles, says: Contents, spools: Sequence[SpoolIndex], limits: Limits
    ) -> None:
        self._about = says.about
        self._datamap = datamap = says.datamap
        self._missing = says.missing
        self._statements = says.statements
        self._disputed = says.disputed
        self._policy = says.policy
        self._limits = limits
        self._zip = ZipWriter(made_at=says.about.generated_at, level=limits.level)
        self._readers: dict[str, Reader] = {}
        found: dict[str, Spooled] = {}
        for index in spools:
            reader = Reader(files, index)
            for of in index.collections:
                if of.collection in found:
                    raise ValueError(f"{of.collection} is in two spools of one package")
                found[of.collection] = of
                self._readers[of.collection] = reader
        order = {c.path: place for place, c in enumerate(datamap.collections)}
        self._spooled = sorted(found.values(), key=lambda of: order[of.collection])
        self._by_path = found
        held = {of.collection: of for of in self._spooled if of.records}
        self._categories = facts.categories(datamap, held, says.policy)
        self._withheld = facts.withheld(datamap, held, says.policy, says.asked_for)
        self._redacted = facts.redacted(datamap, self._spooled)

    def write(self) -> Iterator[bytes]:
        for of in self._spooled:
            if of.records:
                yield from self._data(of)
        for of in self._spooled:
            yield from self._documents(of)
        if self._statements:
            answer = orjson.dumps([s.to_json() for s in self._statements], option=_PRETTY)
            yield from self._add("answer.json", [answer], "answer", "application/json")
        yield from self._dictionary()
        yield from self._add(SCHEMA_NAME, [schema_bytes()], "schema", "application/schema+json")
        yield from self._add("index.html", self._page(), "page", "text/html; charset=utf-8")
        yield from self._add("manifest.json", [self._manifest()], "manifest", "application/json")
        yield from self._zip.finish()

    def summary(self) -> Mapping[str, Any]:
        return {
            "files": len(self._zip.files),
            "bytes": sum(f.bytes for f in self._zip.files),
            "records": sum(of.records for of in self._spooled),
            "documents": sum(of.documents for of in self._spooled),
            "collections": {of.collection: of.records for of in self._spooled},
            "categories": [c.name for c in self._categories],
            "missing": len(self._missing),
            "complete": not self._missing,
        }

    def _add(
        self, path: str, chunks: Iterable[bytes], role: str, media_type: str
    ) -> Iterator[bytes]:
        return self._zip.add(path, chunks, role=role, media_type=media_type)

    def _data(self, of: Spooled) -> Iterator[bytes]:
        """Write the records as JSON Lines and as CSV, in as many volumes as they need."""
        reader = self._readers[of.collection]
        limit = self._limits.volume_bytes
        many = of.length > limit
        begins = stem(of.collection)
        lines = reader.batches(of)
        yield from self._volumes(
            of, f"{begins}%s.jsonl", "application/jsonl", lines, b"", many=many
        )
        if not of.columns:
            # Rows of which nothing may be given: they are counted, a table has nothing to say.
            return
        rows = to_csv(reader.batches(of), of.columns)
        head = header(of.columns)
        yield from self._volumes(
            of, f"{begins}%s.csv", "text/csv; charset=utf-8", rows, head, many=many
        )

    def _volumes(
        self,
        of: Spooled,
        name: str,
        media_type: str,
        batches: Iterator[Batch],
        head: bytes,
        *,
        many: bool,
    ) -> Iterator[bytes]:
        volumes = split(batches, self._limits.volume_bytes, head)
        for number, volume in enumerate(volumes, start=1):
            suffix = f"-{number:03}" if many or number > 1 else ""
            yield from self._zip.add(
                name % suffix,
                volume,
                role="data",
                media_type=media_type,
                collection=of.collection,
                records=volume.count,
            )

    def _documents(self, of: Spooled) -> Iterator[bytes]:
        reader = self._readers[of.collection]
        for document in reader.documents(of):
            yield from self._zip.add(
                document.path,
                reader.content(document),
                role="document",
                media_type=document.media_type,
                collection=of.collection,
            )

    def _dictionary(self) -> Iterator[bytes]:
        found = list(dictionary.entries(self._datamap, self._spooled, self._policy))
        as_csv, as_json = dictionary.as_csv(found), dictionary.as_json(found)
        yield from self._add("dictionary.csv", [as_csv], "dictionary", "text/csv; charset=utf-8")
        yield from self._add("dictionary.json", [as_json], "dictionary", "application/json")

    def _page(self) -> Iterator[bytes]:
        return page(
            about=self._about,
            datamap=self._datamap,
            spooled=self._spooled,
            files=self._zip.files,
            categories=self._categories,
            missing=self._missing,
            statements=self._statements,
            withheld=self._withheld,
            redacted=self._redacted,
            disputed=self._disputed,
            rows=lambda path, count: self._readers[path].first(self._by_path[path], count),
            rows_shown=self._limits.rows_shown,
        )

    def _manifest(self) -> bytes:
        return manifest(
            about=self._about,
            datamap=self._datamap,
            spooled=self._spooled,
            files=self._zip.files,
            categories=self._categories,
            missing=self._missing,
            withheld=self._withheld,
            redacted=self._redacted,
            disputed=self._disputed,
        )


class Volume:
    """One part of a file that may have several; counts records while it is read."""

    def __init__(self, source: _Source, head: bytes) -> None:
        self._source = source
        self._head = head
        self._records = 0

    def count(self) -> int:
        return self._records

    def __iter__(self) -> Iterator[bytes]:
        size = len(self._head)
        if self._head:
            yield self._head
        while (batch := self._source.next) is not None:
            # A record is never cut: one that is larger than a volume has a volume to itself.
            if self._records and size + len(batch.data) > self._source.limit:
                return
            size += len(batch.data)
            self._records += batch.records
            self._source.advance()
            yield batch.data


class _Source:
    def __init__(self, batches: Iterator[Batch], limit: int) -> None:
        self._batches = batches
        self.limit = limit
        self.next: Batch | None = None
        self.advance()

    def advance(self) -> None:
        self.next = next(self._batches, None)


def split(batches: Iterator[Batch], limit: int, head: bytes) -> Iterator[Volume]:
    """
    Yield volumes of at most *limit* bytes; each must be read before the next is asked for.

    Args:
        head: Repeated at the top of each.
    """
    source = _Source(batches, limit)
    while source.next is not None:
        yield Volume(source, head)
