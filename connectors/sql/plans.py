"""
Statements, built once per shape and used again.

Building and compiling a statement costs more than running a small one. What a statement looks
like depends on the collection, the predicate and on which anchors have keys: not on the keys.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection, CursorResult
from sqlalchemy.sql import visitors

from connectors.parts.standing import owner_links
from connectors.sdk import Collection, Standing, Target, held
from connectors.sql.keysets import LONGEST_LIST, Form, Slot, form_for
from connectors.sql.predicates import Rows
from connectors.sql.reflection import Schema

T = TypeVar("T")
_MOST = 1_000


class Prepared:
    """A statement that picks from all parameters at hand those it uses."""

    def __init__(self, statement: sa.Executable) -> None:
        self.statement = statement
        self._names = frozenset(
            part.key
            for part in visitors.iterate(cast(visitors.ExternallyTraversible, statement))
            if isinstance(part, sa.BindParameter) and not part.unique
        )

    def run(self, connection: Connection, parameters: Mapping[str, Any]) -> CursorResult[Any]:
        """Execute it. Raises what the driver raises."""
        mine = {name: value for name, value in parameters.items() if name in self._names}
        return connection.execute(self.statement, mine)

    def count(self, connection: Connection, parameters: Mapping[str, Any]) -> int:
        """Return the one number a counting statement answers."""
        return int(self.run(connection, parameters).scalar_one())


@dataclass(frozen=True, slots=True)
class Plan(Generic[T]):
    """What was built, and the keys its statements need."""

    built: T
    slots: tuple[Slot, ...]


class Plans:
    """The plans of one worker."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._kept: dict[Hashable, tuple[Collection, Plan[Any]]] = {}

    def get(
        self,
        purpose: Hashable,
        target: Target,
        build: Callable[[Rows], T],
        *,
        table: sa.Table | None = None,
        form: Form = form_for,
    ) -> Plan[T]:
        """
        Return the plan for *purpose* on *target*, built by *build* if it is new.

        Args:
            table: A partition to act on in the collection's place; *purpose* names it.
            form: How keys are sent.
        """
        collection = target.collection
        turn = (target.freezing, target.unhooked)
        place = (purpose, collection.path, target.predicate, turn, _shape(target))
        known = self._kept.get(place)
        if known and (known[0] is collection or known[0] == collection):
            return cast(Plan[T], known[1])
        facts = self._schema.facts(collection)
        rows = Rows(target, facts if table is None else replace(facts, table=table), form)
        plan = Plan(build(rows), tuple(rows.slots.values()))
        if len(self._kept) >= _MOST:
            self._kept.clear()
        self._kept[place] = (collection, plan)
        return plan

    def forget(self) -> None:
        """Build everything anew: the schema was not what we thought."""
        self._kept.clear()


def _shape(target: Target) -> Hashable:
    anchors = dict.fromkeys(
        (
            *(reach.anchor for reach in target.predicate),
            *(link.anchor for link in owner_links(target.collection)),
            *(held(link.anchor) for link in target.collection.links),
            target.collection.path,
        )
    )
    known = target.keys.anchors
    return tuple(
        (anchor, standing, len(keys) > LONGEST_LIST)
        for anchor in anchors
        for standing in Standing
        if (keys := known.get(anchor, {}).get(standing))
    )
