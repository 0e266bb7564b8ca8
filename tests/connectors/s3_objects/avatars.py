"""The collection, the people and the connector of these tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.s3_objects import S3Settings
from connectors.sdk import (
    Collection,
    KeySet,
    Link,
    MapField,
    Reach,
    Role,
    Standing,
    Target,
    Work,
)
from tests.servers.s3 import Bucket

BY_USER = Link(columns=("user_id",), role=Role.OWNER, identifier="user_id")
BY_ORDER = Link(columns=("order_id",), role=Role.OWNER, to="shop.orders")
REACH = Reach(("user_id",), "identifier:user_id", Role.OWNER, BY_USER)
FIELDS = tuple(
    MapField(name, "files", disclose=True)
    for name in ("key", "size", "last_modified", "content_type", "content")
)


def collection(template: str = "avatars/{user_id}/", **more: Any) -> Collection:
    given: dict[str, Any] = {"fields": FIELDS, "links": (BY_USER,), **more}
    return Collection("files", "avatars", settings={"template": template}, **given)


def of(
    *user_ids: str | None, where: Collection | None = None, standing: Standing = Standing.SOLE
) -> Target:
    keys = KeySet({"identifier:user_id": {standing: tuple((u,) for u in user_ids)}})
    return Target(where or collection(), keys, (REACH,))


def work(*, fence: int = 1, within_s: float = 60) -> Work:
    return Work("b" * 32, fence, 0, datetime.now(UTC) + timedelta(seconds=within_s))


def settings(s3: Bucket, **more: Any) -> S3Settings:
    given = {"endpoint": s3.endpoint, "region": s3.region, "bucket": s3.bucket}
    return S3Settings(**{**given, "access_key": s3.access_key, "secret_key": s3.secret_key, **more})


def keys(s3: Bucket, client: Any) -> list[str]:
    return [row["Key"] for row in client.list_objects_v2(Bucket=s3.bucket).get("Contents", ())]


def versioned(s3: Bucket, client: Any) -> None:
    client.put_bucket_versioning(Bucket=s3.bucket, VersioningConfiguration={"Status": "Enabled"})


def leftovers(s3: Bucket, client: Any, prefix: str) -> int:
    """The oracle: every version, delete marker and upload below *prefix*, counted plainly."""
    found = client.list_object_versions(Bucket=s3.bucket, Prefix=prefix)
    uploads = client.list_multipart_uploads(Bucket=s3.bucket, Prefix=prefix)
    return sum(
        len(part.get(name, ()))
        for part, name in ((found, "Versions"), (found, "DeleteMarkers"), (uploads, "Uploads"))
    )
