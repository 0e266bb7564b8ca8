"""
Blobs in a bucket. The only user of boto3 in this package; imported when a bucket is configured.

Uploads are multipart and our own: boto3's ``upload_fileobj`` cuts a stream silently when a
read comes back short.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from rights.domain.errors import ConfigError, Unavailable
from rights.failpoints import Point, hit
from rights.store.blobs import PIECE_BYTES, check_key, gone

PART_BYTES: Final = 8 * 1024 * 1024
_ABSENT: Final = frozenset({"404", "NoSuchKey", "NotFound"})
_EMPTY_RANGE: Final = frozenset({"416", "InvalidRange"})
_OPERATOR: Final = frozenset(
    {
        "403",
        "AccessDenied",
        "InvalidAccessKeyId",
        "NoSuchBucket",
        "PermanentRedirect",
        "SignatureDoesNotMatch",
    }
)


def open_client(
    *, endpoint: str = "", access_key: str = "", secret_key: str = "", region: str = ""
) -> Any:
    """Return a client. Path-style addresses when an endpoint is given: few others resolve."""
    return boto3.client(
        "s3",
        endpoint_url=endpoint or None,
        aws_access_key_id=access_key or None,
        aws_secret_access_key=secret_key or None,
        region_name=region or "us-east-1",
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path" if endpoint else "auto"},
            connect_timeout=5,
            read_timeout=60,
            retries={"max_attempts": 4, "mode": "standard"},
        ),
    )


class S3Blobs:
    """
    Blobs as objects of one bucket.

    Args:
        client: From :func:`open_client`; safe to share between threads, not across a fork.
        prefix: In front of every key, without slashes around it; empty for none.
    """

    def __init__(self, client: Any, bucket: str, *, prefix: str = "") -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = f"{check_key(prefix)}/" if prefix else ""

    def put(self, key: str, chunks: Iterable[bytes], *, lasting: bool = True) -> int:
        """Upload; an error on the way leaves neither an object nor loose parts."""
        del lasting  # A store of objects answers when it has them.
        name = self._name(key)
        with translated():
            parts = _parts(chunks)
            first = next(parts, b"")
            second = next(parts, None)
            if second is None:
                hit(Point.PUBLISH_BEFORE)
                self._client.put_object(Bucket=self._bucket, Key=name, Body=first)
                hit(Point.PUBLISH_AFTER)
                return len(first)
            return self._multipart(name, _chain(first, second, parts))

    def read(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Read a range in pieces of at most 1 MiB."""
        if length is not None and length <= 0:
            return
        until = "" if length is None else str(start + length - 1)
        with translated():
            try:
                found = self._client.get_object(
                    Bucket=self._bucket, Key=self._name(key), Range=f"bytes={start}-{until}"
                )
            except ClientError as error:
                if code_of(error) in _EMPTY_RANGE:
                    return
                raise
            with found["Body"] as body:
                while piece := body.read(PIECE_BYTES):
                    yield piece

    def size(self, key: str) -> int:
        """Ask for the object's head."""
        with translated():
            found = self._client.head_object(Bucket=self._bucket, Key=self._name(key))
            return int(found["ContentLength"])

    def delete(self, key: str) -> None:
        """Remove the object with its older versions and delete markers."""
        name = self._name(key)
        with translated():
            self._remove(v for v in self._versions(name) if v["Key"] == name)

    def delete_prefix(self, prefix: str) -> int:
        """Remove every object below the prefix, in all versions."""
        with translated():
            return self._remove(self._versions(f"{self._name(prefix)}/"))

    def drop_unfinished(self, older_than: timedelta) -> int:
        """Abort uploads that were begun so long ago: the longest takes minutes."""
        before, count = datetime.now(UTC) - older_than, 0
        with translated():
            pages = self._client.get_paginator("list_multipart_uploads")
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix):
                for upload in page.get("Uploads", ()):
                    if upload["Initiated"] <= before:
                        name, number = upload["Key"], upload["UploadId"]
                        self._abort({"Bucket": self._bucket, "Key": name, "UploadId": number})
                        count += 1
        return count

    def list(self, prefix: str = "") -> Iterator[str]:
        """List current objects."""
        below = f"{self._name(prefix)}/" if prefix else self._prefix
        with translated():
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._bucket, Prefix=below):
                for found in page.get("Contents", ()):
                    yield found["Key"].removeprefix(self._prefix)

    def reach(self) -> None:
        """
        Ask for an object that is not there.

        "There is none" and "not yours to know" are answers of a store that works: who may not list
        a bucket is told the second.
        """
        with translated():
            try:
                self._client.get_object(Bucket=self._bucket, Key=self._name("readiness"))
            except ClientError as error:
                if code_of(error) not in {*_ABSENT, "AccessDenied"}:
                    raise

    def _name(self, key: str) -> str:
        return self._prefix + check_key(key)

    def _multipart(self, name: str, parts: Iterable[bytes]) -> int:
        upload = self._client.create_multipart_upload(Bucket=self._bucket, Key=name)["UploadId"]
        at = {"Bucket": self._bucket, "Key": name, "UploadId": upload}
        done: list[dict[str, Any]] = []
        size = 0
        published = False
        try:
            for number, part in enumerate(parts, start=1):
                tag = self._client.upload_part(**at, PartNumber=number, Body=part)["ETag"]
                done.append({"PartNumber": number, "ETag": tag})
                size += len(part)
            hit(Point.PUBLISH_BEFORE)
            self._client.complete_multipart_upload(**at, MultipartUpload={"Parts": done})
            published = True
            hit(Point.PUBLISH_AFTER)
        finally:
            if not published:
                self._abort(at)
        return size

    def _abort(self, at: dict[str, str]) -> None:
        try:
            self._client.abort_multipart_upload(**at)
        except (ClientError, BotoCoreError):
            # The error that brought us here says what happened; the bucket's lifecycle rule
            # removes parts that nobody could abort.
            return

    def _versions(self, prefix: str) -> Iterator[dict[str, str]]:
        pages = self._client.get_paginator("list_object_versions")
        for page in pages.paginate(Bucket=self._bucket, Prefix=prefix):
            for found in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                yield {"Key": found["Key"], "VersionId": found["VersionId"]}

    def _remove(self, versions: Iterable[dict[str, str]]) -> int:
        """Delete one by one: bulk deletion needs a checksum that not every store accepts."""
        keys = set()
        for version in list(versions):
            self._client.delete_object(Bucket=self._bucket, **version)
            keys.add(version["Key"])
        return len(keys)


def _parts(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """
    Join a stream into parts of 8 MiB, 8 MiB larger after each thousand.

    A store takes 10,000 parts at most; so many of them hold 430 GiB.
    """
    held = bytearray()
    size = PART_BYTES
    number = 0
    for chunk in chunks:
        held += chunk
        while len(held) >= size:
            yield bytes(held[:size])
            del held[:size]
            number += 1
            if number % 1000 == 0:
                size += PART_BYTES
    if held or number == 0:
        yield bytes(held)


def _chain(first: bytes, second: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield second
    yield from rest


def code_of(error: ClientError) -> str:
    """Return the code a store refused with, or its HTTP status."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def translated() -> Iterator[None]:
    """Turn the client's errors into ours, by what happens next."""
    try:
        yield
    except ClientError as error:
        code = code_of(error)
        if code in _ABSENT:
            raise gone() from None
        if code in _OPERATOR:
            raise ConfigError(
                f"the blob store refuses us ({code}): check bucket, credentials and endpoint"
            ) from None
        raise Unavailable(f"the blob store answered {code or 'an error'}: try later") from None
    except BotoCoreError as error:
        raise Unavailable(
            f"the blob store does not answer ({type(error).__name__}): try later"
        ) from None
