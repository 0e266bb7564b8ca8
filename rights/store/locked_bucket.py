"""
A bucket with object lock: what was put there can be neither changed nor removed for its time.

Imported only where one is set, as boto3 costs 30 MB.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from botocore.exceptions import ClientError

from rights.domain.errors import ConfigError
from rights.store.blobs import check_key
from rights.store.s3_blobs import code_of, open_client, translated

MOST_BYTES: Final = 64 * 1024
"""What is kept is some hundred bytes; somebody else's object is not read further than this."""

_THERE: Final = frozenset({"412", "PreconditionFailed"})
_NO_LOCK: Final = frozenset({"InvalidRequest", "ObjectLockConfigurationNotFoundError"})


@dataclass(frozen=True, slots=True)
class Version:
    """
    One version of one object.

    Args:
        hides: It is a delete marker: it removes nothing, and hides what is below it.
        newest: Who asks for the object without a version is given this one.
    """

    name: str
    number: str
    hides: bool
    newest: bool


@dataclass(frozen=True, slots=True)
class Kept:
    """
    What lies there.

    Args:
        mode: ``COMPLIANCE`` or ``GOVERNANCE``; empty where it is not locked.
        until: Nobody can remove it before; None where it is not locked.
    """

    body: bytes
    mode: str
    until: datetime | None


class LockedBucket:
    """
    Objects of one bucket below one prefix.

    Args:
        client: From ``rights.store.s3_blobs``.
        mode: How new objects are locked.
    """

    def __init__(self, client: Any, bucket: str, *, prefix: str = "", mode: str) -> None:
        self._client, self._bucket, self.mode = client, bucket, mode
        self._prefix = f"{check_key(prefix)}/" if prefix else ""

    def put(self, name: str, body: bytes, *, until: datetime) -> None:
        """
        Put an object that nobody can remove before *until*; one that is there stays as it is.

        Raises:
            ConfigError: the bucket has no object lock, or refuses us.
            Unavailable: it does not answer.
        """
        sums = base64.b64encode(hashlib.sha256(body).digest()).decode()
        with translated():
            try:
                self._client.put_object(
                    Bucket=self._bucket,
                    Key=self._prefix + check_key(name),
                    Body=body,
                    ContentType="application/json",
                    IfNoneMatch="*",
                    ChecksumSHA256=sums,
                    ObjectLockMode=self.mode,
                    ObjectLockRetainUntilDate=until,
                )
            except ClientError as error:
                if code_of(error) in _NO_LOCK:
                    raise ConfigError(
                        "the bucket of RIGHTS_CHECKPOINTS_URL has no object lock: it can only be"
                        " switched on with versioning; name one that has it"
                    ) from None
                if code_of(error) not in _THERE:
                    raise

    def read(self, name: str, version: str = "") -> Kept:
        """Return what lies under a name, its newest version unless told. Raises NotFound."""
        which = {"VersionId": version} if version else {}
        with translated():
            found = self._client.get_object(
                Bucket=self._bucket, Key=self._prefix + check_key(name), **which
            )
            with found["Body"] as body:
                read = body.read(MOST_BYTES + 1)
        mode, until = found.get("ObjectLockMode", ""), found.get("ObjectLockRetainUntilDate")
        return Kept(read, mode, until)

    def versions(self) -> Iterator[Version]:
        """List every version of everything, what is hidden too; in no order."""
        with translated():
            pages = self._client.get_paginator("list_object_versions")
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix):
                for kind in ("Versions", "DeleteMarkers"):
                    for one in page.get(kind, ()):
                        name = one["Key"].removeprefix(self._prefix)
                        hides = kind == "DeleteMarkers"
                        yield Version(name, one["VersionId"], hides, bool(one["IsLatest"]))


def open_locked(
    url: str, *, access_key: str, secret_key: str, region: str, mode: str
) -> LockedBucket:
    """
    Open ``s3://bucket/prefix?endpoint=…``. Nothing is contacted yet.

    Raises:
        ConfigError: it is no such address.
    """
    parts = urlsplit(url)
    if parts.scheme != "s3" or not parts.netloc:
        raise ConfigError("RIGHTS_CHECKPOINTS_URL: write s3://<bucket>/<prefix>?endpoint=<url>")
    endpoint = parse_qs(parts.query).get("endpoint", [""])[0]
    client = open_client(
        endpoint=endpoint, access_key=access_key, secret_key=secret_key, region=region
    )
    return LockedBucket(client, parts.netloc, prefix=parts.path.strip("/"), mode=mode)
