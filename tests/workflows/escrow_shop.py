"""The shop whose held orders go into escrow: a real database and a real bucket with object lock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.parts.escrow import Sealer, rows_of
from rights.services import escrow_keys
from rights.store.db import open_engine, reading
from rights.store.models import EscrowKey
from tests.servers.s3 import Bucket
from tests.workflows.held_shop import Shop, shop_at

MINIMAL = (
    "{period: 3y, from: created_at, basis: E-Commerce Law 31, rank: law, keep_fields: [total]}"
)


def settings(bucket: Bucket, mode: str = "governance") -> str:
    """Return what the store says of its bucket; who may open it is a secret."""
    return (
        f', escrow_bucket: {bucket.bucket}, escrow_endpoint: "{bucket.endpoint}"'
        f", escrow_mode: {mode}, escrow_prefix: keep/"
        ', escrow_access_key: "${secret:ESCROW_KEY}", escrow_secret_key: "${secret:ESCROW_SECRET}"'
    )


def escrow_shop(
    url: str,
    folder: Path,
    bucket: Bucket,
    monkeypatch: pytest.MonkeyPatch,
    *,
    mode: str = "governance",
    more: str = "",
    **rules: str,
) -> Shop:
    monkeypatch.setenv("RIGHTS_SECRET_SHOP_URL", url)
    monkeypatch.setenv("RIGHTS_SECRET_ESCROW_KEY", bucket.access_key)
    monkeypatch.setenv("RIGHTS_SECRET_ESCROW_SECRET", bucket.secret_key)
    given = {"restriction": "escrow", **rules}
    return shop_at(url, folder, settings=settings(bucket, mode) + more, **given)


def orders(shop: Shop) -> list[int]:
    return [row[0] for row in shop.rows("SELECT id FROM orders ORDER BY id")]


def stored(bucket: Bucket, prefix: str = "") -> list[dict[str, Any]]:
    """Return every version and delete marker there is, as the bucket lists them."""
    client = bucket.client()
    found: list[dict[str, Any]] = []
    for page in client.get_paginator("list_object_versions").paginate(
        Bucket=bucket.bucket, Prefix=prefix
    ):
        found += [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
    client.close()
    return found


def content(bucket: Bucket, one: dict[str, Any]) -> tuple[bytes, dict[str, Any]]:
    client = bucket.client()
    told = client.get_object(Bucket=bucket.bucket, Key=one["Key"], VersionId=one["VersionId"])
    body = told.pop("Body").read()
    client.close()
    return bytes(body), dict(told)


def key_of(shop: Shop, request_id: str) -> bytes:
    engine = open_engine(shop.settings.database_url)
    with reading(engine) as session:
        key = escrow_keys.of(session, shop.floor().context.vault, request_id)
    engine.dispose()
    return key


def in_escrow(shop: Shop, bucket: Bucket, request_id: str) -> list[dict[str, Any]]:
    """Return the rows in escrow, opened with the register's key, each once, by their ids."""
    sealer = Sealer.of(key_of(shop, request_id))
    found: dict[str, dict[str, Any]] = {}
    for one in stored(bucket):
        for row in rows_of(sealer.open(one["Key"], content(bucket, one)[0])):
            found[str(sorted(row.items()))] = row
    return sorted(found.values(), key=lambda row: (row.get("id", 0), row.get("order_id", 0)))


def locks(
    bucket: Bucket, found: Sequence[dict[str, Any]]
) -> list[tuple[str, datetime | None, str]]:
    """Return mode, end and flag of each object."""
    told = [content(bucket, one)[1] for one in found]
    return [
        (
            one.get("ObjectLockMode", ""),
            one.get("ObjectLockRetainUntilDate"),
            one.get("ObjectLockLegalHoldStatus", ""),
        )
        for one in told
    ]


def keys(shop: Shop) -> list[EscrowKey]:
    return shop.noted(EscrowKey)
