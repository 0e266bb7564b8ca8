"""Effects: one transaction with its fence and its journal row, and plain assignments."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.engine import Connection

from connectors.parts.deadlines import on_time
from connectors.sdk import Change, Receipt, Refused, Target, Work
from connectors.sql.engines import Engines
from connectors.sql.facts import column
from connectors.sql.journal import Journal
from connectors.sql.keysets import Condition, Octets, load
from connectors.sql.plans import Plans, Prepared
from connectors.sql.predicates import NEVER, Rows
from connectors.sql.reflection import Schema
from connectors.sql.values import NO_FIT, coerce, fitting
from rights.failpoints import Point, hit

_FOREIGN_KEY = "FOREIGN KEY constraint failed"
"""All that SQLite says when rows of another table refer to one that should go."""


class Effects:
    """Makes an effect happen once."""

    def __init__(self, engines: Engines, schema: Schema, plans: Plans, journal: Journal) -> None:
        self._engines = engines
        self._schema = schema
        self._plans = plans
        self._journal = journal
        self._shared: Transaction | None = None

    def once(self, target: Target, work: Work, act: Callable[[Connection], Receipt]) -> Receipt:
        """
        Do *act* in a transaction, unless this chunk was done before.

        Raises:
            Fenced: a newer worker has the step; nothing was changed.
            Refused: a foreign key of rows nobody declared stands in the way.
        """
        on_time(work)

        def do() -> Receipt:
            if self._shared:
                return self._shared.do(work, act)
            with self._transaction(work, [work.chunk]) as alone:
                return alone.do(work, act)

        return self.naming(target, do)

    def naming(self, target: Target, do: Callable[[], Receipt]) -> Receipt:
        """
        Do something whose failure names the tables that stand in its way.

        Raises:
            Refused: a foreign key of rows nobody declared.
        """
        try:
            return do()
        except exc.IntegrityError as error:
            if _FOREIGN_KEY not in str(error.orig):  # elsewhere the driver names the table
                raise
        raise self._referred_to(target)

    @property
    def shared(self) -> bool:
        """Return whether effects share a transaction now."""
        return self._shared is not None

    @contextlib.contextmanager
    def together(
        self, work: Work, chunks: Iterable[int], *, deferred: bool = False
    ) -> Iterator[None]:
        """
        Let every effect inside share one transaction: all of them happen, or none.

        Args:
            deferred: Foreign keys that can wait are checked when it ends. They are never off.
        """
        on_time(work)
        with self._transaction(work, chunks) as shared:
            if deferred:
                shared.defer()
            self._shared = shared
            try:
                yield
            finally:
                self._shared = None

    @contextlib.contextmanager
    def _transaction(self, work: Work, chunks: Iterable[int]) -> Iterator[Transaction]:
        journal = self._journal if self._journal.usable() else None
        with self._engines.acting.begin() as connection:
            known = journal.claim(connection, work, chunks) if journal else {}
            transaction = Transaction(connection, known, journaled=journal is not None)
            yield transaction
            transaction.settle()
            if journal:
                journal.finish(connection, work, transaction.done)
            hit(Point.STORE_BEFORE)
        hit(Point.STORE_AFTER)

    def assign(
        self,
        target: Target,
        work: Work,
        values: Mapping[str, Any],
        changes: Iterable[Change] = (),
    ) -> Receipt:
        """
        Set *values* in the rows that are wholly the persons' own.

        Args:
            changes: Where one asks for it, a row is left alone unless the column still holds
                the old value (or already the new one).
        """
        return self.once(target, work, self.assigning(target, values, changes))

    def assigning(
        self, target: Target, values: Mapping[str, Any], changes: Iterable[Change] = ()
    ) -> Callable[[Connection], Receipt]:
        """Return what sets *values*, to be called within a transaction."""
        checked = {c.column: c.old for c in changes if c.check_old}
        empty = tuple(name for name, old in checked.items() if old is None)
        purpose = ("assign", tuple(values), tuple(checked), empty)
        plan = self._plans.get(purpose, target, lambda rows: Assigning.of(rows, values, checked))

        def act(connection: Connection) -> Receipt:
            if plan.built is None:
                return Receipt()
            parameters = {
                **load(connection, plan.slots, target.keys),
                **self._written(target, values),
                **self._seen(target, checked),
            }
            affected = plan.built.update.run(connection, parameters).rowcount
            clash = plan.built.clash
            return Receipt(affected, conflicts=clash.count(connection, parameters) if clash else 0)

        return act

    def written(self, target: Target, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return *values* as the columns take them. Raises Refused where one does not fit."""
        table, path = self._schema.table(target.collection), target.collection.path
        return {
            name: self._sent(fitting(column(table, name, path), value, path))
            for name, value in values.items()
        }

    def _written(self, target: Target, values: Mapping[str, Any]) -> dict[str, Any]:
        fitted = self.written(target, values).values()
        return {f"new_{n}": value for n, value in enumerate(fitted)}

    def _seen(self, target: Target, checked: Mapping[str, Any]) -> dict[str, Any]:
        table, path = self._schema.table(target.collection), target.collection.path
        out: dict[str, Any] = {}
        for n, (name, old) in enumerate(checked.items()):
            value = None if old is None else coerce(column(table, name, path).type, old)
            if value is NO_FIT:
                raise Refused(f"{path}: the old value does not fit column {name}")
            out[f"old_{n}"] = self._sent(value)
        return out

    def _sent(self, value: Any) -> Any:
        plain = isinstance(value, Decimal) and self._engines.acting.dialect.name == "sqlite"
        return float(value) if plain else value

    def _referred_to(self, target: Target) -> Refused:
        names = ", ".join(self._schema.referring(target.collection)) or "unknown"
        return Refused(
            f"{target.collection.path}: rows of another table still refer to it (foreign keys come"
            f" from: {names}); declare that table and its link in the data map"
        )


