"""
A person's files in an S3 store, found by key templates.

A collection names a ``template`` in its settings, and its links name the placeholders as their
columns: ``avatars/{user_id}/`` with ``links: [{columns: [user_id], identifier: user_id, role:
owner}]``. A file is one row with the fields ``key``, ``size``, ``last_modified``,
``content_type`` and ``content``; the file itself is delivered where ``content`` is disclosed.

Erasing takes every version, delete markers and unfinished uploads. A file cannot lose a column:
one that somebody else owns too is kept whole, and the receipt says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import partial
from typing import ClassVar

from connectors.parts.deadlines import on_time
from connectors.parts.masks import hidden
from connectors.parts.standing import Standings
from connectors.s3_objects.bucket import Bucket, Opened, Stored, Version
from connectors.s3_objects.erasing import Eraser, foreseen, kept
from connectors.s3_objects.files import COLUMNS, CONTENT, KEY, Row, disclosable, places, row_of
from connectors.s3_objects.settings import S3Settings
from connectors.sdk import (
    Change,
    Collection,
    Document,
    Expect,
    Foreseen,
    Found,
    Inventory,
    Item,
    Manifest,
    Receipt,
    Refused,
    Standing,
    Switch,
    TableFound,
    Target,
    Transient,
    Verb,
    Work,
)

__all__ = ["S3Objects", "S3Settings"]

_MOST_PASSES = 50


class S3Objects:
    """Files under a key template."""

    manifest: ClassVar[Manifest] = Manifest(
        name="s3_objects",
        title={"en": "Files in an S3 store", "zh-CN": "S3 对象存储中的文件"},
        verbs=frozenset({Verb.LOCATE, Verb.COLLECT, Verb.ERASE, Verb.VERIFY, Verb.DISCOVER}),
        settings=S3Settings,
        journal="intent",
    )

    def __init__(self, settings: S3Settings) -> None:
        self._settings = settings
        self._buckets: dict[str, Bucket] = {}

    def probe(self) -> None:
        """List one key."""
        self._bucket(self._settings.bucket).probe()

    def close_connections(self) -> None:
        """Close every connection; the next call opens new ones."""
        for bucket in self._buckets.values():
            bucket.close()

    # -- reading --------------------------------------------------------------------------

    def locate(self, target: Target, work: Work) -> Found:
        """Count the person's files, each once however many versions it has."""
        counts: dict[Standing, int] = {}
        size = 0
        for stored, row, standings in self._reached(target, work):
            standing = standings.of(row)
            if stored.newest is not None and standing is not None:
                counts[standing] = counts.get(standing, 0) + 1
                size += stored.bytes
        return Found(sum(counts.values()), counts, bytes=size)

    def foresee(self, target: Target, work: Work, *, erasing: bool = True) -> Foreseen:
        """Count what an erasure would do, and add the sizes of all versions up."""
        return foreseen(self._reached(target, work), target.collection, work, erasing=erasing)

    def collect(self, target: Target, work: Work) -> Iterator[Item]:
        """Stream the person's files, as records or, where the content is disclosed, whole."""
        disclosed = disclosable(target.collection)
        bucket = self._bucket_of(target.collection)
        for stored, row, standings in self._reached(target, work):
            masked = hidden(standings.hits(row))
            if masked is not None:
                item = _item(bucket, stored, row, disclosed, masked)
                if item is not None:
                    yield item

    # -- acting ---------------------------------------------------------------------------

    def erase(self, target: Target, work: Work) -> Receipt:
        """
        Delete the person's files in every version.

        Some stores list less than there is when a listing has pages: every place is gone
        through again until a pass finds nothing more to delete.
        """
        eraser = Eraser(self._bucket_of(target.collection), target.collection, work)
        for _ in range(_MOST_PASSES):
            if not eraser.go_through(self._reached(target, work)):
                break
        else:
            raise Transient("files appear faster than they are deleted; try again later")
        for upload, row, standings in self._uploads(target, work):
            if standings.own(row):
                self._bucket_of(target.collection).abort(upload)
        return eraser.receipt()

    # -- proving --------------------------------------------------------------------------

    def verify(
        self,
        target: Target,
        work: Work,
        expect: Expect,
        *,
        changes: Iterable[Change] = (),
        switch: Switch | None = None,
    ) -> Found:
        """
        Count what is still there: files, versions, delete markers, unfinished uploads.

        Two listings are asked, that of versions and the plain one, and either counts.
        """
        del changes, switch  # nothing but an erasure can happen to a file
        if expect is not Expect.ERASED:
            raise Refused(f"files cannot be {expect}; only their erasure can be verified")
        wrong = held = 0
        known: set[str] = set()
        for stored, row, standings in self._reached(target, work):
            because = kept(stored, row, standings, target.collection, work)
            wrong += because is None
            held += bool(because)
            known.add(stored.key)
        bucket = self._bucket_of(target.collection)
        for place in places(target):
            wrong += sum(key not in known for key in bucket.current(place))
        wrong += sum(standings.own(row) for _, row, standings in self._uploads(target, work))
        return Found(wrong, restricted=held)

    def discover(self) -> Inventory:
        """List the folders at the top of the bucket."""
        names = sorted(self._bucket(self._settings.bucket).folders())
        digest = hashlib.sha256("\n".join(names).encode()).hexdigest()
        return Inventory(tuple(TableFound(name, COLUMNS, KEY) for name in names), digest)

    # -- how it is done here --------------------------------------------------------------

    def _reached(self, target: Target, work: Work) -> Iterator[tuple[Stored, Row, Standings]]:
        """Yield everything stored at the target's places, as a row and with whose it may be."""
        standings = Standings(target, KEY)
        bucket = self._bucket_of(target.collection)
        for place in places(target):
            on_time(work)
            for stored in bucket.stored(place):
                yield stored, row_of(stored, place), standings

    def _uploads(self, target: Target, work: Work) -> Iterator[tuple[Version, Row, Standings]]:
        standings = Standings(target, KEY)
        bucket = self._bucket_of(target.collection)
        for place in places(target):
            on_time(work)
            for upload in bucket.uploads(place):
                yield upload, dict(place.values), standings

    def _bucket_of(self, collection: Collection) -> Bucket:
        return self._bucket(str(collection.settings.get("bucket", self._settings.bucket)))

    def _bucket(self, name: str) -> Bucket:
        return self._buckets.setdefault(name, Bucket(self._settings, name))


def _item(
    bucket: Bucket, stored: Stored, row: Row, shown: tuple[str, ...], masked: frozenset[str]
) -> Item | None:
    """Return one file; None when only delete markers are left of it, or nothing by now."""
    if stored.newest is None:
        return None
    opened: Opened | None = None
    if {"content_type", CONTENT} & {*shown}:
        opened = bucket.head(stored.newest)
        if opened is None:
            return None
        row["content_type"] = opened.media_type
    record = {n: None if n in masked else row[n] for n in shown if n != CONTENT}
    if opened is None or CONTENT not in shown or CONTENT in masked:
        return record
    chunks = partial(bucket.read, stored.newest, opened)
    return Document(stored.key, opened.media_type, opened.size, record, chunks)
