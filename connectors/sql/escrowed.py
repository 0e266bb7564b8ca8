"""
What is in escrow for one request: judged, read, and let go when its holds are over.

Objects go before the rows that say where they are, and those say first that they are going: a
worker that breaks off is followed by one that knows what was meant, and counts it once.

Source: NDSR 24.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connectors.parts.deadlines import on_time
from connectors.parts.digest import RowDigest
from connectors.parts.escrow import Kept, Sealer, digest, rows_of
from connectors.parts.fates import moment
from connectors.parts.frozen import Frozen, Holds
from connectors.parts.retention import ends
from connectors.sdk import Collection, Found, KeySet, Receipt, Refused, Standing, Target, Work
from connectors.sql.effects import Effects
from connectors.sql.engines import Engines, SqlSettings
from connectors.sql.escrowing import Escrow, Putter, escrow_table
from connectors.sql.reflection import Schema
from connectors.sql.sealing import Held, ground, there

YOUNG: Final = timedelta(days=1)
"""An object that nothing refers to may still be on its way in, for so long."""

_PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """Where rows are: one object."""

    id: int
    name: str
    version: str
    digest: str
    rows: int
    until: datetime | None
    doomed: bool

    @property
    def place(self) -> tuple[str, str]:
        """Name and version."""
        return self.name, self.version


class Escrowed:
    """Acts on what is in escrow, for one request at a time."""

    def __init__(
        self,
        engines: Engines,
        schema: Schema,
        effects: Effects,
        settings: SqlSettings,
        escrow: Escrow,
    ) -> None:
        self._engines, self._schema, self._effects = engines, schema, effects
        self._default, self._escrow = settings.schema or None, escrow

    def collect(self, target: Target) -> Iterator[dict[str, Any]]:
        """Yield what is kept of each row, whatever is disclosed: for a reading under a ticket."""
        for entry in self._entries(target.collection):
            if not entry.doomed:
                yield from self._bodies(target.collection, entry)

    def freeze(
        self, collection: Collection, parents: KeySet, asked: tuple[tuple[str, ...], ...]
    ) -> KeySet:
        """
        Return the keys of the rows in escrow; those still held are told apart.

        Rows that share a dated lock go together: each counts from the last of them.
        """
        holds = Holds(collection, parents, datetime.now(UTC))
        frozen = Frozen(collection, self._schema.key(collection), asked, holds)
        for entry in self._live(collection):
            bodies = self._bodies(collection, entry)
            for body in _dated(collection, bodies) if entry.until else bodies:
                frozen.add(body, Standing.SOLE)
        return frozen.keys()

    def hold(self, target: Target, work: Work) -> Receipt:
        """Keep every object until its flag is taken off again, whatever its lock says."""
        for entry in self._live(target.collection):
            on_time(work)
            self._escrow.bucket.hold(_kept(entry), on=True)
        return Receipt()

    def erase(self, target: Target, work: Work) -> Receipt:
        """
        Delete what no hold keeps any more, with every version of it.

        Raises:
            Transient: a lock has not quite ended.
            Refused: a lock outlasts the hold, or an object is not there or does not open.
        """
        kept = self._doom(target, work)
        self._sweep(target.collection, work)
        because = ground(target.collection) if kept else ""

        def act(connection: Connection) -> Receipt:
            going = [e for e in self._read(connection, target.collection) if e.doomed]
            marks = RowDigest(work.step_id)
            table = self._table(target.collection)
            for entry in going:
                marks.add((entry.id,))
                connection.execute(sa.delete(table).where(table.c.id == entry.id))
            gone = sum(entry.rows for entry in going)
            return Receipt(gone, retained=kept, because=because, digest=marks.hex())

        return self._effects.once(target, work, act)

    def verify(self, target: Target, work: Work) -> Found:
        """Count the rows that should be gone, objects left behind too; and those still held."""
        collection = target.collection
        holds = Holds(collection, target.keys, moment(work))
        left = held = 0
        live: set[tuple[str, str]] = set()
        for entry in self._entries(collection):
            if entry.doomed:
                left += entry.rows
                continue
            live.add(entry.place)
            kept = sum(map(holds.keeps, self._bodies(collection, entry)))
            kept = entry.rows if kept and entry.until else kept
            held, left = held + kept, left + entry.rows - kept
        bucket = self._escrow.bucket
        lost = [one for one in self._unknown(collection, live, work) if not bucket.locked(one)]
        return Found(rows=left + len(lost), restricted=held)

    def count(self, collection: Collection) -> int:
        """
        Return how many rows are in escrow, as the bucket lists them now.

        Raises:
            Refused: an object is missing.
        """
        mine = {entry.place: entry.rows for entry in self._live(collection)}
        rows = sum(mine.values())
        for one in self._escrow.bucket.kept(self._folder(collection)) if mine else ():
            mine.pop((one.name, one.version), None)
        if mine:
            raise _missing(collection)
        return rows

    # -- letting go ------------------------------------------------------------------------

    def _doom(self, target: Target, work: Work) -> int:
        """Say which objects are going; return how many rows stay."""
        collection = target.collection
        holds = Holds(collection, target.keys, moment(work))
        stay = 0
        for entry in list(self._live(collection)):
            on_time(work)
            bodies = self._bodies(collection, entry)
            kept = [body for body in bodies if holds.keeps(body)]
            if not kept:
                self._mark(collection, entry, entry.rows, ())
            elif entry.until or len(kept) == len(bodies):
                stay += len(bodies)
            else:
                again = self._putter(collection).all(collection, [_held(b) for b in kept])
                self._mark(collection, entry, entry.rows - len(kept), again)
                stay += len(kept)
        return stay

    def _mark(
        self, collection: Collection, entry: Entry, going: int, again: Sequence[dict[str, Any]]
    ) -> None:
        """Say that an object is going; what stays of it is written down where it is now."""
        table, ruling = self._table(collection), collection.ruling
        about = {
            "holder": ruling.holder if ruling else "",
            "collection": collection.path,
            "basis": ground(collection)[:400],
            "put_at": datetime.now(UTC).replace(tzinfo=None),
        }
        change = sa.update(table).where(table.c.id == entry.id, table.c.doomed.is_(False))
        with self._engines.acting.begin() as connection:
            marked = connection.execute(change.values(doomed=True, row_count=going)).rowcount
            if marked and again:
                connection.execute(sa.insert(table), [{**about, **one} for one in again])

    def _sweep(self, collection: Collection, work: Work) -> None:
        """Delete what is going, and what a try that broke off has left behind."""
        bucket, live = self._escrow.bucket, set[tuple[str, str]]()
        for entry in self._entries(collection):
            on_time(work)
            if entry.doomed:
                bucket.drop(_kept(entry))
            else:
                live.add(entry.place)
        for one in self._unknown(collection, live, work):
            on_time(work)
            if not bucket.locked(one):
                bucket.drop(one)

    def _unknown(
        self, collection: Collection, live: set[tuple[str, str]], work: Work
    ) -> Iterator[Kept]:
        """Yield versions that nothing refers to and that are not on their way in."""
        folder = self._folder(collection)
        for one in self._escrow.bucket.kept(folder) if folder else ():
            if (one.name, one.version) not in live and moment(work) - one.at > YOUNG:
                yield one

    # -- what there is ---------------------------------------------------------------------

    def _bodies(self, collection: Collection, entry: Entry) -> list[dict[str, Any]]:
        sealed = self._escrow.bucket.get(entry.name, entry.version)
        if sealed is None:
            raise _missing(collection)
        if digest(sealed) != entry.digest:
            raise Refused(f"{collection.path}: an object in escrow was changed")
        return rows_of(self._sealer(collection).open(entry.name, sealed))

    def _sealer(self, collection: Collection) -> Sealer:
        return Sealer.of(collection.ruling.key if collection.ruling else b"")

    def _putter(self, collection: Collection) -> Putter:
        bucket = self._escrow.bucket
        return Putter(bucket, self._sealer(collection), self._folder(collection))

    def _folder(self, collection: Collection) -> str:
        ruling = collection.ruling
        holder = ruling.holder if ruling else ""
        return self._escrow.bucket.folder(holder, collection.path) if holder else ""

    def _table(self, collection: Collection) -> sa.Table:
        return escrow_table(collection.settings.get("schema", self._default))

    def _live(self, collection: Collection) -> Iterator[Entry]:
        return (entry for entry in self._entries(collection) if not entry.doomed)

    def _entries(self, collection: Collection) -> Iterator[Entry]:
        """Yield them in pages, no connection being kept while the bucket is asked."""
        last = 0
        while True:
            with self._engines.reading.connect() as connection:
                page = self._read(connection, collection, after=last, limit=_PAGE)
            yield from page
            if len(page) < _PAGE:
                return
            last = page[-1].id

    def _read(
        self, connection: Connection, collection: Collection, after: int = 0, limit: int = 0
    ) -> list[Entry]:
        table, ruling = self._table(collection), collection.ruling
        if ruling is None or not ruling.holder or not there(connection, table):
            return []
        c = table.c
        names = (c.id, c.object, c.version, c.digest, c.row_count, c.until, c.doomed)
        query = (
            sa.select(*names)
            .where(c.holder == ruling.holder, c.collection == collection.path, c.id > after)
            .order_by(c.id)
        )
        found = connection.execute(query.limit(limit) if limit else query)
        return [Entry(*row) for row in found]


def _missing(collection: Collection) -> Refused:
    return Refused(f"{collection.path}: an object in escrow is missing from the bucket")


def _kept(entry: Entry) -> Kept:
    return Kept(entry.name, entry.version, datetime.min.replace(tzinfo=UTC))


def _held(body: dict[str, Any]) -> Held:
    return Held(str(sorted(body.items())), body)


def _dated(collection: Collection, bodies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows that go together, each with the latest of the values they count from."""
    name = collection.retention.from_ if collection.retention else ""
    known = [(end, body[name]) for body in bodies if (end := ends(collection, body.get(name)))]
    if not known:
        return bodies
    _, last = max(known)
    return [{**body, name: last} for body in bodies]