class Transaction:
    """
    Effects that happen together.

    Args:
        known: The chunks that were claimed, with the receipts of those done before.
        journaled: Whether what happens is noted in the store.
    """

    def __init__(
        self, connection: Connection, known: Mapping[int, Receipt | None], *, journaled: bool
    ) -> None:
        self._connection = connection
        self._known = dict(known)
        self._journaled = journaled
        self._broken = False
        self.done: dict[int, Receipt] = {}

    def do(self, work: Work, act: Callable[[Connection], Receipt]) -> Receipt:
        """Do one chunk's effect, unless it was done before."""
        if not self._journaled:
            return replace(self._perform(act), at_least=work.fence > 1)
        if work.chunk not in self._known:
            raise Refused(f"sql: chunk {work.chunk} was not claimed for this transaction")
        known = self._known[work.chunk]
        if known is None:
            known = self._known[work.chunk] = self.done[work.chunk] = self._perform(act)
        return known

    def defer(self) -> None:
        """Let foreign keys be checked at the commit; MariaDB and MySQL know no such thing."""
        later = {
            "postgresql": "SET CONSTRAINTS ALL DEFERRED",
            "sqlite": "PRAGMA defer_foreign_keys = ON",
        }.get(self._connection.dialect.name)
        if later:
            self._connection.exec_driver_sql(later)

    def settle(self) -> None:
        """
        Refuse to commit after a failure that the caller swallowed.

        Raises:
            Refused: PostgreSQL would answer COMMIT with a silent rollback.
        """
        if self._broken:
            raise Refused("sql: one of the effects failed, so none of them was made")

    def _perform(self, act: Callable[[Connection], Receipt]) -> Receipt:
        self.settle()
        self._broken = True
        receipt = act(self._connection)
        self._broken = False
        return receipt


@dataclass(frozen=True, slots=True)
class Assigning:
    """The statements of an assignment: the change, and the count of what stood in its way."""

    update: Prepared
    clash: Prepared | None

    @classmethod
    def of(
        cls, rows: Rows, values: Mapping[str, Any], checked: Mapping[str, Any]
    ) -> Assigning | None:
        """Return them, or None when no row is the persons' own."""
        own = rows.own()
        if own is NEVER or not values:
            return None
        news = {name: _Side(rows, name, f"new_{n}") for n, name in enumerate(values)}
        olds = {name: _Side(rows, name, f"old_{n}") for n, name in enumerate(checked)}
        clear = [
            sa.or_(
                ~olds[name].differs,
                ~news[name].differs,
                *(olds[name].blank() if checked[name] is None else ()),
            )
            for name in olds
        ]
        update = (
            sa.update(rows.table)
            .where(own, *clear, sa.or_(*(side.differs for side in news.values())))
            .values({name: side.bound for name, side in news.items()})
        )
        if not clear:
            return cls(Prepared(update), None)
        count = sa.select(sa.func.count()).select_from(rows.table)
        return cls(Prepared(update), Prepared(count.where(own, ~sa.and_(*clear))))


class _Side:
    """A column, a value beside it, and "they differ" (NULL being a value like any other)."""

    def __init__(self, rows: Rows, name: str, parameter: str) -> None:
        self._column = target = column(rows.table, name, rows.path)
        plain = rows.dialect == "sqlite" and isinstance(target.type, sa.Numeric)
        self.bound = sa.bindparam(parameter, type_=sa.Float() if plain else target.type)
        self.differs: Condition = _spelt(target, rows.dialect).is_distinct_from(
            _spelt(self.bound, rows.dialect)
        )

    def blank(self) -> tuple[Condition, ...]:
        """Return "a text of nothing but space", where the column holds text."""
        kind = self._column.type
        text = isinstance(kind, sa.String) and not isinstance(kind, sa.Enum)
        return (sa.func.trim(self._column) == "",) if text else ()


def _spelt(side: sa.ColumnElement[Any], dialect: str) -> sa.ColumnElement[Any]:
    """Return *side* so that equal values are equal and others are not, in every dialect."""
    if dialect in {"mysql", "mariadb"} and isinstance(side.type, sa.String):
        return Octets(side)
    if dialect == "sqlite" and isinstance(side.type, sa.DateTime):
        return sa.func.strftime("%Y-%m-%d %H:%M:%f", side)
    return side
