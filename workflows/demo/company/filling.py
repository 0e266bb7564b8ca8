"""Putting the company into its stores: all at once, in bulk, each in its own way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.config import Config
from sqlalchemy import MetaData, Table, create_engine

from workflows.demo.company import assistant, newsletter, shop_tables
from workflows.demo.company.files import Object, cabinet
from workflows.demo.company.people import Company
from workflows.demo.company.recommender import tables as recommender
from workflows.demo.company.shop import Shop

_UPLOADS_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True)
class Places:
    """
    Where the five stores are.

    Args:
        recommender: The file that its service opens once it is filled.
    """

    shop: str
    assistant: str
    newsletter: str
    recommender: Path
    files: Bucket

    @property
    def shop_file(self) -> Path:
        """The shop's database, which is a file in any demo."""
        return Path(self.shop.removeprefix("sqlite:///"))


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket and the keys to it."""

    endpoint: str
    name: str
    access_key: str
    secret_key: str
    region: str = "us-east-1"

    def client(self) -> Any:
        """Return a client for the server; not shared between threads before it is made."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            region_name=self.region,
            config=Config(
                signature_version="s3v4",
                max_pool_connections=_UPLOADS_AT_ONCE,
                retries={"max_attempts": 3},
                s3={"addressing_style": "path"},
            ),
        )


def lay_out(company: Company, shop: Shop, places: Places) -> None:
    """Make tables and bucket, and the recommender's file with everything in it."""
    for url, metadata in (
        (places.shop, shop_tables.METADATA),
        (places.assistant, assistant.METADATA),
        (places.newsletter, newsletter.METADATA),
    ):
        create(url, metadata)
    client = places.files.client()
    client.create_bucket(Bucket=places.files.name)
    client.close()
    recommender.fill(places.recommender, company, shop)


def fill(company: Company, shop: Shop, places: Places) -> None:
    """Put everything into stores that were laid out."""
    with ThreadPoolExecutor(max_workers=1) as beside:
        objects = beside.submit(put, places.files, list(cabinet(company, shop)))
        insert(places.shop, shop_tables.METADATA, shop.rows)
        insert(places.assistant, assistant.METADATA, assistant.talk(company))
        insert(places.newsletter, newsletter.METADATA, newsletter.subscribe(company))
        objects.result()


def create(url: str, metadata: MetaData) -> None:
    """Make the tables of *metadata*."""
    engine = create_engine(url, hide_parameters=True)
    try:
        if engine.dialect.name == "sqlite":
            with engine.connect() as connection:
                # Readers and the workers' writes do not wait for each other.
                connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        metadata.create_all(engine)
    finally:
        engine.dispose()


def insert(url: str, metadata: MetaData, rows: Mapping[Table, list[dict[str, Any]]]) -> None:
    """Insert *rows*, parents before children."""
    engine = create_engine(url, hide_parameters=True)
    try:
        with engine.begin() as connection:
            for table in metadata.sorted_tables:
                if rows[table]:
                    connection.execute(table.insert(), rows[table])
    finally:
        engine.dispose()


def put(bucket: Bucket, objects: Iterable[Object]) -> None:
    """Upload *objects*, several at a time."""
    client = bucket.client()

    def upload(one: Object) -> None:
        client.put_object(
            Bucket=bucket.name, Key=one.key, Body=one.body, ContentType=one.media_type
        )

    with ThreadPoolExecutor(max_workers=_UPLOADS_AT_ONCE) as pool:
        # Read to the end: an upload that failed raises here.
        for _ in pool.map(upload, objects):
            pass
    client.close()
