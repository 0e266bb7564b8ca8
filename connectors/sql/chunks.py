"""
Large erasures: one transaction per range of the table, each with its fence and its note.

A chunk holds its rows locked for seconds only, a killed worker is followed by one that goes on
at the chunk that is missing, and memory does not depend on the number of rows.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import exc
from sqlalchemy.engine import Connection

from connectors.parts.deadlines import on_time
from connectors.sdk import Receipt, Target, Transient, Unfinished, Work
from connectors.sql.alone import Alone
from connectors.sql.bystanders import Bystanders
from connectors.sql.drafting import given
from connectors.sql.engines import Engines, SqlSettings
from connectors.sql.journal import OWNER, Journal, Noted, total
from connectors.sql.keysets import load, unload
from connectors.sql.pace import Pace
from connectors.sql.plans import Plan
from connectors.sql.sizes import Sizes, Whale
from connectors.sql.stretches import PAGES, Stretch, Stretches
from rights.failpoints import Point, hit

_TURNS = 3
"""Times a table is read to its end: rows that moved behind us are met the next time."""

_CANCELLED = "57014"
"""What PostgreSQL says of a statement that it has ended."""


@dataclass(frozen=True, slots=True)
class Place:
    """
    Where the next chunk begins.

    Args:
        ranges: How the table is cut: see :class:`Stretches`.
        stretch: Name of the table or partition; empty before the first and after the last.
        at, end: Of the ranges; None before the first of a stretch.
        size: How wide the next range is.
        turn: How many times the table was read to its end.
    """

    ranges: str
    stretch: str = ""
    at: Any = None
    end: Any = None
    size: int = 0
    turn: int = 0


class Chunks:
    """Erases one large collection."""

    def __init__(
        self,
        settings: SqlSettings,
        engines: Engines,
        stretches: Stretches,
        journal: Journal,
        sizes: Sizes,
        bystanders: Bystanders,
    ) -> None:
        self._bystanders = bystanders
        self._settings, self._engines, self._stretches = settings, engines, stretches
        self._journal, self._sizes = journal, sizes
        self._asked: dict[tuple[str, int, int], Whale | None] = {}

    def due(self, target: Target, work: Work) -> bool:
        """Return whether *target* is too large for one transaction, or was begun in chunks."""
        if work.fence > 1 and self._journal.begun(work):
            return True
        return self._whale(target, work) is not None

    def _whale(self, target: Target, work: Work) -> Whale | None:
        """Return what is known of the size of *target*, asked once for each turn of a step."""
        place = (work.step_id, work.fence, work.chunk)
        if any(known[:2] != place[:2] for known in self._asked):
            self._asked.clear()
        if place not in self._asked:
            self._asked[place] = self._sizes.whale(target)
        return self._asked[place]

    def erase(self, target: Target, work: Work) -> Receipt:
        """
        Erase until everything is done, the time is up, or it is somebody else's turn.

        Raises:
            Unfinished: a part is done; call again under a higher fence.
            Fenced: a newer worker has the step.
        """
        on_time(work)
        journal = self._journal if self._journal.usable() else None
        with self._engines.acting.connect() as connection:
            noted = Noted()
            if journal:
                with connection.begin():
                    noted = journal.resume(connection, work)
            if noted.receipt:
                return noted.receipt
            begun = Place(**noted.place) if noted.place else None
            with connection.begin():
                ranges = begun.ranges if begun else self._ranges(connection, target, work)
            plans = self._stretches.of(target, work, ranges)
            run = Run(
                *(connection, journal, target, work, plans, noted, self._settings),
                bystanders=self._bystanders,
            )
            return run.all(begun or Place(ranges))

    def _ranges(self, connection: Connection, target: Target, work: Work) -> str:
        whale = self._whale(target, work)
        return self._stretches.ranges(connection, target, work, whale)


class Run:
    """One worker's turn at a large erasure."""

    def __init__(
        self,
        connection: Connection,
        journal: Journal | None,
        target: Target,
        work: Work,
        plans: Sequence[Plan[Stretch]],
        noted: Noted,
        settings: SqlSettings,
        bystanders: Bystanders,
    ) -> None:
        self._bystanders = bystanders
        self._connection, self._journal = connection, journal
        self._target, self._work, self._plans = target, work, plans
        self._stretches = {plan.built.name: plan.built for plan in plans}
        self._count, self._done = noted.count, noted.done
        rule = target.collection.restriction
        # What takes long in an escrow is the bucket, and no database ends that.
        elsewhere = rule is not None and rule.escrow
        guarded = connection.dialect.name == "postgresql" and not elsewhere
        self._pace = Pace(settings.chunk_s, settings.whale_rows, guarded)
        self._tried = Place("")
        self._alone = Alone()
        self._given: dict[str, Any] = {}

    def all(self, place: Place) -> Receipt:
        """
        Do chunk after chunk; return the receipt of the whole.

        Raises:
            Unfinished: the time is up or the store has enough; at least one chunk was done.
        """
        before = self._count
        with self._keys():
            if not before:
                with self._connection.begin():
                    for plan in self._plans:
                        plan.built.erasing.refuse(self._connection, self._given)
                if self._journal:  # each of our transactions writes there, and so has a number
                    self._alone = Alone.since(self._connection)
            while self._more(place):
                if self._count > before and (self._over() or self._work.strained()):
                    raise Unfinished("a part of the rows is erased; the rest follows in its turn")
                on_time(self._work)
                place = self._step(place)
        return self._close()

    @contextlib.contextmanager
    def _keys(self) -> Iterator[None]:
        """Keep the keys on the connection, in temporary tables where they are many."""
        slots = self._plans[0].slots
        try:
            with self._connection.begin():
                loaded = load(self._connection, slots, self._target.keys)
                self._given = {**loaded, **given(self._target, self._work)}
            yield
        finally:
            with contextlib.suppress(exc.SQLAlchemyError), self._connection.begin():
                unload(self._connection, slots)

    def _more(self, place: Place) -> bool:
        """
        Return whether there is a next chunk.

        Raises:
            Transient: rows that should go come back, or move, faster than they are found.
        """
        if place.stretch or not place.turn:
            return True
        if place.ranges != PAGES or not self._left():
            return False
        if place.turn >= _TURNS:
            raise Transient("rows that are to go are still being written; it is tried again")
        return True

    def _left(self) -> bool:
        """Return whether a row is still to go: one that moved to pages that were done, say."""
        with self._connection.begin():
            if self._alone.still(self._connection):
                return False
            return any(self._left_in(plan.built) for plan in self._plans)

    def _left_in(self, stretch: Stretch) -> bool:
        span, left = stretch.span, stretch.erasing.left
        ends = span.start(self._connection, self._given) if span else None
        if span is None or left is None or ends is None:
            return False
        return left.count(self._connection, {**self._given, **span.given(*ends)}) > 0

    def _step(self, place: Place) -> Place:
        """Do one chunk in one transaction; return where the next one begins."""
        stretch = self._stretches.get(place.stretch)
        if stretch is None:
            stretch, place = self._plans[0].built, self._fresh(place, self._plans[0].built.name)
        try:
            return self._chunk(stretch, place)
        except exc.OperationalError as error:
            if not (self._pace.limit_s and getattr(error.orig, "sqlstate", "") == _CANCELLED):
                raise
            self._alone.first = None
            if not self._tried.size:
                return self._tried  # it waited before its range was known, for somebody's lock
            return replace(self._tried, size=self._pace.ended(self._tried.size))

    def _chunk(self, stretch: Stretch, place: Place) -> Place:
        self._tried, started = place, time.monotonic()
        with self._connection.begin():
            self._briefly()
            if self._journal:
                self._journal.claim(self._connection, self._work, (OWNER,))
            around = time.monotonic() - started
            place, following, parameters = self._range(stretch, place)
            self._tried = place
            if parameters is None:
                self._alone.first = None  # whether this one got a number is not known
                return following
            others = self._bystanders.around(
                self._connection, self._target, self._work, self._count + 1
            )
            receipt = stretch.erasing.chunk(self._connection, parameters, self._work)
            receipt = others.told(self._connection, receipt)
            took, rows = time.monotonic() - started, receipt.affected + receipt.decorrelated
            if following.at is not None:
                each = stretch.span.rows if stretch.span else 1
                size = self._pace.next(place.size, took, rows, each, around_s=around)
                following = replace(following, size=size)
            if self._journal:
                noted = asdict(following)
                self._journal.note(self._connection, self._work, self._count, receipt, noted)
            hit(Point.STORE_BEFORE)
        hit(Point.STORE_AFTER)
        self._alone.own += 1
        self._count, self._done = self._count + 1, total((self._done, receipt))
        return following

    def _briefly(self) -> None:
        """
        Let PostgreSQL write this chunk to disk when it likes, and end it if it takes too long.

        A crash of the server may then take back the last chunks, each with its note, and they
        are done again. The transaction that closes the erasure waits for all of them.
        """
        if self._connection.dialect.name == "postgresql":
            self._connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
        if limit := self._pace.limit_s:
            self._connection.exec_driver_sql(f"SET LOCAL statement_timeout = {int(limit * 1000)}")

    def _range(self, stretch: Stretch, place: Place) -> tuple[Place, Place, dict[str, Any] | None]:
        """Return the place as it is now, the next one, and the parameters of the range."""
        span = stretch.span
        if span is None:
            return place, self._after(place), self._given
        if place.at is None:
            ends = span.start(self._connection, self._given)
            if ends is None:
                return place, self._after(place), None
            place = replace(place, at=ends[0], end=ends[1], size=self._pace.first(span.rows))
        to = span.to(self._connection, self._given, place.at, place.size)
        over = to is None or (place.end is not None and to >= place.end)
        following = self._after(place) if over else replace(place, at=to)
        return place, following, {**self._given, **span.given(place.at, to)}

    def _after(self, place: Place) -> Place:
        """Return the beginning of the next stretch, or of the next turn."""
        names = list(self._stretches)
        rest = names[names.index(place.stretch) + 1 :]
        return self._fresh(place, rest[0]) if rest else Place(place.ranges, turn=place.turn + 1)

    def _fresh(self, place: Place, stretch: str) -> Place:
        return Place(place.ranges, stretch, turn=place.turn)

    def _over(self) -> bool:
        """Return whether the worker is somebody else's now."""
        work, now = self._work, datetime.now(UTC)
        if work.until is None or now < work.until:
            return False
        return work.at_most is None or now >= work.at_most or work.waited_for()

    def _close(self) -> Receipt:
        """Note that all is done. Where nothing is noted, a count after a crash is a minimum."""
        if self._journal is None:
            return replace(self._done, at_least=self._work.fence > 1)
        with self._connection.begin():
            self._journal.claim(self._connection, self._work, (OWNER, self._work.chunk))
            self._journal.close(self._connection, self._work, self._done)
        return self._done
