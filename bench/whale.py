"""
One person with 1.9 million rows in PostgreSQL: ours beside one transaction written by hand.

Each run has a fresh copy of the database. What is timed of ours is the whole of the erasing
steps, as a worker does them: claim to settled, with register, journal, leases and fences.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

from bench.house import KEY, SEED
from bench.watching import Watch
from rights.domain.actions import Action
from rights.domain.kinds import Kind, Option
from rights.services import intake
from rights.settings import Settings
from rights.store.db import transaction
from rights.store.migrate import upgrade
from tests.proved import proved
from tests.servers import postgres
from workflows.advance import begin, settle
from workflows.building import floor_for, parts_for
from workflows.floor import Floor
from workflows.perform import perform

WHALE = 1
"""The person's number; one row in five is somebody else's, in between."""

_SCHEMA = (
    "CREATE TABLE users (id bigint PRIMARY KEY, email text)",
    (
        "CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint REFERENCES users, total int,"
        " note text)"
    ),
    (
        "CREATE TABLE items (id bigint PRIMARY KEY, order_id bigint REFERENCES orders, sku text,"
        " qty int)"
    ),
    (
        "CREATE TABLE events (id bigint PRIMARY KEY, user_id bigint REFERENCES users, ip text,"
        " agent text, payload text, at timestamptz DEFAULT now())"
    ),
)
_WHOSE = f"CASE WHEN n %% 5 = 0 THEN 2 + n %% 1000 ELSE {WHALE} END"
_FILL = (
    ("INSERT INTO users SELECT n, 'p' || n FROM generate_series(1, %s) n", "users"),
    (
        (
            f"INSERT INTO orders SELECT n, {_WHOSE}, n %% 90, 'note ' || n"
            " FROM generate_series(1, %s) n"
        ),
        "orders",
    ),
    (
        (
            "INSERT INTO items SELECT n, (n - 1) / 2 + 1, 'sku' || n %% 9999, n %% 9"
            " FROM generate_series(1, %s) n"
        ),
        "items",
    ),
    (
        (
            f"INSERT INTO events SELECT n, {_WHOSE}, '192.0.2.' || n %% 250, 'agent ' || n %% 50,"
            " repeat('x', 60) || n FROM generate_series(1, %s) n"
        ),
        "events",
    ),
)
_AFTER = (
    "CREATE INDEX ON orders (user_id)",
    "CREATE INDEX ON items (order_id)",
    "CREATE INDEX ON events (user_id)",
    "VACUUM ANALYZE",
)
MAP = """
version: 1
identifiers: {user_id: {kind: account}}
purposes:
- {name: service, title: {zh: 提供服务, en: the service}, basis: contract, necessary: true}
stores:
- name: shop
  connector: sql
  settings: {url: "${secret:SHOP_URL}"}
  owner: commerce
  role: controller
  classification: general
  location: {country: CN, region: cn-east-1}
  defaults: {basis: contract, purposes: [service], retention: none, source: provided}
  collections:
  - name: users
    identifies: {user_id: id}
    fields: [{name: email, category: contact}]
  - name: orders
    links: [{columns: [user_id], to: users, role: owner}]
    fields: [{name: note, category: orders}]
  - name: items
    links: [{columns: [order_id], to: orders, role: owner}]
    fields: [{name: sku, category: orders}]
  - name: events
    links: [{columns: [user_id], to: users, role: owner}]
    fields:
    - {name: ip, category: network}
    - {name: agent, category: device}
    - {name: payload, category: behaviour}
