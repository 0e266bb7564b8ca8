"""The statements of an erasure, drafted for one shape of target."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import sqlalchemy as sa

from connectors.parts.fates import KEPT, cut, erasable, moment, overridden
from connectors.parts.retention import cutoff
from connectors.parts.standing import grade, owner_links
from connectors.sdk import Erasure, Misconfigured, Reach, Standing, Target, Work
from connectors.sql.emptying import SALT, Emptied, emptied, pointer
from connectors.sql.erasing import ROWS, Erasing, Tree
from connectors.sql.escrowing import KEY, REPEATED, Escrow, InEscrow
from connectors.sql.facts import column, columns
from connectors.sql.held import CUTOFF, held
from connectors.sql.inside import as_inside
from connectors.sql.keysets import Condition
from connectors.sql.nobody import cleared, clears, unset
from connectors.sql.plans import Prepared
from connectors.sql.predicates import NEVER, Rows, any_of
from connectors.sql.sealing import HOLDER, NOW, InTable, Place, Sealing, ground
from connectors.sql.values import fitting


def given(target: Target, work: Work) -> dict[str, Any]:
    """Return the parameters of an erasure besides its keys."""
    after = cutoff(target.collection, moment(work))
    ruling = target.collection.ruling
    return {
        SALT: work.step_id,
        CUTOFF: after.replace(tzinfo=None) if after else None,
        HOLDER: ruling.holder if ruling else "",
        NOW: moment(work).astimezone(UTC).replace(tzinfo=None),
        KEY: ruling.key if ruling else b"",
        REPEATED: work.fence > 1,
    }


Pointers = list[tuple[Reach, dict[str, Any], str]]
"""Ways along which something is cut: how, and the column that cannot be, or nothing."""


class Draft:
    """
    Builds the statements of one erasure.

    Args:
        within: The part of the table they are about; None for all of it.
        keyed: The keys of deleted rows are wanted, for the digest.
        telling: Rows are not counted but read, these columns of them: whose each is, is told
            apart outside.
        escrow: Where the map wants held rows to go into a bucket.
    """

    def __init__(
        self,
        rows: Rows,
        *,
        anonymise: bool,
        within: Condition | None = None,
        keyed: bool = True,
        telling: tuple[sa.Column[Any], ...] = (),
        escrow: Escrow,
    ) -> None:
        self.rows = rows
        self.telling = telling
        self.escrow = escrow
        self.within = () if within is None else (within,)
        self.keyed = keyed
        self.collection = rows.target.collection
        self.asked = anonymise
        self.replaces = anonymise or self.collection.erasure is Erasure.ANONYMISE
        self.keeps = self.collection.erasure is Erasure.KEEP
        self.going = rows.goes()
        self.held = held(rows)

    def erasing(self) -> Erasing:
        rule = self.collection.retention
        ground = self.collection.because if self.keeps else rule.basis if rule else ""
        reached = self.rows.reached()
        cutting = self._cutting()
        pointers = [(reach, *pointer(self.rows, reach)) for reach in cutting]
        hits = any_of(self.rows.hit(r, Standing.SOLE) for r in cutting)
        loose = [r for r in cutting if grade(r, Standing.SOLE) is None]
        # What is only emptied stays to be pointed at: nothing has to be let go of before.
        first = [] if self.replaces else [r for r in cutting if self._within(r)]
        mixed = self.replaces or (loose and self.held is not NEVER)
        exact = len(cutting) > 1 or bool(first) or bool((mixed or self.telling) and cutting)
        return Erasing(
            path=self.rows.path,
            because=(ground or KEPT, KEPT),
            lock=self._lock(reached),
            stuck=tuple(
                (self._count(self._survives(reach), whole=True), name)
                for reach, _, name in pointers
                if name
            ),
            spared=self._tally(any_of(map(self._survives, cutting))) if exact else None,
            held=self._tally(reached, self.held) if self.held is not NEVER else None,
            hold=self._hold(),
            seal=self._seal(),
            unhooks=self._cuts(pointers, first, stays=True),
            going=self._told(),
            goes=self._goes(),
            tree=self._tree(),
            keyed=self._returns_keys(),
            kept=self._kept(hits),
            cuts=self._cuts(pointers, [r for r in cutting if r not in first]),
            settles=not (first or self._hold() or self._seal()) and self._settles(pointers),
            left=self._undone(pointers),
        )

    def unhooking(self, names: tuple[str, ...]) -> tuple[Prepared, ...]:
        """Return what empties one pointer, before the rows it points at go."""
        return tuple(
            Prepared(
                sa.update(self.rows.table)
                .where(self.rows.hit(reach, Standing.SOLE), *self._not_held(reach))
                .values({**pointer(self.rows, reach)[0], **self._loose(names)})
            )
            for reach in self.rows.ways
            if reach.link
            and reach.columns == names
            and self.rows.hit(reach, Standing.SOLE) is not NEVER
        )

    def _loose(self, names: tuple[str, ...]) -> dict[str, Any]:
        found = columns(self.rows.table, names, self.rows.path)
        return {c.name: sa.null() for c in found if c.nullable}

    # -- conditions ------------------------------------------------------------------------

    def _not_held(self, reach: Reach | None = None) -> list[Condition]:
        if self.held is NEVER or (reach and grade(reach, Standing.SOLE) is None):
            return []
        return [self.held.is_not(sa.true())]

    def _survives(self, reach: Reach) -> Condition:
        """Return "reached this way, and stays for somebody else"."""
        hit = self.rows.hit(reach, Standing.SOLE)
        others = [] if self.going is NEVER else [self.going]
        if self.held is not NEVER:
            others.append(sa.and_(self.held, self.rows.reached()))
        return sa.and_(hit, *(other.is_not(sa.true()) for other in others))

    def _cutting(self) -> list[Reach]:
        """Return the ways along which something may have to be cut."""
        if self.keeps:
            return []
        sole_owner = self.rows.one_owner() and not self.replaces
        return [
            r
            for r in self.rows.cutting()
            if not (sole_owner and grade(r, Standing.SOLE) is Standing.SOLE)
            and not (self.replaces and self._lets_all_go(r))
        ]

    def _lets_all_go(self, reach: Reach) -> bool:
        """Return whether every row reached this way goes, and its pointer with it."""
        cols = columns(self.rows.table, cut(reach), self.rows.path)
        empties = all(clears(c) and as_inside(c) is None for c in cols)
        owned = reach.link in owner_links(self.collection) and cut(reach) == reach.columns
        return owned and empties and self.rows.hit(reach, Standing.SOLE).compare(self.going)

    # -- statements ------------------------------------------------------------------------

    def _count(self, *conditions: Condition, whole: bool = False) -> Prepared:
        count = sa.select(sa.func.count()).select_from(self.rows.table)
        return Prepared(count.where(*conditions, *(() if whole else self.within)))

    def _tally(self, *conditions: Condition) -> Prepared:
        """Return what counts rows, or reads them where they are to be told apart."""
        if not self.telling:
            return self._count(*conditions)
        return Prepared(sa.select(*self.telling).where(*conditions, *self.within))

    def _told(self) -> Prepared | None:
        """Return what reads the rows that will go, where the statement itself cannot say."""
        if not self.telling or self.going is NEVER or self.keeps or self._returns():
            return None
        full = self._still_full() if self.replaces else []
        going = (self.going, *self._not_held(), *full)
        read = sa.select(*self.telling).where(*going, *self.within)
        return Prepared(read if self.rows.dialect == "sqlite" else read.with_for_update())

    def _settles(self, pointers: Pointers) -> bool:
        """
        Return whether a row that was treated matches nothing any more, within the same range.

        Two statements may be about one row, and the first moves it on PostgreSQL: the second
        would not meet it there.
        """
        writes = [stuck for _, _, stuck in pointers if not stuck]
        if len(writes) + (self.replaces and self.going is not NEVER) > 1:
            return False
        if any(not stuck and not self._clears(values, reach) for reach, values, stuck in pointers):
            return False
        return not self.replaces or self.going is NEVER or bool(self._still_full())

    def _left(self) -> Prepared | None:
        """Return what counts the rows that are still to go."""
        return None if self.going is NEVER or self.keeps else self._count(self._to_go())

    def _undone(self, pointers: Pointers) -> Prepared | None:
        """Return the same with the rows that are still to be cut."""
        if self.keeps:
            return None
        due = [] if self.going is NEVER else [self._to_go()]
        due += [
            sa.and_(self.rows.hit(reach, Standing.SOLE), *self._not_held(reach))
            for reach, _, stuck in pointers
            if not stuck
        ]
        return self._count(any_of(due)) if due else None

    def _to_go(self) -> Condition:
        full = self._still_full() if self.replaces else []
        return sa.and_(self.going, *self._not_held(), *full)

    def _lock(self, reached: Condition) -> Prepared | None:
        """Return the statement that makes a second eraser of shared rows wait."""
        one_owner = self.rows.one_owner()
        if one_owner or reached is NEVER or self.keeps or self.rows.dialect == "sqlite":
            return None
        order = columns(self.rows.table, self.rows.key, self.rows.path)
        found: sa.Select[Any] = sa.select(sa.literal_column("1").label("one"))
        found = found.select_from(self.rows.table).where(reached, *self.within)
        found = found.order_by(*order).with_for_update()
        if self.rows.dialect != "postgresql":
            return Prepared(found)
        return Prepared(sa.select(sa.func.count()).select_from(found.subquery()))

    def _hold(self) -> Prepared | None:
        """Return what happens to the persons' own rows that are held."""
        if self.going is NEVER or self.held is NEVER:
            return None
        rule = self.collection.restriction
        out = emptied(self.rows, overridden(self.collection, self.rows.key))
        if rule and rule.away and self._restricts():
            return None  # they leave the table: see below
        if rule and rule.strategy == "flag" and self._restricts():
            flag = column(self.rows.table, rule.column, self.rows.path)
            out.values[rule.column] = sa.literal(
                fitting(flag, rule.value, self.rows.path), flag.type
            )
        if not out.values:
            return None
        update = sa.update(self.rows.table).where(self.going, self.held, *self.within)
        return Prepared(update.values(out.values))

    def _restricts(self) -> bool:
        """Return whether held rows are put out of use; what the map keeps is merely kept."""
        ruling = self.collection.ruling
        return not self.keeps or (ruling is not None and ruling.placed)

    def _seal(self) -> Sealing | None:
        """Return what puts the persons' own held rows away."""
        rule = self.collection.restriction
        if rule is None or not rule.away or not self._restricts():
            return None
        if self.going is NEVER or self.held is NEVER:
            return None
        schema = self.rows.facts.table.schema
        place: Place = InTable(self.rows.path, ground(self.collection), schema)
        if rule.escrow:
            place = InEscrow(self.escrow, self.collection, schema)
        return Sealing.of(self.rows, place, self.going, self.held, *self.within)

    def _goes(self) -> Prepared | None:
        if self.going is NEVER or self.keeps:
            return None
        if self.replaces:
            return self._anonymise()
        going = (self.going, *self._not_held(), *self.within)
        statement = sa.delete(self.rows.table).where(*going)
        if not self._returns_keys():
            return Prepared(statement)
        key = columns(self.rows.table, self.rows.key, self.rows.path)
        return Prepared(statement.returning(*(self.telling or key)))

    def _returns_keys(self) -> bool:
        return self.keyed and bool(self.rows.key or self.telling) and self._returns()

    def _returns(self) -> bool:
        """Return whether the statement can say which rows it took."""
        return self.rows.facts.returns and not self.replaces and self.going is not NEVER

    def _anonymise(self) -> Prepared | None:
        out = self._blank()
        if not out.values:
            return None  # all that it says may stay
        going = (self.going, *self._not_held(), *self.within)
        update = sa.update(self.rows.table).where(*going, *self._still_full())
        return Prepared(update.values(out.values))

    def _still_full(self) -> list[Condition]:
        """Return "something of the person is still in it", where that can be asked."""
        out = self._blank()
        return [any_of(out.full)] if out.testable and out.values else []

    def _blank(self) -> Emptied:
        """Return what anonymising writes."""
        out = emptied(self.rows, erasable(self.collection, self.rows.key))
        let_go = () if self.asked else self.collection.lets_go
        owners = (name for link in owner_links(self.collection) for name in link.columns)
        pointers = columns(self.rows.table, (*owners, *let_go), self.rows.path)
        inner = emptied(self.rows, (c.name for c in pointers if as_inside(c) is not None))
        for name, value in inner.values.items():
            out.values.setdefault(name, value)
            out.testable = False
        for c in pointers:
            if clears(c) and as_inside(c) is None:
                out.values[c.name] = cleared(c)
                out.full.append(sa.not_(unset(c)))
        for reach in self._cutting():
            if self._clears(pointer(self.rows, reach)[0], reach):
                out.full.append(self.rows.hit(reach, Standing.SOLE))
        if not out.values and not self.collection.fields:
            raise Misconfigured(
                f"{self.rows.path}: it is to be anonymised, but no field of it is declared"
            )
        return out

    def _cuts(
        self,
        pointers: Pointers,
        reaches: list[Reach],
        *,
        stays: bool = False,
    ) -> tuple[Prepared, ...]:
        """
        Return what cuts the pointers of *reaches*.

        Args:
            stays: Nothing has gone yet: what goes must still be found by its owners.
        """
        return tuple(
            Prepared(
                sa.update(self.rows.table)
                .where(self._cut_rows(reach, stays=stays), *self._not_held(reach), *self.within)
                .values(values)
            )
            for reach, values, stuck in pointers
            if reach in reaches and not stuck
        )

    def _cut_rows(self, reach: Reach, *, stays: bool) -> Condition:
        owns = grade(reach, Standing.SOLE) is not None
        return self._survives(reach) if stays and owns else self.rows.hit(reach, Standing.SOLE)

    def _tree(self) -> Tree | None:
        names = [
            name
            for reach in self.rows.ways
            if reach.link and self._within(reach)
            for name in reach.columns
            if name in self.rows.table.c and self.rows.table.c[name].nullable
        ]
        risky = self.rows.dialect in {"mysql", "mariadb"} and names and self.rows.key
        if not risky or self.replaces or self.keeps or self.going is NEVER:
            return None
        table = self.rows.table
        key = columns(table, self.rows.key, self.rows.path)
        chosen = sa.tuple_(*key) if len(key) > 1 else key[0]
        listed = chosen.in_(sa.bindparam(ROWS, expanding=True))
        return Tree(
            keys=Prepared(sa.select(*key).where(self.going, *self._not_held()).with_for_update()),
            cut=Prepared(sa.update(table).where(listed).values(dict.fromkeys(names, sa.null()))),
            delete=Prepared(sa.delete(table).where(listed)),
            single=len(key) == 1,
        )

    def _within(self, reach: Reach) -> bool:
        """Return whether this way leads from rows of the same collection."""
        return reach.anchor.partition(":")[0] == self.rows.path

    def _clears(self, values: dict[str, Any], reach: Reach) -> bool:
        """Return whether a row with *values* is reached this way no longer."""
        cols = columns(self.rows.table, reach.columns, self.rows.path)
        inner = {c.name: as_inside(c) for c in cols}
        held = {n: n if one is None else str(one.holder.name) for n, one in inner.items()}
        return any(clears(c) for c in cols if held[c.name] in values)

    def _kept(self, cut: Condition) -> Prepared | None:
        kept = self.rows.kept()
        if kept is NEVER or self.keeps:
            return None
        others = [c.is_not(sa.true()) for c in (self.going, cut) if c is not NEVER]
        return self._tally(kept, *others, *self._not_held())
