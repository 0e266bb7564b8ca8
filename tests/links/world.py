"""
Small worlds: a few tables with rows, and a data map that says whose the rows are.

Nothing here knows how the product works. A world is plain data, so that a failing one can be
printed, shrunk and read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

Row = dict[str, Any]

IDENTIFIERS = {
    "user_id": {"kind": "account"},
    "staff_id": {"kind": "account"},
    "email": {"kind": "contact", "normalise": "email"},
}


@dataclass
class Column:
    """A column: its SQL type and whether it may be empty."""

    name: str
    type: str = "INTEGER"
    nullable: bool = True


@dataclass
class Link:
    """A link of the data map, and whether a foreign key of the schema backs it."""

    columns: tuple[str, ...]
    role: str
    to: str = ""
    to_columns: tuple[str, ...] = ()
    identifier: str = ""
    type: tuple[str, str] | None = None
    mask: tuple[str, ...] = ()
    omit: bool = False
    anonymise: tuple[str, ...] = ()
    on_erasure: str = ""
    depth: str = ""
    foreign: bool = False
    deferrable: bool = False

    def to_map(self) -> dict[str, Any]:
        """Return it as the data map writes it."""
        out: dict[str, Any] = {"columns": list(self.columns), "role": self.role}
        out |= {"identifier": self.identifier} if self.identifier else {"to": self.to}
        if self.to and self.to_columns:
            out["to_columns"] = list(self.to_columns)
        if self.type:
            out["type"] = {"column": self.type[0], "value": self.type[1]}
        if self.mask or self.omit:
            out["on_access"] = "omit" if self.omit else {"mask": list(self.mask)}
        if self.on_erasure:
            out["on_erasure"] = self.on_erasure
        elif self.anonymise:
            out["on_erasure"] = {"anonymise": list(self.anonymise)}
        if self.on_erasure == "keep":
            out["because"] = "it is kept"
        if self.depth:
            out["depth"] = self.depth
        return out


@dataclass
class Table:
    """
    A table with its rows.

    Args:
        shown: Columns that a package discloses; they are also what anonymising empties.
    """

    name: str
    key: tuple[str, ...]
    columns: list[Column]
    links: list[Link] = field(default_factory=list)
    identifies: dict[str, str] = field(default_factory=dict)
    erasure: str = "delete"
    shown: tuple[str, ...] = ("body", "note")
    rows: list[Row] = field(default_factory=list)

    def column(self, name: str) -> Column:
        """Return one column."""
        return next(c for c in self.columns if c.name == name)

    def ddl(self, *, inline: bool = True) -> str:
        """Return CREATE TABLE; foreign keys apart where tables point at each other."""
        parts = [f"{c.name} {c.type}{'' if c.nullable else ' NOT NULL'}" for c in self.columns]
        if self.key:
            parts.append(f"PRIMARY KEY ({', '.join(self.key)})")
        if inline:
            parts += [self._foreign(link) for link in self.links if link.foreign]
        return f"CREATE TABLE {self.name} ({', '.join(parts)})"

    def foreign_ddl(self, *, deferrable: bool) -> Iterator[str]:
        """Yield one ALTER TABLE for each foreign key, and an index for it."""
        for number, link in enumerate(self.links):
            if link.foreign:
                later = " DEFERRABLE" if link.deferrable and deferrable else ""
                yield f"ALTER TABLE {self.name} ADD {self._foreign(link)}{later}"
                columns = ", ".join(link.columns)
                yield f"CREATE INDEX {self.name}_fk{number} ON {self.name} ({columns})"

    def _foreign(self, link: Link) -> str:
        to = ", ".join(link.to_columns)
        return f"FOREIGN KEY ({', '.join(link.columns)}) REFERENCES {link.to} ({to})"

    def to_map(self) -> dict[str, Any]:
        """Return the collection as the data map writes it."""
        out: dict[str, Any] = {"name": self.name, "retention": "none"}
        if self.identifies:
            out["identifies"] = self.identifies
        if self.links:
            out["links"] = [link.to_map() for link in self.links]
        if self.erasure != "delete":
            out["erasure"] = self.erasure
        if self.key and (len(self.key) > 1 or self.key != ("id",)):
            out["key"] = list(self.key)
        out["fields"] = [{"name": n, "category": "content", "disclose": True} for n in self.shown]
        return out


@dataclass
class World:
    """Tables, rows, and the person who asks."""

    tables: list[Table]
    person: dict[str, str]

    def table(self, name: str) -> Table:
        """Return one table."""
        return next(t for t in self.tables if t.name == name)

    def datamap(self) -> str:
        """Return the data map, as text."""
        return yaml.safe_dump(
            {
                "version": 1,
                "identifiers": IDENTIFIERS,
                "purposes": [
                    {
                        "name": "service",
                        "title": {"zh": "服务", "en": "Service"},
                        "basis": "contract",
                    }
                ],
                "stores": [
                    {
                        "name": "shop",
                        "connector": "sql",
                        "settings": {"url": "${secret:LAB_URL}"},
                        "role": "controller",
                        "classification": "general",
                        "defaults": {"purposes": ["service"], "source": "provided"},
                        "collections": [t.to_map() for t in self.tables],
                    }
                ],
            },
            sort_keys=False,
            allow_unicode=True,
        )
