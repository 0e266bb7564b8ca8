"""S3 for tests: a server given or started, and a bucket for each test."""

from __future__ import annotations

import os
import random
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.servers.missing import missing
from workflows.embedded import s3 as embedded
from workflows.embedded.process import StartFailed

_ENVIRONMENT = "RIGHTS_TEST_S3_URL"


@dataclass(frozen=True)
class Bucket:
    """One bucket of a real server, and all that is needed to open it."""

    endpoint: str
    access_key: str
    secret_key: str
    region: str
    bucket: str

    def client(self) -> Any:
        """Return a new boto3 client for the server."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            region_name=self.region,
            config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
        )


@contextmanager
def server() -> Iterator[Bucket]:
    """
    Yield the server; its ``bucket`` is empty text.

    The address given in the environment has the form
    ``http://ACCESS_KEY:SECRET_KEY@HOST:PORT?region=REGION``.
    """
    given = os.environ.get(_ENVIRONMENT)
    if given:
        parts = urlsplit(given)
        region = parse_qs(parts.query).get("region", ["us-east-1"])[0]
        endpoint = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        keys = (unquote(parts.username or ""), unquote(parts.password or ""))
        yield Bucket(endpoint, *keys, region, "")
        return
    try:
        started = embedded.start(random.Random())
    except StartFailed:
        missing("an S3 server", f"name one in {_ENVIRONMENT}, its program does not start here")
    try:
        keys = (started.access_key, started.secret_key)
        yield Bucket(started.endpoint, *keys, started.region, "")
    finally:
        started.stop()


@contextmanager
def fresh_bucket(at: Bucket, *, locks: bool = False) -> Iterator[Bucket]:
    """
    Yield a new bucket; afterwards remove it with every version of everything in it.

    Args:
        locks: It has object lock, and with it versions. What is locked then outlives the test.
    """
    name = f"rights-test-{secrets.token_hex(6)}"
    client = at.client()
    client.create_bucket(Bucket=name, **({"ObjectLockEnabledForBucket": True} if locks else {}))
    try:
        yield Bucket(at.endpoint, at.access_key, at.secret_key, at.region, name)
    finally:
        if _empty(client, name, locks=locks):
            client.delete_bucket(Bucket=name)
        client.close()


def _empty(client: Any, bucket: str, *, locks: bool) -> bool:
    """Delete everything; return whether everything could be."""
    gone = True
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for row in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
            one = {"Bucket": bucket, "Key": row["Key"], "VersionId": row["VersionId"]}
            try:
                if locks and "Size" in row:
                    client.put_object_legal_hold(**one, LegalHold={"Status": "OFF"})
                bypass = {"BypassGovernanceRetention": True} if locks else {}
                client.delete_object(**one, **bypass)
            except ClientError:
                if not locks:
                    raise
                gone = False
    return gone
