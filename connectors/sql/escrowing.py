"""
Rows that must be kept, put into a bucket: encrypted, locked until their holds end.

They leave their table in the transaction that writes down where they are, and only after the
bucket has given back what was put there. A try that breaks off leaves objects that nobody
refers to, and rows where they were.

Source: NDSR 24.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connectors.parts.escrow import Lock, Sealer, digest, lines
from connectors.parts.retention import binds, ends
from connectors.sdk import Collection, Erasure, Misconfigured
from connectors.sql.engines import SqlSettings
from connectors.sql.reflection import ESCROWED
from connectors.sql.sealing import HOLDER, NOW, Held, Put, ensured, ground

if TYPE_CHECKING:
    from connectors.parts.escrow_bucket import EscrowBucket

KEY: Final = "rights_escrow_key"
"""The parameter that takes the request's key."""

REPEATED: Final = "rights_repeated"
"""The parameter that says whether a try before this one may have put something there."""

_AT_ONCE: Final = 8
_PAGE: Final = 2_000
"""Rows that may share an object: it is the calls that take time."""

_BYTES: Final = 4 * 2**20
"""About how much an object may hold; a row that is larger has one of its own."""


class Escrow:
    """The bucket of one store, opened when it is first needed."""

    def __init__(self, settings: SqlSettings) -> None:
        self._settings = settings
        self._made: EscrowBucket | None = None

    @property
    def bucket(self) -> EscrowBucket:
        """The bucket. Raises Misconfigured where the store names none."""
        if self._made is None:
            self._made = _bucket(self._settings)
        return self._made

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        if self._made is not None:
            self._made.close()


def _bucket(settings: SqlSettings) -> EscrowBucket:
    if not settings.escrow_bucket:
        raise Misconfigured(
            "the store names no bucket: give it escrow_bucket, made with object lock"
        )
    from connectors.parts.escrow_bucket import (  # noqa: PLC0415 - boto is heavy: only where it is used
        EscrowBucket,
        EscrowSettings,
    )

    return EscrowBucket(
        EscrowSettings(
            bucket=settings.escrow_bucket,
            prefix=settings.escrow_prefix,
            mode=settings.escrow_mode,
            endpoint=settings.escrow_endpoint,
            region=settings.escrow_region,
            access_key=settings.escrow_access_key,
            secret_key=settings.escrow_secret_key,
            path_style=settings.escrow_path_style,
        )
    )


def escrow_table(schema: str | None) -> sa.Table:
    """
    Return our table: which objects hold the rows of which request. Nothing of a row is in it.

    ``until`` is the end of an object's lock, empty where only the flag keeps it; ``doomed``: its
    hold is over, and it is being deleted.
    """
    return sa.Table(
        ESCROWED,
        sa.MetaData(schema=schema),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("collection", sa.String(160), nullable=False),
        sa.Column("object", sa.String(700), nullable=False),
        sa.Column("version", sa.String(200), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("until", sa.DateTime()),
        sa.Column("doomed", sa.Boolean(), nullable=False),
        sa.Column("basis", sa.String(400)),
        sa.Column("put_at", sa.DateTime()),
        sa.Index("ix_rights_escrow_holder", "holder", "collection"),
    )


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that share an object: their holds end on one day, with one row, or nobody knows when."""

    rows: tuple[Held, ...]
    end: datetime | None


@dataclass(frozen=True, slots=True)
class InEscrow:
    """A bucket as the place of held rows."""

    escrow: Escrow
    collection: Collection
    schema: str | None
    page: int = _PAGE

    def opened(self, connection: Connection, parameters: Mapping[str, Any]) -> Put:
        """
        Return what puts rows there and writes down where they are.

        Raises:
            Misconfigured: there is no bucket with object lock, or no key.
        """
        bucket = self.escrow.bucket
        bucket.ready()
        putter = Putter(
            bucket,
            Sealer.of(parameters[KEY]),
            bucket.folder(parameters[HOLDER], self.collection.path),
            repeated=parameters[REPEATED],
        )
        table = escrow_table(self.schema)
        ensured(connection, table)
        about = self._about(parameters[HOLDER], parameters[NOW])

        def put(rows: Sequence[Held]) -> None:
            found = putter.all(self.collection, rows)
            connection.execute(sa.insert(table), [{**about, **one} for one in found])

        return put

    def _about(self, holder: str, now: datetime) -> dict[str, Any]:
        collection = self.collection
        basis = ground(collection)[:400]
        return {"holder": holder, "collection": collection.path, "basis": basis, "put_at": now}


@dataclass(frozen=True, slots=True)
class Putter:
    """Puts rows of one request and collection into the bucket."""

    bucket: EscrowBucket
    sealer: Sealer
    folder: str
    repeated: bool = False

    def all(self, collection: Collection, rows: Sequence[Held]) -> list[dict[str, Any]]:
        """Return what is to be written down of *rows*, once the bucket has given all of it back."""
        placed = collection.ruling is not None and collection.ruling.placed
        some = list(batches(collection, rows))
        if len(some) == 1:
            return [self._one(some[0], placed=placed)]
        with ThreadPoolExecutor(min(_AT_ONCE, len(some) or 1)) as pool:
            return list(pool.map(lambda batch: self._one(batch, placed=placed), some))

    def _one(self, batch: Batch, *, placed: bool) -> dict[str, Any]:
        plain = lines(row.body for row in batch.rows)
        name = self.sealer.name(self.folder, plain)
        lock = Lock.of(batch.end, placed=placed, now=datetime.now(UTC))
        version, sealed = self._again(name, plain, lock) or ("", b"")
        if not version:
            sealed = self.sealer.seal(name, plain)
            version = self.bucket.put(name, sealed, lock)
        return {
            "object": name,
            "version": version,
            "digest": digest(sealed),
            "row_count": len(batch.rows),
            "until": lock.until.replace(tzinfo=None) if lock.until else None,
            "doomed": False,
        }

    def _again(self, name: str, plain: bytes, lock: Lock) -> tuple[str, bytes] | None:
        found = self.bucket.again(name, lock) if self.repeated else None
        return found if found and self.sealer.open(name, found[1]) == plain else None


def batches(collection: Collection, rows: Sequence[Held]) -> Iterator[Batch]:
    """Yield *rows* by when their holds end, so that an object goes as a whole."""
    alike: dict[Hashable, list[tuple[Held, datetime | None]]] = {}
    for row in sorted(rows, key=lambda row: row.key):
        end = _end(collection, row.body)
        alike.setdefault(_group(collection, row.body, end), []).append((row, end))
    for found in alike.values():
        yield from _cut(found)


def _end(collection: Collection, body: Mapping[str, Any]) -> datetime | None:
    """Return when the hold of one row is over, where its own rule says so."""
    rule = collection.retention
    if rule is None or not rule.from_ or collection.erasure is Erasure.KEEP:
        return None
    return ends(collection, body.get(rule.from_)) if binds(collection) else None


def _group(collection: Collection, body: Mapping[str, Any], end: datetime | None) -> Hashable:
    if end is not None:
        return end.date()
    followed = (name for link in collection.follows for name in link.columns)
    return tuple(body.get(name) for name in followed)


def _cut(found: Sequence[tuple[Held, datetime | None]]) -> Iterator[Batch]:
    some: list[Held] = []
    size, last = 0, None
    for row, end in found:
        more = len(lines([row.body]))
        if some and size + more > _BYTES:
            yield Batch(tuple(some), last)
            some, size, last = [], 0, None
        some.append(row)
        size += more
        last = max(last, end) if last and end else end
    yield Batch(tuple(some), last)
