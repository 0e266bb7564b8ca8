"""One bucket, as the verbs need it: what is at a place, in every version, and how it goes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from heapq import merge
from itertools import chain, groupby
from operator import itemgetter
from typing import Any

from connectors.parts.s3_calls import asked, asked_if_there, by_code, client, one_by_one
from connectors.s3_objects.settings import S3Settings
from connectors.s3_objects.templates import Place
from connectors.sdk import Misconfigured, Transient

_CHUNK = 262_144
_AT_ONCE = 1000  # the most DeleteObjects takes

Version = tuple[str, str | None]
"""Key and version id; None where the store keeps no versions."""


@dataclass(frozen=True, slots=True)
class Stored:
    """
    One key and all that is stored under it.

    Args:
        versions: Everything to delete, delete markers too.
        newest: The version a person is shown; None when only delete markers are left.
        bytes: Of all versions together.
    """

    key: str = field(repr=False)
    versions: tuple[Version, ...] = field(repr=False)
    newest: Version | None = field(repr=False)
    size: int
    modified: datetime
    bytes: int


@dataclass(frozen=True, slots=True)
class Opened:
    """What an object says about itself before it is read."""

    size: int
    media_type: str
    etag: str


class Bucket:
    """A bucket; the connection is made at first use."""

    def __init__(self, settings: S3Settings, name: str) -> None:
        self._settings = settings
        self._name = name
        self._made: Any = None
        self._checked = False

    @property
    def _client(self) -> Any:
        if self._made is None:
            self._made = asked(lambda: client(self._settings))
        return self._made

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        if self._made is not None:
            self._made.close()
            self._made = None

    def probe(self) -> None:
        """Ask for one key: needs the same permission as the work will."""
        client = self._client
        asked(lambda: client.list_objects_v2(Bucket=self._name, MaxKeys=1))

    def stored(self, place: Place) -> Iterator[Stored]:
        """
        Yield what is at *place*, ordered by key.

        Raises:
            Misconfigured: the bucket keeps versions and the settings say that it does not.
        """
        self._check_versions()
        entries = self._versions(place) if self._settings.versions else self._objects(place)
        for key, group in groupby(entries, key=itemgetter("Key")):
            if place.holds(key):
                yield _stored(key, list(group))

    def current(self, place: Place) -> Iterator[str]:
        """Yield the keys a plain listing shows at *place*: another question than ``stored``."""
        yield from (entry["Key"] for entry in self._objects(place) if place.holds(entry["Key"]))

    def uploads(self, place: Place) -> Iterator[Version]:
        """Yield the uploads at *place* that were begun and never finished."""
        for page in self._pages("list_multipart_uploads", place):
            for entry in page.get("Uploads", ()):
                if place.holds(entry["Key"]):
                    yield entry["Key"], entry["UploadId"]

    def delete(self, versions: Sequence[Version]) -> None:
        """Delete exactly these versions. Raises when the store keeps one of them."""
        for start in range(0, len(versions), _AT_ONCE):
            batch = [_named(version) for version in versions[start : start + _AT_ONCE]]
            call = partial(self._client.delete_objects, Bucket=self._name)
            answer = asked(partial(call, Delete={"Objects": batch, "Quiet": True}))
            for error in answer.get("Errors", ()):
                # One version's refusal is not the key's or the bucket's: it may be locked.
                raise by_code(error.get("Code", ""), 0, "DeleteObjects")

    def abort(self, upload: Version) -> None:
        """Forget an unfinished upload; one that is gone already is forgotten."""
        key, upload_id = upload
        call = partial(self._client.abort_multipart_upload, Bucket=self._name)
        asked_if_there(partial(call, Key=key, UploadId=upload_id))

    def head(self, version: Version) -> Opened | None:
        """Return what the object says about itself, or None when it has gone meanwhile."""
        call = partial(self._client.head_object, Bucket=self._name)
        found = asked_if_there(partial(call, **_named(version)))
        if found is None:
            return None
        media_type = found.get("ContentType") or "application/octet-stream"
        return Opened(int(found["ContentLength"]), media_type, found["ETag"])

    def read(self, version: Version, opened: Opened) -> Iterator[bytes]:
        """
        Yield the content that *opened* describes.

        Raises:
            Transient: it changed or broke off; a file is delivered whole or not at all.
        """
        call = partial(self._client.get_object, Bucket=self._name, IfMatch=opened.etag)
        body = asked(partial(call, **_named(version)))["Body"]
        left = opened.size
        try:
            while part := asked(partial(body.read, _CHUNK)):
                left -= len(part)
                yield part
        finally:
            body.close()
        if left:
            raise Transient("a file was not delivered whole by the object store")

    def folders(self) -> Iterator[str]:
        """Yield the names of the folders at the top, and ``/`` when objects lie beside them."""
        loose = False
        paginator = self._client.get_paginator("list_objects_v2")
        for page in one_by_one(partial(paginator.paginate, Bucket=self._name, Delimiter="/")):
            loose = loose or bool(page.get("Contents"))
            yield from (p["Prefix"].removesuffix("/") for p in page.get("CommonPrefixes", ()))
        if loose:
            yield "/"

    def _check_versions(self) -> None:
        if self._settings.versions or self._checked:
            return
        call = partial(self._client.get_bucket_versioning, Bucket=self._name)
        if asked(call).get("Status"):
            raise Misconfigured(
                f"the bucket {self._name} keeps versions, which would outlive an erasure: "
                "set versions: true"
            )
        self._checked = True

    def _versions(self, place: Place) -> Iterator[dict[str, Any]]:
        by_key = itemgetter("Key")
        return chain.from_iterable(
            merge(page.get("Versions", ()), page.get("DeleteMarkers", ()), key=by_key)
            for page in self._pages("list_object_versions", place)
        )

    def _objects(self, place: Place) -> Iterator[dict[str, Any]]:
        pages = self._pages("list_objects_v2", place)
        return chain.from_iterable(page.get("Contents", ()) for page in pages)

    def _pages(self, operation: str, place: Place) -> Iterator[dict[str, Any]]:
        """Yield pages of a listing; one object's ends with the first page that is past it."""
        paginator = self._client.get_paginator(operation)
        for page in one_by_one(partial(paginator.paginate, Bucket=self._name, Prefix=place.key)):
            yield page
            listed = chain(page.get("Contents", ()), page.get("Versions", ()))
            if not place.is_folder and any(e["Key"] != place.key for e in listed):
                return


def _named(version: Version) -> dict[str, str]:
    key, version_id = version
    return {"Key": key} if version_id is None else {"Key": key, "VersionId": version_id}


def _stored(key: str, entries: list[dict[str, Any]]) -> Stored:
    """Put together what is listed under one key; delete markers have no size."""
    contents = [entry for entry in entries if "Size" in entry]
    latest = max(contents, key=lambda e: (e.get("IsLatest", True), e["LastModified"]), default=None)
    shown = latest or entries[0]
    return Stored(
        key=key,
        versions=tuple((key, entry.get("VersionId")) for entry in entries),
        newest=(key, latest.get("VersionId")) if latest else None,
        size=int(shown.get("Size", 0)),
        modified=shown["LastModified"],
        bytes=sum(int(entry["Size"]) for entry in contents),
    )
