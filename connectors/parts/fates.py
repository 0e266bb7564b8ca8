"""
What an erasure does to one row, in words a store without a query language can follow.

The rules in one place: a row goes when the people behind the keys own it alone (or a link says
it goes with them); a rule of law may hold it; what stays for somebody else loses the columns
that point at the person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from connectors.parts.retention import cutoff, held
from connectors.parts.standing import Hit, Standings, grade, owner_links, takes
from connectors.parts.types import Reach, Work
from rights.domain.datamap import Collection, Erasure, Link, OnErasure, Role
from rights.domain.keys import Standing

KEPT = "kept by the data map"
"""The ground given where the map keeps rows and says no more."""


class Outcome(StrEnum):
    """What becomes of a row."""

    DELETE = "delete"
    ANONYMISE = "anonymise"
    HOLD = "hold"
    CUT = "cut"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class Fate:
    """
    One row's outcome.

    Args:
        columns: What has to be empty afterwards.
        pointers: What is to be empty as well, where the store allows it: the links of a row that
            stays without its person.
        because: Why the row is kept; empty unless it is held.
        own: The person's alone, so that a row held by a rule is put out of use.
    """

    outcome: Outcome
    columns: tuple[str, ...] = ()
    pointers: tuple[str, ...] = ()
    because: str = ""
    own: bool = False


def moment(work: Work) -> datetime:
    """Return the time retention is judged at: the work's, else the clock's."""
    return work.now or datetime.now(UTC)


def fate(row: Mapping[str, Any], standings: Standings, collection: Collection, work: Work) -> Fate:
    """Return what an erasure of the people behind *standings* does to *row*."""
    hits = standings.hits(row)
    erased = [hit for hit in hits if hit.parent is Standing.SOLE]
    goes = any(takes(hit.reach) for hit in erased) or (
        standings.own(row) and any(_releases(hit) for hit in erased)
    )
    reaches, kept = [hit.reach for hit in erased], collection.erasure is Erasure.KEEP
    told = goes or any(grade(*h) for h in hits)
    because = _held(row, standings, collection, work) if told else ""
    if because:
        ruled = goes and (not kept or _placed(collection))
        emptied = overridden(collection, standings.key) if goes else ()
        if ruled and put_away(collection):
            emptied = _unless_dated(collection, erasable(collection, standings.key))
        loose = (
            () if kept else _pointers([r for r in reaches if r.role is Role.NONE], standings.key)
        )
        return Fate(Outcome.HOLD, emptied, loose, because=because, own=ruled)
    if not goes:
        return Fate(Outcome.LEAVE) if kept else _spared(reaches, standings.key)
    if work.anonymise or collection.erasure is Erasure.ANONYMISE:
        owners = (name for link in owner_links(collection) for name in link.columns)
        let_go = () if work.anonymise else collection.lets_go
        pointers = tuple(dict.fromkeys((*owners, *let_go, *_pointers(reaches, standings.key))))
        return Fate(Outcome.ANONYMISE, erasable(collection, standings.key), pointers, own=True)
    return Fate(Outcome.DELETE, own=True)


def _placed(collection: Collection) -> bool:
    """Return whether a legal hold keeps the rows: they are put out of use, not merely kept."""
    return collection.ruling is not None and collection.ruling.placed


def put_away(collection: Collection) -> bool:
    """Return whether held rows leave the collection: what stays of one says nothing."""
    rule = collection.restriction
    return rule is not None and rule.away


def _unless_dated(collection: Collection, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return *names* without the date a hold counts from: an emptied row keeps it."""
    rule = collection.retention
    return tuple(name for name in names if rule is None or name != rule.from_)


def _held(row: Mapping[str, Any], standings: Standings, collection: Collection, work: Work) -> str:
    """Return why *row* must stay, or nothing."""
    if collection.erasure is Erasure.KEEP:
        return collection.because or KEPT
    rule, after = collection.retention, cutoff(collection, moment(work))
    if rule and after and held(row.get(rule.from_), after):
        return rule.basis or KEPT
    if rule and standings.held_above(row):
        return rule.basis or KEPT
    return ""


def _spared(reaches: list[Reach], key: tuple[str, ...]) -> Fate:
    columns = _pointers(reaches, key)
    if columns:
        return Fate(Outcome.CUT, columns)
    kept = any(keeps(reach) and grade(reach, Standing.SOLE) for reach in reaches)
    return Fate(Outcome.HOLD, because=KEPT) if kept else Fate(Outcome.LEAVE)


def _pointers(reaches: list[Reach], key: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(c for reach in reaches if cuts(reach, key) for c in cut(reach)))


def _releases(hit: Hit) -> bool:
    """Return whether ownership by this hit lets the row go (``on_erasure: keep`` does not)."""
    return grade(*hit) is Standing.SOLE and not keeps(hit.reach)


def keeps(reach: Reach) -> bool:
    """Return whether the erasure of the person behind this way leaves the row alone."""
    return reach.link is not None and reach.link.on_erasure is OnErasure.KEEP


def cuts(reach: Reach, key: tuple[str, ...]) -> bool:
    """
    Return whether a surviving row loses the columns that point along this way.

    Where the other row is the one that points, as a customer does at an address, there is
    nothing to cut in this one: its own key says nothing about anybody.

    Args:
        key: The columns that name a row.
    """
    link = reach.link
    if link is None or link.role in {Role.OWNS, Role.ACCESSES}:
        return False
    if link.to_columns and cut(reach) == key:
        return False
    return link.on_erasure is OnErasure.DECORRELATE and not takes(reach)


def cut(reach: Reach) -> tuple[str, ...]:
    """Return the columns that are cut: those the link names, else the pointer itself."""
    link: Link | None = reach.link
    return () if link is None else link.anonymise or link.columns


def erasable(collection: Collection, key: tuple[str, ...]) -> tuple[str, ...]:
    """
    Return the fields that say something about the person: what anonymising empties.

    Keys and pointers are not among them: the first name the row, the second point from it, and
    have rules of their own. A column that holds an identifier's value is no pointer. What a link
    of an owner says is cut from a row that stays for somebody else is the owner's as well, whether
    it is a field of the map or not.
    """
    pointers = (c for link in collection.links if link.to for c in link.columns)
    spared = {*key, *pointers}
    kept = {f.name for f in collection.fields if f.erasure is Erasure.KEEP}
    owners = (name for link in owner_links(collection) for name in link.anonymise)
    names = (*(f.name for f in collection.fields), *collection.identifies.values(), *owners)
    return tuple(dict.fromkeys(n for n in names if n not in spared and n not in kept))


def overridden(collection: Collection, key: tuple[str, ...]) -> tuple[str, ...]:
    """Return the fields that go even where their row is held: the basis does not need them."""
    named = {f.name for f in collection.fields if f.erasure in {Erasure.DELETE, Erasure.ANONYMISE}}
    rule = collection.retention
    if rule and rule.keep_fields and collection.erasure is not Erasure.KEEP:
        named |= {f.name for f in collection.fields} - {*rule.keep_fields, rule.from_}
    return tuple(name for name in erasable(collection, key) if name in named)
