"""What foreign keys and names suggest about a schema: who the people are, what hangs on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from connectors.sdk import Inventory, TableFound
from rights.domain.datamap import Role
from workflows.personal import guess, looks_like_people, split


@dataclass(frozen=True, slots=True)
class Arrow:
    """
    A foreign key, as a link.

    Args:
        to_columns: Empty where it points at the key.
        circular: Together with the arrows before it, it closes a circle: it says nothing about
            a person until the author says so.
    """

    table: str
    columns: tuple[str, ...]
    to: str
    to_columns: tuple[str, ...]
    role: Role
    circular: bool = False


@dataclass(frozen=True, slots=True)
class Guessed:
    """
    A schema, as it seems.

    Args:
        people: Tables whose rows seem to be people, with identifier type to column.
        reached: Tables from which foreign keys lead to people, those included, parents first.
        arrows: Links between them.
    """

    people: Mapping[str, Mapping[str, str]]
    reached: tuple[str, ...]
    arrows: tuple[Arrow, ...]


def guessed(inventory: Inventory) -> Guessed:
    """Return what *inventory* suggests."""
    tables = {t.name: t for t in inventory.tables}
    people = _people(inventory)
    reached = list(people)
    growing = True
    while growing:
        more = [
            name
            for name, table in tables.items()
            if name not in reached and any(to in reached for _, to, _ in table.foreign_keys)
        ]
        reached += more
        growing = bool(more)
    arrows = tuple(_arrows([tables[n] for n in reached], tables, people))
    return Guessed(people, tuple(reached), arrows)


def _people(inventory: Inventory) -> dict[str, dict[str, str]]:
    """
    Return the tables named after people that have a key of one column, and their identifiers.

    Rows with an e-mail address or a phone number, or that other tables point at, are likelier
    to be the people themselves than rows about them.
    """
    pointed = [to for t in inventory.tables for _, to, _ in t.foreign_keys]
    found = [t for t in inventory.tables if looks_like_people(t.name) and len(t.key) == 1]
    found = [t for t in found if _contacts(t) or t.name in pointed]
    found.sort(key=lambda t: -pointed.count(t.name))
    names = {t.name for t in found}
    roots = [t for t in found if not any(to in names - {t.name} for _, to, _ in t.foreign_keys)]
    return {
        table.name: {_account(table, first=index == 0): table.key[0], **_contacts(table)}
        for index, table in enumerate(roots)
    }


def _account(table: TableFound, *, first: bool) -> str:
    # Types of their own keep the people of two tables apart until the author says otherwise.
    return "user_id" if first else f"{split(table.name)}_id"


def _contacts(table: TableFound) -> dict[str, str]:
    out: dict[str, str] = {}
    for column in table.columns:
        found = guess(column)
        if found and found.contact:
            out.setdefault(found.contact, column)
    return out


def _arrows(
    reached: list[TableFound], tables: Mapping[str, TableFound], people: Mapping[str, object]
) -> Iterator[Arrow]:
    place = {t.name: n for n, t in enumerate(reached)}
    keys = [(t.name, *key) for t in reached for key in t.foreign_keys if key[1] in place]
    # What leads back towards the people comes first, so that a circle is broken elsewhere.
    keys.sort(key=lambda k: (place[k[2]] >= place[k[0]], place[k[0]], place[k[2]]))
    before: dict[str, set[str]] = {name: set() for name in place}
    owned: set[str] = set()
    for table, columns, to, to_columns in keys:
        role = _role(table, to, people, owned=table in owned)
        if role is Role.OWNER:
            owned.add(table)
        circular = to != table and table in _above(to, before)
        if not circular:
            before[table].add(to)
        aside = () if to_columns == tables[to].key else to_columns
        yield Arrow(table, columns, to, aside, Role.NONE if circular else role, circular)


def _role(table: str, to: str, people: Mapping[str, object], *, owned: bool) -> Role:
    if to == table or table in people:
        return Role.NONE
    if not owned:
        return Role.OWNER
    return Role.ACCESSOR if to in people else Role.NONE


def _above(name: str, before: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += before[one]
    return found
