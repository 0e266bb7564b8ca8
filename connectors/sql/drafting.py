"""The statements of an erasure, drafted for one shape of target."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connectors.parts.fates import KEPT, erasable, moment, overridden
from connectors.parts.retention import cutoff
from connectors.parts.standing import grade, owner_links
from connectors.sdk import Erasure, Misconfigured, Reach, Receipt, Standing, Target, Work
from connectors.sql.effects import Effects
from connectors.sql.emptying import SALT, emptied, pointer
from connectors.sql.erasing import ROWS, Erasing, Tree
from connectors.sql.facts import column, columns
from connectors.sql.keysets import Condition, load
from connectors.sql.plans import Plans, Prepared
from connectors.sql.predicates import NEVER, Rows, any_of
from connectors.sql.values import fitting

CUTOFF = "rights_cutoff"
"""The parameter that takes the moment after which a row is held."""


class Eraser:
    """``erase``."""

    def __init__(self, plans: Plans, effects: Effects) -> None:
        self._plans = plans
        self._effects = effects

    def erase(self, target: Target, work: Work) -> Receipt:
        """Delete (or anonymise) what is the persons' own; cut their columns elsewhere."""
        plan = self._plans.get(
            ("erase", work.anonymise),
            target,
            lambda rows: Draft(rows, anonymise=work.anonymise).erasing(),
        )
        after = cutoff(target.collection, moment(work))

        def act(connection: Connection) -> Receipt:
            parameters: dict[str, Any] = {
                **load(connection, plan.slots, target.keys),
                SALT: work.step_id,
                CUTOFF: after.replace(tzinfo=None) if after else None,
            }
            return plan.built.run(connection, parameters, work)

        return self._effects.once(target, work, act)


