"""A connector to the test's own bucket, and files in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.s3_objects import S3Objects
from tests.connectors.s3_objects.avatars import (
    settings,
)
from tests.servers.s3 import Bucket


@pytest.fixture
def client(s3: Bucket) -> Iterator[Any]:
    client = s3.client()
    yield client
    for upload in client.list_multipart_uploads(Bucket=s3.bucket).get("Uploads", ()):
        client.abort_multipart_upload(
            Bucket=s3.bucket, Key=upload["Key"], UploadId=upload["UploadId"]
        )
    client.close()


@pytest.fixture
def connector(s3: Bucket) -> Iterator[S3Objects]:
    connector = S3Objects(settings(s3))
    yield connector
    connector.close_connections()


@pytest.fixture
def files(s3: Bucket, client: Any) -> None:
    """Two files of ann's, and one each of people whose ids begin like hers."""
    for key in ("avatars/ann/a.png", "avatars/ann/old/b.png", "avatars/anna/a.png", "avatars/ann"):
        client.put_object(Bucket=s3.bucket, Key=key, Body=key.encode(), ContentType="image/png")