"""

DELETE = (
    "DELETE FROM items USING orders WHERE items.order_id = orders.id AND orders.user_id = %s",
    "DELETE FROM orders WHERE user_id = %s",
    "DELETE FROM events WHERE user_id = %s",
    "DELETE FROM users WHERE id = %s",
)
UPDATE = (
    (
        "UPDATE items SET sku = NULL, order_id = NULL FROM orders"
        " WHERE items.order_id = orders.id AND orders.user_id = %s"
    ),
    "UPDATE orders SET note = NULL, user_id = NULL WHERE user_id = %s",
    "UPDATE events SET ip = NULL, agent = NULL, payload = NULL, user_id = NULL WHERE user_id = %s",
    "UPDATE users SET email = NULL WHERE id = %s",
)


@dataclass(frozen=True, slots=True)
class Shape:
    """How many rows the person has in each table."""

    orders: int = 300_000
    items: int = 600_000
    events: int = 1_000_000


_NEARLY_TWO_MILLION = Shape()


@dataclass(slots=True)
class Run:
    """
    What one run took.

    Args:
        seconds: Of the effect.
        wal_mb: Write-ahead log of the server meanwhile.
        rows: How many rows the effect was on.
        longest_s: The longest transaction in the store.
        statements: Sent to the store.
        around_s: The rest of the request: identity, freezing, planning, reading back, answer.
    """

    seconds: float = 0.0
    wal_mb: float = 0.0
    rows: int = 0
    longest_s: float = 0.0
    statements: int = 0
    around_s: float = 0.0

    def line(self, name: str) -> str:
        """Return it for people."""
        return (
            f"  {name:12} {self.seconds:7.2f} s  {self.wal_mb:7.1f} MB WAL  {self.rows:>9} rows"
            f"  {self.statements:>4} statements  longest transaction {self.longest_s:.2f} s"
            f"  around it {self.around_s:.2f} s"
        )


class Sea:
    """A server with a filled database to copy."""

    def __init__(
        self, at: URL, stack: ExitStack, folder: Path, filled: Callable[[str], None]
    ) -> None:
        self._at, self._folder = at, folder
        self.register = self._made(stack)
        upgrade(self.register)
        self._template = self._made(stack)
        filled(plain(self._template))
        (folder / "map.yaml").write_text(MAP, encoding="utf-8")

    def _made(self, stack: ExitStack) -> str:
        url = postgres.create(self._at)
        stack.callback(postgres.drop, self._at, url)
        return url

    @contextmanager
    def copy(self) -> Iterator[str]:
        """A fresh copy, with everything written to disk before it is used."""
        url = postgres.create(self._at, template=make_url(self._template).database or "")
        try:
            with psycopg.connect(plain(url), autocommit=True) as connection:
                connection.execute("CHECKPOINT")
            yield url
        finally:
            postgres.drop(self._at, url)

    def by_hand(self, statements: tuple[str, ...]) -> Run:
        """One transaction, one statement for each table."""
        run = Run(statements=len(statements) + 1)
        with (
            self.copy() as url,
            psycopg.connect(plain(url)) as connection,
            self.measured(url, run),
        ):
            for statement in statements:
                run.rows += connection.execute(statement, (WHALE,)).rowcount
            connection.commit()
        run.longest_s = run.seconds
        return run

    def ours(self, option: Option | None = None) -> Run:
        """One request through the engine."""
        with self.copy() as url, self.floor(url) as floor:
            return request(floor, url, self, option)

    @contextmanager
    def floor(self, url: str) -> Iterator[Floor]:
        """A worker of this process."""
        settings = Settings(
            database_url=self.register,
            redis_url="redis://unused",
            blobs_url=(self._folder / "blobs").as_uri(),
            keys=KEY,
            signing_key=SEED,
            datamap=self._folder / "map.yaml",
        )
        parts = parts_for(settings)
        floor = floor_for(parts, worker="bench", environ={"RIGHTS_SECRET_SHOP_URL": url})
        floor = replace(floor, waited_for=lambda: False)  # as a worker finds an empty queue
        try:
            yield floor
        finally:
            floor.leases.stop()
            floor.close()

    @contextmanager
    def measured(self, url: str, run: Run) -> Iterator[None]:
        """Add the time and the WAL of the block to *run*."""
        with psycopg.connect(plain(url), autocommit=True) as connection:
            before, started = _wal(connection), time.perf_counter()
            try:
                yield
            finally:
                run.seconds += time.perf_counter() - started
                run.wal_mb += (_wal(connection) - before) / 1e6


@contextmanager
def sea(folder: Path, scale: float, shape: Shape = _NEARLY_TWO_MILLION) -> Iterator[Sea]:
    """A server and a filled database; *scale* makes it smaller."""
    with ExitStack() as stack:
        at = stack.enter_context(postgres.server(durable=True))
        yield Sea(at, stack, folder, lambda dsn: fill(dsn, scale, shape))


def fill(dsn: str, scale: float, shape: Shape) -> None:
    """Make and fill the tables; one row in five is somebody else's."""
    rows = {"users": 1001}
    rows |= {n: int(getattr(shape, n) * scale * 1.25) for n in ("orders", "items", "events")}
    made(dsn, [(statement, rows[name]) for statement, name in _FILL])


def made(dsn: str, filling: Sequence[tuple[str, int]]) -> None:
    """Make the tables, and fill each with so many rows."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statement in _SCHEMA:
            connection.execute(statement)
        for statement, count in filling:
            connection.execute(statement, (count,))
        for statement in _AFTER:
            connection.execute(statement)


def request(
    floor: Floor,
    url: str,
    at: Sea,
    option: Option | None = None,
) -> Run:
    """Run one deletion to its end; time its erasing steps apart from the rest."""
    run, watch = Run(), Watch(make_url(url).database or "")
    started = time.perf_counter()
    request_id = submit(floor, str(WHALE), option or Option.DELETE)
    with watch:
        for _ in range(10_000):
            claim = begin(floor, request_id)
            if claim is None:
                break
            while claim is not None:
                if claim.step is not None and claim.step.action is Action.ERASE:
                    with at.measured(url, run), watch.counting():
                        claim = settle(floor, claim, perform(floor, claim))
                else:
                    claim = settle(floor, claim, perform(floor, claim))
    run.around_s = time.perf_counter() - started - run.seconds
    run.longest_s, run.statements = watch.longest_s, watch.statements
    run.rows = affected(floor, request_id)
    return run


def affected(floor: Floor, request_id: str) -> int:
    """Return the rows that the register's journal names."""
    with floor.register.connect() as connection:
        asked = sa.text("SELECT SUM(affected) FROM journal WHERE request_id = :id")
        return int(connection.execute(asked, {"id": request_id}).scalar() or 0)


def submit(floor: Floor, person: str, option: Option = Option.DELETE) -> str:
    """Take in the deletion of a person whose account number is proved; return its id."""
    new = proved(floor.context.datamap, Kind.DELETION, person, option)
    with transaction(floor.register) as session:
        made, _ = intake.submit(session, floor.context, new, now=floor.now())
        return made.id


def plain(url: str) -> str:
    """Return *url* as psycopg takes it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _wal(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn").fetchone()
    return int(row[0]) if row else 0