class Draft:
    """Builds the statements of one erasure."""

    def __init__(self, rows: Rows, *, anonymise: bool) -> None:
        self.rows = rows
        self.collection = rows.target.collection
        self.replaces = anonymise or self.collection.erasure is Erasure.ANONYMISE
        self.keeps = self.collection.erasure is Erasure.KEEP
        self.going = rows.goes()
        self.held = self._held()

    def erasing(self) -> Erasing:
        rule = self.collection.retention
        ground = self.collection.because if self.keeps else rule.basis if rule else ""
        reached = self.rows.reached()
        cutting = self._cutting()
        pointers = [(reach, *pointer(self.rows, reach)) for reach in cutting]
        hits = any_of(self.rows.hit(r, Standing.SOLE) for r in cutting)
        loose = [r for r in cutting if grade(r, Standing.SOLE) is None]
        first = [r for r in loose if self._within(r)]
        mixed = self.replaces or (loose and self.held is not NEVER)
        exact = len(cutting) > 1 or bool(first) or bool(mixed and cutting)
        return Erasing(
            path=self.rows.path,
            because=(ground or KEPT, KEPT),
            lock=self._lock(reached),
            stuck=tuple(
                (self._count(self._survives(reach)), name) for reach, _, name in pointers if name
            ),
            spared=self._count(any_of(map(self._survives, cutting))) if exact else None,
            held=self._count(reached, self.held) if self.held is not NEVER else None,
            hold=self._hold(),
            unhooks=self._cuts(pointers, [r for r in cutting if r in first]),
            goes=self._goes(),
            tree=self._tree(),
            keyed=self._returns_keys(),
            kept=self._kept(hits),
            cuts=self._cuts(pointers, [r for r in cutting if r not in first]),
        )

    # -- conditions ------------------------------------------------------------------------

    def _held(self) -> Condition:
        """Return "a rule keeps this row"."""
        if self.keeps:
            return sa.true()
        rule = self.collection.retention
        if rule and rule.with_:
            return self.rows.held_above()
        if rule is None or cutoff(self.collection, _ANY_TIME) is None:
            return NEVER
        since = column(self.rows.table, rule.from_, self.rows.path)
        if not isinstance(since.type, sa.DateTime | sa.Date):
            raise Misconfigured(
                f"{self.rows.path}: retention counts from {rule.from_}, which holds no date"
            )
        return sa.or_(since.is_(None), _later(since, self.rows.dialect))

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
        sole_owner = len(owner_links(self.collection)) <= 1 and not self.replaces
        return [
            r
            for r in self.rows.cutting()
            if not (sole_owner and grade(r, Standing.SOLE) is Standing.SOLE)
        ]

    # -- statements ------------------------------------------------------------------------

    def _count(self, *conditions: Condition) -> Prepared:
        return Prepared(sa.select(sa.func.count()).select_from(self.rows.table).where(*conditions))

    def _lock(self, reached: Condition) -> Prepared | None:
        """Return the statement that makes a second eraser of shared rows wait."""
        one_owner = len(owner_links(self.collection)) <= 1
        if one_owner or reached is NEVER or self.keeps or self.rows.dialect == "sqlite":
            return None
        order = columns(self.rows.table, self.rows.key, self.rows.path)
        found: sa.Select[Any] = sa.select(sa.literal_column("1").label("one"))
        found = found.select_from(self.rows.table).where(reached).order_by(*order).with_for_update()
        if self.rows.dialect != "postgresql":
            return Prepared(found)
        return Prepared(sa.select(sa.func.count()).select_from(found.subquery()))

    def _hold(self) -> Prepared | None:
        """Return what happens to the persons' own rows that are held."""
        if self.going is NEVER or self.held is NEVER:
            return None
        rule = self.collection.restriction
        out = emptied(self.rows, overridden(self.collection, self.rows.key))
        if rule and rule.strategy == "flag" and not self.keeps:
            flag = column(self.rows.table, rule.column, self.rows.path)
            out.values[rule.column] = sa.literal(
                fitting(flag, rule.value, self.rows.path), flag.type
            )
        if not out.values:
            return None
        update = sa.update(self.rows.table).where(self.going, self.held)
        return Prepared(update.values(out.values))

    def _goes(self) -> Prepared | None:
        if self.going is NEVER or self.keeps:
            return None
        if self.replaces:
            return self._anonymise()
        statement = sa.delete(self.rows.table).where(self.going, *self._not_held())
        if not self._returns_keys():
            return Prepared(statement)
        key = columns(self.rows.table, self.rows.key, self.rows.path)
        return Prepared(statement.returning(*key))

    def _returns_keys(self) -> bool:
        known = self.rows.facts.returns and bool(self.rows.key)
        return known and not self.replaces and self.going is not NEVER

    def _anonymise(self) -> Prepared | None:
        out = emptied(self.rows, erasable(self.collection, self.rows.key))
        for link in owner_links(self.collection):
            for c in columns(self.rows.table, link.columns, self.rows.path):
                if c.nullable:
                    out.values[c.name] = sa.null()
                    out.full.append(c.is_not(None))
        if not out.values and not self.collection.fields:
            raise Misconfigured(
                f"{self.rows.path}: it is to be anonymised, but no field of it is declared"
            )
        if not out.values:
            return None  # all that it says may stay
        out.full += (self.rows.hit(reach, Standing.SOLE) for reach in self._cutting())
        full = [any_of(out.full)] if out.testable else []
        update = sa.update(self.rows.table).where(self.going, *self._not_held(), *full)
        return Prepared(update.values(out.values))

    def _cuts(
        self, pointers: list[tuple[Reach, dict[str, Any], str]], reaches: list[Reach]
    ) -> tuple[Prepared, ...]:
        return tuple(
            Prepared(
                sa.update(self.rows.table)
                .where(self.rows.hit(reach, Standing.SOLE), *self._not_held(reach))
                .values(values)
            )
            for reach, values, stuck in pointers
            if reach in reaches and not stuck
        )

    def _tree(self) -> Tree | None:
        names = [
            name
            for reach in self.rows.ways
            if reach.link and self._within(reach)
            for name in reach.columns
            if self.rows.table.c[name].nullable
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

    def _kept(self, cut: Condition) -> Prepared | None:
        kept = self.rows.kept()
        if kept is NEVER or self.keeps:
            return None
        others = [c.is_not(sa.true()) for c in (self.going, cut) if c is not NEVER]
        return self._count(kept, *others, *self._not_held())


_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


def _later(since: sa.Column[Any], dialect: str) -> Condition:
    after = sa.bindparam(CUTOFF, type_=sa.DateTime())
    if dialect == "sqlite":  # one spelling for every way a date may be written there
        return sa.func.datetime(since) > sa.func.datetime(after)
    if dialect == "postgresql" and getattr(since.type, "timezone", False):
        return since > sa.func.timezone("UTC", after)
    return since > after
