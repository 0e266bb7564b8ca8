"""
Whose a row is, as SQL conditions.

``connectors/parts/standing.py`` says the same in Python; the two are checked against each
other by the tests, and by every verification.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from connectors.parts.fates import cuts, keeps
from connectors.parts.standing import (
    FOLDED,
    co_owned,
    grade,
    identity,
    is_list,
    owner_links,
    people,
    takes,
    ways,
)
from connectors.sdk import (
    Link,
    Misconfigured,
    Reach,
    Role,
    Standing,
    Target,
    held,
)
from connectors.sql.facts import Facts, column, columns
from connectors.sql.inside import Inside, Some, as_inside, followed
from connectors.sql.keysets import Condition, Form, Slot, form_for
from connectors.sql.nobody import clears, pointing, unset
from connectors.sql.octets import is_bytes
from connectors.sql.values import NO_FIT, coerce

_RANK = {Standing.SOLE: 2, Standing.SHARED: 1, Standing.SEEN: 0}
RANKED = {rank: standing for standing, rank in _RANK.items()}

NEVER: Condition = sa.false()


class Rows:
    """
    Conditions on the rows of one target.

    Ways for which there are no keys are left out, so that most statements are short; the
    slots that remain say which keys each statement needs.
    """

    def __init__(self, target: Target, facts: Facts, form: Form = form_for) -> None:
        self.target = target
        self.table = facts.table
        self.key = facts.key
        self.facts = facts
        self.dialect = facts.dialect
        self._form = form
        self.path = target.collection.path
        self.ways = ways(target, facts.key)
        self.slots: dict[tuple[object, ...], Slot] = {}
        self._folds = {r.link: r.normalise in FOLDED for r in self.ways if r.link}

    # -- one way ---------------------------------------------------------------------------

    def hit(self, reach: Reach, *parents: Standing) -> Condition:
        """Return "reached this way, from a row of one of these standings"."""
        fold = reach.normalise in FOLDED
        found: list[Condition] = [
            self._keyed(reach.columns, reach.anchor, parent, fold=fold)
            for parent in parents or tuple(Standing)
            if self._has(reach.anchor, parent)
        ]
        if not found:
            return NEVER
        keyed: Condition = sa.or_(*found)
        if reach.role is Role.NONE and self._has(held(reach.anchor), Standing.SOLE):
            # What is held stays, and so does what points at it.
            stays = self._keyed(reach.columns, held(reach.anchor), Standing.SOLE, fold=fold)
            keyed = sa.and_(keyed, stays.is_not(sa.true()))
        link = reach.link
        if link is None or not link.type_column or link.role in {Role.OWNS, Role.ACCESSES}:
            return keyed
        applies = self._applies(link)
        return NEVER if applies is NEVER else sa.and_(applies, keyed)

    def rank(self, reach: Reach) -> sa.ColumnElement[Any]:
        """Return the rank of the parent's standing by this way, NULL where it is not hit."""
        cases = [
            (self.hit(reach, parent), _RANK[parent])
            for parent in Standing
            if self._has(reach.anchor, parent)
        ]
        return sa.case(*cases) if cases else sa.null()

    def live(self, reach: Reach) -> bool:
        """Return whether there is any key for this way."""
        return any(self._has(reach.anchor, parent) for parent in Standing)

    # -- all ways --------------------------------------------------------------------------

    def reached(self) -> Condition:
        """Return "reached in any way that says whose the row is"."""
        telling = (self.hit(r) for r in self.ways if grade(r, Standing.SOLE))
        return any_of((*telling, self.taken()))

    def own(self) -> Condition:
        """Return "wholly the persons' own": owned, and every owner is among them."""
        return self._by_all([r for r in self.ways if _owns(r)])

    def goes(self) -> Condition:
        """Return "goes when these people are erased"."""
        owned = self._by_all([r for r in self.ways if _owns(r) and not keeps(r)])
        return any_of((owned, self.taken()))

    def taken(self) -> Condition:
        """Return "goes with its parent, whoever else owns it"."""
        return any_of(self.hit(r, Standing.SOLE) for r in self.ways if takes(r))

    def standing(self) -> sa.ColumnElement[Any]:
        """Return the rank of a reached row's standing (see ``RANKED``)."""
        sole = any_of((self.own(), self.taken()))
        shared = any_of(
            self.hit(r, Standing.SOLE, Standing.SHARED) for r in self.ways if _owns(r, partly=True)
        )
        cases = [(sole, 2), (shared, 1)]
        live = [(condition, rank) for condition, rank in cases if condition is not NEVER]
        return sa.case(*live, else_=0) if live else sa.literal_column("0")

    def cutting(self) -> list[Reach]:
        """Return the ways whose columns a surviving row loses."""
        return [r for r in self.ways if cuts(r, self.key) and self._has(r.anchor, Standing.SOLE)]

    def kept(self) -> Condition:
        """Return "a link says the row is kept when its person goes"."""
        return any_of(
            self.hit(r, Standing.SOLE) for r in self.ways if keeps(r) and grade(r, Standing.SOLE)
        )

    def held_above(self) -> Condition:
        """Return "may only go together with a row that a rule holds"."""
        return any_of(
            self._keyed(link.columns, held(link.anchor), Standing.SOLE, fold=False)
            for link in self.target.collection.follows
            if self._has(held(link.anchor), Standing.SOLE)
        )

    # -- inside ----------------------------------------------------------------------------

    def _by_all(self, owners: list[Reach]) -> Condition:
        """Return "owned in one of these ways, and by nobody outside the set"."""
        owned = any_of(self.hit(r, Standing.SOLE) for r in owners)
        if owned is NEVER:
            return owned
        links = owner_links(self.target.collection)
        single = len(links) == 1 and not is_list(links[0].columns)
        implied = single and all(r.link == links[0] for r in owners)
        alone = [] if implied else [self._not_anothers(link) for link in links]
        return sa.and_(owned, *alone, *self._not_co_owned(), *self._nobody_else(owners))

    def one_owner(self) -> bool:
        """Return whether no row can have two owners."""
        collection = self.target.collection
        mixed = people(self.ways, collection) and not all(map(self._identity, self.ways))
        co_owners = any(map(co_owned, self.ways))
        links = owner_links(collection)
        single = len(links) <= 1 and not any(is_list(link.columns) for link in links)
        return single and not mixed and not co_owners

    def _identity(self, reach: Reach) -> bool:
        return identity(reach, self.path)

    def _not_co_owned(self) -> list[Condition]:
        """Return "nobody else owns it through rows of another collection"."""
        found = (self.hit(r) for r in self.ways if co_owned(r))
        return [hit.is_not(sa.true()) for hit in found if hit is not NEVER]

    def _nobody_else(self, owners: list[Reach]) -> list[Condition]:
        """Return "if it is a person, it is one of these", where links lead to it as well."""
        accounts = people(self.ways, self.target.collection)
        if not accounts or all(map(self._identity, owners)):
            return []
        names = dict.fromkeys(name for r in accounts for name in r.columns)
        unnamed = [
            sa.or_(c.is_(None), c == "") if isinstance(c.type, sa.String) else unset(c)
            for c in columns(self.table, names, self.path)
        ]
        theirs = [self.hit(r, Standing.SOLE) for r in owners if self._identity(r)]
        return [any_of((sa.and_(*unnamed), *theirs))]

    def _not_anothers(self, link: Link) -> Condition:
        """Return "this owner link points at nobody outside the set"."""
        cols = columns(self.table, link.columns, self.path)
        listed = as_inside(cols[0])
        if listed is not None and listed.many:
            return any_of((sa.not_(self._names_others(listed, link)), *self._elsewhere(link)))
        free: list[Condition] = [unset(c) for c in cols if clears(c)]
        if link.identifier:
            free += [c == "" for c in cols if isinstance(c.type, sa.String)]
        free += self._elsewhere(link)
        if self._has(link.anchor, Standing.SOLE):
            fold = self._folds.get(link, False)
            free.append(self._keyed(link.columns, link.anchor, Standing.SOLE, fold=fold))
        return any_of(free)

    def _elsewhere(self, link: Link) -> list[Condition]:
        return self._concerns_others(link) if link.type_column else []

    def _names_others(self, listed: Inside, link: Link) -> Condition:
        """Return "an element of the list names somebody outside the set"."""
        named: list[Condition] = [listed.element.is_not(None), listed.element != ""]
        if self._has(link.anchor, Standing.SOLE):
            fold = self._folds.get(link, False)
            slot = self._slot(link.columns, link.anchor, Standing.SOLE, fold=fold)
            named.append(sa.not_(slot.matches()))
        return Some(listed, sa.and_(*named))

    def mine(self, reach: Reach) -> Condition:
        """Return "this element of the list names one of these people"."""
        fold = reach.normalise in FOLDED
        return self._slot(reach.columns, reach.anchor, Standing.SOLE, fold=fold).matches()

    def _applies(self, link: Link) -> Condition:
        type_column = column(self.table, link.type_column, self.path)
        if link.type_value is None:  # "where there is no account", for one
            return unset(type_column)
        value = coerce(type_column.type, link.type_value)
        return NEVER if value is NO_FIT else type_column == value

    def _concerns_others(self, link: Link) -> list[Condition]:
        """Return "the type column says another collection, or nothing"."""
        type_column = column(self.table, link.type_column, self.path)
        if link.type_value is None:
            return [sa.not_(unset(type_column))]
        value = coerce(type_column.type, link.type_value)
        other: Condition = sa.true() if value is NO_FIT else type_column != value
        return [other, type_column.is_(None)]

    def _keyed(
        self, names: tuple[str, ...], anchor: str, parent: Standing, *, fold: bool
    ) -> Condition:
        hit = self._slot(names, anchor, parent, fold=fold).condition()
        cols = columns(self.table, names, self.path)
        somewhere = [condition for c in cols for condition in pointing(c)]
        return sa.and_(hit, *somewhere) if somewhere else hit

    def _slot(self, names: tuple[str, ...], anchor: str, parent: Standing, *, fold: bool) -> Slot:
        cols = columns(self.table, names, self.path)
        inner = as_inside(cols[0])
        if inner is not None and not followed(inner, self.dialect):
            raise Misconfigured(
                f"{self.path}: {names[0]} cannot be followed: column {inner.holder.name} holds no"
                " JSON that the database vouches for"
            )
        known = (anchor, parent, names, fold)
        if known not in self.slots:
            count = len(self.target.keys.keys(anchor, parent))
            self.slots[known] = Slot(
                name=f"k{len(self.slots)}",
                anchor=anchor,
                standing=parent,
                columns=cols,
                form=self._form(self.dialect, cols, count),
                fold=fold,
                exact=self._exact(cols, anchor, fold=fold),
            )
        return self.slots[known]

    def _exact(self, cols: tuple[sa.Column[Any], ...], anchor: str, *, fold: bool) -> bool:
        """Return whether the database's own idea of equal texts must not decide."""
        outside = not anchor.startswith(f"{self.target.collection.store}.")
        text = len(cols) == 1 and isinstance(cols[0].type, sa.String)
        if fold and len(cols) == 1 and is_bytes(cols[0].type):
            return self.dialect in {"mysql", "mariadb"}
        outside = outside or as_inside(cols[0]) is not None
        return text and (outside or fold) and self.dialect != "postgresql"

    def _has(self, anchor: str, parent: Standing) -> bool:
        return bool(self.target.keys.anchors.get(anchor, {}).get(parent))


def any_of(conditions: Iterable[Condition]) -> Condition:
    """Return the disjunction; ``NEVER`` itself when there is nothing to join."""
    live = [condition for condition in conditions if condition is not NEVER]
    return sa.or_(*live) if live else NEVER


def _owns(reach: Reach, *, partly: bool = False) -> bool:
    given = grade(reach, Standing.SOLE)
    return given is Standing.SOLE or (partly and given is Standing.SHARED)
